"""A model's folder to the Hugging Face hub."""

import re
from pathlib import Path

from huggingface_hub import HfApi, constants, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from thuja.errors import ThujaError, UsageError
from thuja.model.card import write_card
from thuja.model.description import describe
from thuja.model.files import CARD, CONFIG, FACTS, HEADS, TOKENIZER, TOKENIZER_CONFIG
from thuja.model.published import HUB_ERRORS, first_line, is_hub_reachable

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_BROKEN: tuple[type[Exception], ...] = (*HUB_ERRORS, RuntimeError)
"""RuntimeError is huggingface_hub's word for a large file that could not be sent."""
_REFUSALS = {401: "does not know the token", 403: "does not let this token write there", 404: "has no such place"}


def model_files(folder: Path) -> list[str]:
    """The names of the files that make the model; whatever else lies in its folder is not part of it.

    Raises UsageError for what is no folder in open_clip's layout.
    """
    folder = Path(folder)
    weights = describe(folder).weights
    if not (folder / CONFIG).is_file():
        raise UsageError(f"{folder} has no {CONFIG}", hint="load it and save it, and push what was saved")
    names = (CARD, CONFIG, weights.name, HEADS, FACTS, TOKENIZER, TOKENIZER_CONFIG, "vocab.json", "merges.txt")
    return [name for name in names if (folder / name).is_file()]


def push_model(folder: Path, repository: str, *, is_private: bool = False) -> str:
    """Upload a model folder to `org/name`, made if it is not there; returns its address.

    A folder without a card gets one first. Raises UsageError for what is no model folder, a name
    that no repository can have, or no token; ThujaError when the hub refuses or cannot be reached.
    """
    folder = Path(folder)
    model_files(folder)
    if not _REPOSITORY.fullmatch(repository):
        raise UsageError(f'not the name of a hub repository: "{repository}"', hint="ORG/NAME")
    token = get_token()
    if not token:
        raise UsageError("there is no token for the hub", hint="hf auth login, or set HF_TOKEN")
    if not is_hub_reachable():
        raise ThujaError(f"the hub at {constants.ENDPOINT} cannot be reached", hint="nothing was uploaded")
    if not (folder / CARD).is_file():
        write_card(folder)
    api = HfApi(endpoint=constants.ENDPOINT, token=token)
    try:
        api.create_repo(repository, private=is_private, exist_ok=True)
        api.upload_folder(
            repo_id=repository,
            folder_path=folder,
            allow_patterns=model_files(folder),
            commit_message=f"Upload {describe(folder).id or folder.resolve().name}",
        )
    except HFValidationError as error:
        raise UsageError(f'not the name of a hub repository: "{repository}"', hint="ORG/NAME") from error
    except HfHubHTTPError as error:
        refusal = _REFUSALS.get(error.response.status_code, f"answers: {first_line(error)}")
        raise ThujaError(f"cannot push to {repository}: the hub {refusal}", hint="hf auth whoami") from error
    except _BROKEN as error:
        raise ThujaError(f"cannot push to {repository}: {first_line(error)}", hint="push again to go on") from error
    return f"{constants.ENDPOINT}/{repository}"
