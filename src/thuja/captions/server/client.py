"""One server through the `openai` package: a request in, the body of an answer or a Failure out.

The package's own tries are off: which failures pass, and how long all threads then wait, is decided in one place.
"""

import ssl
from dataclasses import dataclass
from typing import Final

import httpx2
import openai

from thuja import __version__
from thuja.captions.captioner import CaptionerStopped
from thuja.captions.server.addresses import is_openai
from thuja.captions.server.bounded_http import BoundedHTTP
from thuja.captions.server.failures import Failure, Kind, failure_of
from thuja.captions.server.settings import Patience

_NO_TLS: Final = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The body of an answer with a status of success."""

    body: bytes


class Client:
    """One server, from any number of threads; connections are kept."""

    def __init__(self, address: str, key: str, patience: Patience, *, concurrency: int) -> None:
        self.address = address
        http = BoundedHTTP(address, key, patience, connections=concurrency)
        self._openai = openai.OpenAI(
            base_url=address,
            api_key=key or "none",  # the package insists on one
            admin_api_key="",
            organization=None if is_openai(address) else "",
            project=None if is_openai(address) else "",
            max_retries=0,
            default_headers={"User-Agent": f"thuja/{__version__}", "Accept-Encoding": "identity"},
            http_client=http,
        )
        self._http = http
        self._is_closed = False

    def ask(self, body: bytes) -> Reply | Failure:
        """Ask for a chat completion; `body` is JSON. Raises CaptionerStopped where this is closed meanwhile."""
        return self._exchange("/chat/completions", body)

    def models(self) -> Reply | Failure:
        """Ask which models there are."""
        return self._exchange("/models", None)

    def close(self) -> None:
        """Let go of the connections; whoever waits for an answer gets CaptionerStopped."""
        self._is_closed = True
        self._http.break_off()
        self._openai.close()

    def __repr__(self) -> str:
        return f"Client({self.address!r})"

    def _exchange(self, path: str, body: bytes | None) -> Reply | Failure:
        # Failures leave as values: an exception of the package would carry the request, with the key, into tracebacks.
        failure: Failure | None = None
        try:
            if body is None:
                response = self._openai.get(path, cast_to=httpx2.Response)
            else:
                response = self._openai.post(path, content=body, cast_to=httpx2.Response)
        except openai.APIStatusError as error:
            return failure_of(error.status_code, error.response.content, error.response.headers)
        except openai.APIConnectionError as error:
            failure = _unreached(self.address, error.__cause__)
        except RuntimeError:  # httpx2's, for a client that was closed while others wait
            if not self._is_closed:
                raise
        else:
            return Reply(body=response.content)
        if failure is None or self._is_closed:
            stop = CaptionerStopped("the captioner is closed")
            stop.was_sent = True
            raise stop
        return failure


def _unreached(address: str, cause: BaseException | None) -> Failure:
    """What a connection that did not come about, or broke, means."""
    if isinstance(cause, httpx2.ConnectTimeout | httpx2.ConnectError | httpx2.PoolTimeout):
        inner: BaseException | None = cause
        while inner is not None:
            if isinstance(inner, ssl.SSLCertVerificationError):
                return Failure(
                    kind=Kind.SERVER,
                    message=f"the certificate of {address} is not trusted: {inner.verify_message}",
                    hint="SSL_CERT_FILE names a file of certificates to trust",
                )
            if isinstance(inner, ssl.SSLError) and inner.reason in _NO_TLS:
                return Failure(
                    kind=Kind.SERVER, message=f"{address} does not speak TLS", hint="http:// in the stead of https://?"
                )
            inner = inner.__cause__ or inner.__context__
        return Failure(
            kind=Kind.AWAY,
            message=f"no server at {address}: {str(cause)[:120] or type(cause).__name__}",
            hint="start it, or give its right address",
        )
    if isinstance(cause, httpx2.TimeoutException):
        return Failure(
            kind=Kind.PASSING,
            reason="timeout",
            message=f"{address} did not answer in time",
            hint="a longer --timeout, or a server with less to do",
            is_paid=True,
        )
    if isinstance(cause, httpx2.UnsupportedProtocol | httpx2.InvalidURL | httpx2.ProxyError):
        return Failure(kind=Kind.SERVER, message=f"{address} can not be reached: {str(cause)[:120]}")
    what = type(cause).__name__ if cause is not None else "a broken connection"
    return Failure(kind=Kind.PASSING, message=f"the answer of {address} broke off ({what})", is_paid=True)
