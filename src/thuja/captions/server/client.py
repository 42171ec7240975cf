"""One server through the `openai` package: a request in, the body of an answer or a Failure out. Raises nothing else.

The package's own tries are off: which failures pass, and how long all threads then wait, is decided in one place.
"""

import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import httpx2
import openai

from thuja import __version__
from thuja.captions.server.addresses import is_loopback, is_openai
from thuja.captions.server.failures import Failure, Kind, failure_of
from thuja.captions.server.settings import Patience

_LARGEST: Final = 4 * 2**20
"""Bytes of an answer: a caption has some hundred."""
_SHORTEST_SECRET: Final = 8
_DROPPED: Final = ("content-encoding", "content-length", "transfer-encoding")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The body of an answer with a status of success."""

    body: bytes


class Client:
    """One server, from any number of threads; connections are kept."""

    def __init__(self, address: str, key: str, patience: Patience, *, concurrency: int) -> None:
        self.address = address
        self._openai = openai.OpenAI(
            base_url=address,
            api_key=key or "none",  # the package insists on one
            admin_api_key="",
            organization=None if is_openai(address) else "",
            project=None if is_openai(address) else "",
            max_retries=0,
            default_headers={"User-Agent": f"thuja/{__version__}", "Accept-Encoding": "identity"},
            http_client=_Bounded(address, key, patience, connections=concurrency),
        )

    def ask(self, body: bytes) -> Reply | Failure:
        """Ask for a chat completion; `body` is JSON."""
        return self._exchange("POST", "/chat/completions", body)

    def models(self) -> Reply | Failure:
        """Ask which models there are."""
        return self._exchange("GET", "/models", None)

    def close(self) -> None:
        """Let go of the connections."""
        self._openai.close()

    def __repr__(self) -> str:
        return f"Client({self.address!r})"

    def _exchange(self, method: str, path: str, body: bytes | None) -> Reply | Failure:
        # Failures leave as values: an exception of the package would carry the request, with the key, into tracebacks.
        try:
            if body is None:
                response = self._openai.get(path, cast_to=httpx2.Response)
            else:
                response = self._openai.post(path, content=body, cast_to=httpx2.Response)
        except openai.APIStatusError as error:
            return failure_of(error.status_code, error.response.content, error.response.headers)
        except openai.APIConnectionError as error:
            return _unreached(self.address, error.__cause__)
        return Reply(body=response.content)


class _Bounded(httpx2.Client):
    """Reads answers within a size and a time in all, follows no redirect, and blots the key out of what comes back."""

    def __init__(self, address: str, key: str, patience: Patience, *, connections: int) -> None:
        super().__init__(
            timeout=httpx2.Timeout(patience.timeout, connect=patience.connect),
            limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
            trust_env=not is_loopback(address),  # a proxy in the environment is none for this machine
            follow_redirects=False,
        )
        self._seconds = patience.timeout
        self._secret = key.encode() if len(key) >= _SHORTEST_SECRET else b""

    def send(
        self,
        request: httpx2.Request,
        *,
        stream: bool = False,
        auth: httpx2._types.AuthTypes | httpx2._client.UseClientDefault | None = httpx2.USE_CLIENT_DEFAULT,
        follow_redirects: bool | httpx2._client.UseClientDefault = False,
    ) -> httpx2.Response:
        """The whole answer; `stream` is not heeded."""
        until = time.monotonic() + self._seconds
        opened = super().send(request, stream=True, auth=auth, follow_redirects=follow_redirects)
        try:
            body = b"".join(_within(opened, until))
        finally:
            opened.close()
        body = body.replace(self._secret, b"[key]") if self._secret else body
        headers = [(name, value) for name, value in opened.headers.items() if name.lower() not in _DROPPED]
        return httpx2.Response(opened.status_code, headers=headers, content=body, request=request)


def _within(response: httpx2.Response, until: float) -> Iterator[bytes]:
    size = 0
    for part in response.iter_bytes():
        size += len(part)
        if size > _LARGEST:
            raise httpx2.ReadError(f"an answer of more than {_LARGEST:,} bytes", request=response.request)
        if time.monotonic() > until:
            raise httpx2.ReadTimeout("the answer takes too long", request=response.request)
        yield part


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
            inner = inner.__cause__ or inner.__context__
        return Failure(
            kind=Kind.AWAY,
            message=f"no server at {address}: {str(cause)[:120] or type(cause).__name__}",
            hint="start it, or give its address with --server",
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
