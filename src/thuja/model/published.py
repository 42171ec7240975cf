"""Where a model is: a folder, the demo's model, or a published one in the Hugging Face cache or on the hub."""

import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from huggingface_hub import constants, hf_hub_download

from thuja.errors import ThujaError, UnknownName, UsageError
from thuja.model.files import CONFIG, PUBLISHED_WEIGHTS

REPOSITORIES: Mapping[str, str] = {
    "bioclip": "imageomics/bioclip",
    "bioclip-2": "imageomics/bioclip-2",
    "bioclip-2.5": "imageomics/bioclip-2.5-vith14",
    "biocap": "imageomics/biocap",
}
"""The family's published models, by the names that thuja knows them by."""

DEFAULT = "bioclip-2"
DEMO = Path("demo/run/model")
"""Where `make demo` leaves its model, below the folder it runs in."""
HUB = "hf-hub:"
_TOKENIZERS = (("tokenizer.json",), ("vocab.json", "merges.txt"))


def find_model(name: str | Path | None) -> Path:
    """The folder of a model, downloaded when it has to be.

    `name` is a folder, one of REPOSITORIES, `hf-hub:org/name`, or None: then the demo's model
    below the current folder, or else BioCLIP 2. Raises UsageError with what to do.
    """
    if name is None:
        return _find_default()
    if isinstance(name, Path) or Path(name).is_dir() or Path(name).is_file():
        return Path(name)
    repository = REPOSITORIES.get(name) or (name.removeprefix(HUB) if name.startswith(HUB) else "")
    if repository:
        return _fetch(repository)
    if os.sep in name:
        raise UsageError(f"no model folder at {name}", hint="give the folder that thuja train wrote as model/")
    raise UnknownName.of("model", name, [*REPOSITORIES, f"{HUB}ORG/NAME", "a model's folder"])


def _find_default() -> Path:
    if (DEMO / CONFIG).is_file():
        return DEMO
    try:
        return _fetch(REPOSITORIES[DEFAULT])
    except ThujaError as error:
        raise UsageError(
            f"no model is given, none is cached, and {DEFAULT} cannot be fetched",
            hint=f"`make demo` trains one; or name a local one: --model FOLDER; or {error.hint}",
        ) from error


def _fetch(repository: str) -> Path:
    """A published model's snapshot folder: the cache's if it is whole there, else from the hub."""
    try:
        return _collect(repository, is_local=True)
    except ValueError as error:  # huggingface_hub's word for a name that no repository can have
        raise UsageError(f'not the name of a hub repository: "{repository}"', hint=f"{HUB}ORG/NAME") from error
    except OSError:
        pass  # not in the cache, or not all of it
    hint = (
        f"fetch {CONFIG}, {_TOKENIZERS[0][0]} and {' or '.join(PUBLISHED_WEIGHTS)} from "
        f"{constants.ENDPOINT}/{repository} into a folder, and name it: --model FOLDER"
    )
    if not _is_hub_reachable():
        raise UsageError(f"the model {repository} is not cached, and the hub cannot be reached", hint=hint)
    try:
        return _collect(repository, is_local=False)
    except OSError as error:  # huggingface_hub's errors are OSErrors
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"cannot fetch the model {repository}: {first}", hint=hint) from error


def _collect(repository: str, *, is_local: bool) -> Path:
    """The snapshot folder once config, tokenizer and one weights file are in it; raises OSError."""
    config = _get(repository, (CONFIG,), is_local=is_local)
    _first(repository, _TOKENIZERS, is_local=is_local)
    _first(repository, [(name,) for name in PUBLISHED_WEIGHTS], is_local=is_local)
    return config.parent


def _first(repository: str, choices: Sequence[tuple[str, ...]], *, is_local: bool) -> Path:
    for names in choices[:-1]:
        try:
            return _get(repository, names, is_local=is_local)
        except OSError:
            continue
    return _get(repository, choices[-1], is_local=is_local)


def _get(repository: str, names: tuple[str, ...], *, is_local: bool) -> Path:
    return [Path(hf_hub_download(repository, name, local_files_only=is_local)) for name in names][-1]


def _is_hub_reachable() -> bool:
    """One attempt of a few seconds; the hub's own client tries for half a minute before it gives up."""
    if constants.HF_HUB_OFFLINE:
        return False
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return True  # behind a proxy the hub's own name need not resolve
    address = urlsplit(constants.ENDPOINT)
    try:
        port = address.port or (80 if address.scheme == "http" else 443)
        with socket.create_connection((address.hostname or "", port), timeout=3):
            return True
    except OSError:
        return False
