"""Files of a data set on the hub: from its cache where they are there, which asks no network."""

from pathlib import Path

from huggingface_hub import constants, hf_hub_download
from huggingface_hub.errors import EntryNotFoundError

from thuja.compat.pybioclip.errors import MissingFile
from thuja.compat.pybioclip.names import HF_DATAFILE_REPO_TYPE
from thuja.model.published import HUB_ERRORS, first_line, is_hub_reachable


def cached_datafile(repository: str, name: str) -> Path:
    """Where a file of a data set is, downloaded when it has to be; raises MissingFile with what to do."""
    try:
        return Path(hf_hub_download(repository, name, repo_type=HF_DATAFILE_REPO_TYPE, local_files_only=True))
    except EntryNotFoundError:
        pass  # not in the cache
    hint = f"it is at {constants.ENDPOINT}/datasets/{repository}/blob/main/{name}"
    if not is_hub_reachable():
        raise MissingFile(f"{name} of {repository} is not cached, and the hub cannot be reached", hint=hint)
    try:
        return Path(hf_hub_download(repository, name, repo_type=HF_DATAFILE_REPO_TYPE))
    except HUB_ERRORS as error:
        raise MissingFile(f"cannot fetch {name} of {repository}: {first_line(error)}", hint=hint) from error
