"""Where a model is: a folder, the demo's model, or a published one in the Hugging Face cache or on the hub."""

import os
import socket
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from huggingface_hub import constants, hf_hub_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)

from thuja.errors import ThujaError, UsageError
from thuja.model import hugging_face
from thuja.model.description import read_json
from thuja.model.files import CONFIG, FACTS, HEADS, PUBLISHED_WEIGHTS, TOKENIZER, TOKENIZER_CONFIG
from thuja.model.known import HUB, Published, find_known, require_known

HUB_ERRORS: tuple[type[Exception], ...] = (HfHubHTTPError.__mro__[1], OSError)
"""What huggingface_hub lets through: its own errors, and those of the HTTP library below it, which
is another one from version to version and whose root its own error derives from."""
DEFAULT = "bioclip-2"
DEMO = Path("demo/run/model")
"""Where `make demo` leaves its model, below the folder it runs in."""
Choices = Sequence[tuple[str, ...]]
"""Sets of files of which one does, best first."""
_TOKENIZERS: Choices = ((TOKENIZER,), ("vocab.json", "merges.txt"))


def find_model(name: str | Path | None) -> Path:
    """The folder of a model (or its lone weights file), downloaded when it has to be.

    `name` is such a path, the folder of the run that trained the model, one of KNOWN,
    `hf-hub:org/name`, or None: then the demo's model below the current folder, or else BioCLIP 2.
    Raises UsageError with what to do.
    """
    if name is None:
        return _find_default()
    if isinstance(name, Path) or Path(name).exists():
        return _model_of_run(Path(name))
    known = find_known(name)
    if known is None and not name.startswith(HUB) and (os.sep in name or Path(name).suffix in (".pt", ".bin")):
        raise UsageError(f"no model folder at {name}", hint="give the folder that thuja train wrote as model/")
    return _fetch(name.removeprefix(HUB) if name.startswith(HUB) else require_known(name).repository)


def _model_of_run(path: Path) -> Path:
    """The model in the folder that `thuja train` wrote, or the path itself."""
    return path / "model" if (path / "model").is_dir() and (path / "recipe.json").is_file() else path


def find_cached(known: Published) -> Path | None:
    """The folder of a published model if all of it is in the Hugging Face cache; asks no network."""
    try:
        return _collect(known.repository, is_local=True)
    except EntryNotFoundError:
        return None


def first_line(error: Exception) -> str:
    """What another library's error says, in one line."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _find_default() -> Path:
    if (DEMO / CONFIG).is_file():
        return DEMO
    try:
        return _fetch(require_known(DEFAULT).repository)
    except ThujaError as error:
        raise UsageError(
            f"no model is given, none is cached, and {DEFAULT} cannot be fetched",
            hint=f"`make demo` trains one; or name a local one: --model FOLDER; or {error.hint}",
        ) from error


def _fetch(repository: str) -> Path:
    """A published model's snapshot folder: the cache's if it is whole there, else from the hub."""
    try:
        return _collect(repository, is_local=True)
    except HFValidationError as error:
        raise UsageError(f'not the name of a hub repository: "{repository}"', hint=f"{HUB}ORG/NAME") from error
    except EntryNotFoundError:
        pass  # not in the cache, or not all of it
    hint = (
        f"fetch {CONFIG}, {TOKENIZER} and {' or '.join(PUBLISHED_WEIGHTS)} from "
        f"{constants.ENDPOINT}/{repository} into a folder, and name it: --model FOLDER"
    )
    if not is_hub_reachable():
        raise UsageError(f"the model {repository} is not cached, and the hub cannot be reached", hint=hint)
    try:
        return _collect(repository, is_local=False)
    except GatedRepoError as error:
        raise UsageError(
            f"the repository {repository} wants to know who you are",
            hint=f"ask for access at {constants.ENDPOINT}/{repository}, then: hf auth login",
        ) from error
    except RepositoryNotFoundError as error:
        raise UsageError(
            f"the hub has no model repository {repository}, or it is private",
            hint="thuja models lists those known by name; a private one needs: hf auth login",
        ) from error
    except LocalEntryNotFoundError as error:  # what the client makes of a connection that breaks
        raise UsageError(f"cannot fetch the model {repository}: the connection to the hub broke", hint=hint) from error
    except EntryNotFoundError as error:
        what = f"one of {CONFIG} and {hugging_face.CONFIG}, a tokenizer, and weights"
        raise UsageError(
            f"the repository {repository} is no model that thuja loads: it does not have {what}",
            hint=f"{constants.ENDPOINT}/{repository}/tree/main lists what it has",
        ) from error
    except HUB_ERRORS as error:
        raise UsageError(f"cannot fetch the model {repository}: {first_line(error)}", hint=hint) from error


def _collect(repository: str, *, is_local: bool) -> Path:
    """The snapshot folder once config, tokenizer (of a model that reads texts) and one weights file are in it.

    Raises EntryNotFoundError where one is missing, here or on the hub, and the hub's other errors.
    """
    hub = _Repository(repository, is_local=is_local)
    config = hub.first([(CONFIG,), (hugging_face.CONFIG,)])
    is_open_clip = config.name == CONFIG
    kind = "" if is_open_clip else hugging_face.model_type_of(config.parent)
    if kind not in hugging_face.IMAGE_ONLY:
        hub.first(_TOKENIZERS)
    if is_open_clip:
        facts = hub.optional(FACTS)
        if facts is not None and read_json(facts).get("heads"):
            hub.first([(HEADS,)])
    else:
        hub.optional(hugging_face.PREPROCESSOR)
        if kind == hugging_face.SIGLIP:
            hub.optional(TOKENIZER_CONFIG)
    hub.first([(name,) for name in (PUBLISHED_WEIGHTS if is_open_clip else hugging_face.WEIGHTS)])
    return config.parent


class _Repository:
    """One repository's files, from the cache alone or from the hub."""

    def __init__(self, name: str, *, is_local: bool) -> None:
        self.name, self.is_local = name, is_local

    def first(self, choices: Choices) -> Path:
        """The last file of the first choice that is there."""
        for names in choices[:-1]:
            try:
                return self._get(names)
            except LocalEntryNotFoundError:
                if not self.is_local:
                    raise
            except EntryNotFoundError:
                continue
        return self._get(choices[-1])

    def optional(self, name: str) -> Path | None:
        """A file that a repository may do without."""
        try:
            return self._get((name,))
        except LocalEntryNotFoundError:
            if not self.is_local:
                raise
        except EntryNotFoundError:
            pass
        return None

    def _get(self, names: tuple[str, ...]) -> Path:
        return [Path(hf_hub_download(self.name, name, local_files_only=self.is_local)) for name in names][-1]


def is_hub_reachable() -> bool:
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
