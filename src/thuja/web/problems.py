"""Whatever goes wrong, as problem+json (RFC 9457): one clear sentence, and a hint where the user can mend it.

Refusal                what the server says no to
|- NotFound            there is no such thing
|- TooLarge            more bytes, pictures or characters than the limits allow
|- TooSlow             a body that does not arrive
|- Unauthorized        no key, or a wrong one
|- Forbidden           a page or a host that may not ask
|- WrongType           a body of another kind
|- Invalid             a body of the right kind that says what cannot be meant
|- Missing             what this server was started without
|- NotKept             what a disk refuses to hold
`- Busy                too much is waiting already: come again in a moment
"""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, TypeVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from thuja.errors import BadFile, ThujaError

LOG: Final = logging.getLogger(__name__)
MEDIA_TYPE: Final = "application/problem+json"
M = TypeVar("M", bound=BaseModel)
_SHOWN: Final = 300
"""Characters of what was given that an error repeats."""
_SAID: Final = {404: "there is nothing at this address", 405: "this address does not take that method"}
"""What is said in place of the framework's words."""


class Refusal(ThujaError):
    """What the server says no to, with the status of the response."""

    status: int = 400


class NotFound(Refusal):
    """There is no such thing."""

    status = 404


class TooLarge(Refusal):
    """More than the limits allow."""

    status = 413


class TooSlow(Refusal):
    """What did not arrive in time."""

    status = 408


class Unauthorized(Refusal):
    """No key, or a wrong one."""

    status = 401


class Forbidden(Refusal):
    """Whoever asks may not."""

    status = 403


class WrongType(Refusal):
    """A body of another kind than the endpoint reads."""

    status = 415


class Invalid(Refusal):
    """A body that says what cannot be meant."""

    status = 422


class Missing(Refusal):
    """What this server was started without."""

    status = 409


class NotKept(Refusal):
    """What a disk refuses to hold."""

    status = 507


class Busy(Refusal):
    """Too much is waiting already."""

    status = 503
    retry_after: int = 1


class Problem(BaseModel):
    """What an error response holds."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    hint: str = ""


def problem(status: int, detail: str, *, hint: str = "") -> Problem:
    """A problem under the status's own title."""
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=_short(detail), hint=_short(hint))


def problem_of(error: ThujaError) -> Problem:
    """A thuja error as a problem; what is no refusal of the server's own is the caller's to mend."""
    status = error.status if isinstance(error, Refusal) else 400
    return problem(status, error.message, hint=error.hint)


def problem_response(found: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """The response that carries it."""
    return JSONResponse(found.model_dump(), found.status, headers=headers, media_type=MEDIA_TYPE)


def error_response(error: ThujaError) -> JSONResponse:
    """A thuja error as a response, with the headers that go with its status."""
    headers: dict[str, str] = {}
    if isinstance(error, Busy):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    return problem_response(problem_of(error), headers)


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of an application a problem."""
    app.add_exception_handler(ThujaError, _on_thuja_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_fault)


async def _on_thuja_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ThujaError)
    if isinstance(error, BadFile):  # a file of the server's own: its name and what is in it are for the log
        LOG.error("a file cannot be read: %s", error.message)
        return problem_response(problem(500, "a file of this server is damaged", hint="its log says which"))
    return error_response(error)


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return problem_response(problem(422, _first_of(error.errors())))


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    detail = _SAID.get(error.status_code, str(error.detail))
    return problem_response(problem(error.status_code, detail), dict(error.headers or {}))


async def _on_fault(request: Request, error: Exception) -> JSONResponse:
    """What we broke: the traceback is for the log, never for the caller."""
    return problem_response(problem(500, "something went wrong on the server", hint="its log says more"))


def read_json(kind: type[M], text: str) -> M:
    """A shape from JSON, as strictly as endpoints read their bodies; raises Invalid."""
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise Invalid(_first_of(error.errors(include_url=False, include_input=False))) from None


def _first_of(errors: Sequence[Mapping[str, Any]]) -> str:
    """The first of pydantic's errors as a sentence, without what was given."""
    where = ".".join(str(part) for part in errors[0]["loc"] if part != "body")
    what = str(errors[0]["msg"])
    return f"{where}: {what}" if where else what


def _short(text: str) -> str:
    """One line of bounded length, whatever a caller put into it."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."
