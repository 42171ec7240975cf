"""The label files that are published for a model, in the Hugging Face cache or on the hub."""

from pathlib import Path

from huggingface_hub import constants, hf_hub_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)

from thuja.errors import UsageError
from thuja.model.known import LabelFiles, require_known
from thuja.model.published import HUB_ERRORS, first_line, is_hub_reachable


def find_published_labels(name: str) -> tuple[Path, Path]:
    """The matrix of text embeddings and the names that are published for a model of KNOWN, fetched if need be.

    Raises UnknownName for another model; UsageError where none are published for it, or none can be fetched.
    """
    known = require_known(name)
    files = known.labels
    if files is None:
        raise UsageError(
            f"no text embeddings of taxa are published for {known.name}",
            hint=f"make them: thuja labels build backbone --model {known.name} --out labels",
        )
    try:
        return _collect(files, is_local=True)
    except EntryNotFoundError:
        pass  # not in the cache, or not both of them
    where = f"{constants.ENDPOINT}/datasets/{files.repository}"
    hint = f"fetch {files.matrix} and {files.names} from {where} into a folder, and name it: --labels FOLDER"
    if not is_hub_reachable():
        raise UsageError(f"the labels of {known.name} are not cached, and the hub cannot be reached", hint=hint)
    try:
        return _collect(files, is_local=False)
    except GatedRepoError as error:
        raise UsageError(
            f"the data set {files.repository} wants to know who you are",
            hint=f"ask for access at {where}, then: hf auth login",
        ) from error
    except RepositoryNotFoundError as error:
        raise UsageError(f"the hub has no data set {files.repository}, or it is private", hint=hint) from error
    except LocalEntryNotFoundError as error:  # what the client makes of a connection that breaks
        raise UsageError(f"cannot fetch the labels of {known.name}: the connection broke", hint=hint) from error
    except EntryNotFoundError as error:
        raise UsageError(
            f"the data set {files.repository} does not have {files.matrix} and {files.names}",
            hint=f"{where}/tree/main lists what it has; --labels FOLDER takes label files from a folder",
        ) from error
    except HUB_ERRORS as error:
        raise UsageError(f"cannot fetch the labels of {known.name}: {first_line(error)}", hint=hint) from error


def _collect(files: LabelFiles, *, is_local: bool) -> tuple[Path, Path]:
    names, matrix = (
        Path(hf_hub_download(files.repository, name, repo_type="dataset", local_files_only=is_local))
        for name in (files.names, files.matrix)  # the small one first
    )
    return matrix, names
