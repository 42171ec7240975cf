"""Who may ask: by which name the server is called, from which page, with which key.

A page elsewhere can make a browser send requests to a server on its own machine, and by rebinding a name read the
answers. So a request has to call the server by a name of its own, and what costs something must not come from another
origin.
"""

from ipaddress import ip_address
from socket import gethostname
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from thuja.web.keys import Keys
from thuja.web.problems import Forbidden, Refusal, Unauthorized, error_response
from thuja.web.settings import LOOPBACK, ServeSettings

COOKIE: Final = "thuja_session"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OPEN: Final = frozenset({"/healthz", "/readyz", "/api/session"})
"""What needs no key; the page's own files, which hold no data, neither."""
_PREFLIGHT: Final = {
    "Access-Control-Allow-Headers": "authorization, content-type, x-api-key",
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Max-Age": "600",
}


class Access:
    """Refuses strangers before anything of their request is read."""

    def __init__(self, app: ASGIApp, *, settings: ServeSettings, keys: Keys) -> None:
        self._app, self._settings, self._keys = app, settings, keys
        self._hosts = {name.lower() for name in (*LOOPBACK, settings.host, *settings.hosts)}
        if not settings.is_loopback:
            self._hosts.add(gethostname().lower())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        is_friend = origin is not None and origin in self._settings.cors
        refusal = self._refusal(scope, headers, is_friend=is_friend)
        answer: ASGIApp = self._app if refusal is None else error_response(refusal)
        if is_friend and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            answer = Response(status_code=204, headers=_PREFLIGHT)

        async def for_friends(message: Message) -> None:
            if message["type"] == "http.response.start" and self._settings.cors:
                out = MutableHeaders(scope=message)
                out.add_vary_header("Origin")
                if is_friend and origin is not None:
                    out["Access-Control-Allow-Origin"] = origin
                    out["Access-Control-Expose-Headers"] = "Retry-After, X-Request-Id"
            await send(message)

        await answer(scope, receive, for_friends)

    def _refusal(self, scope: Scope, headers: Headers, *, is_friend: bool) -> Refusal | None:
        host = headers.get("host", "")
        if not self._is_own(host):
            return Forbidden("this server is not called by that name", hint="start it with --allow-host NAME")
        origin = headers.get("origin")
        if scope["method"] not in _SAFE and not is_friend:
            is_foreign = origin is not None and _netloc_of(origin) != host.lower()
            if is_foreign or (origin is None and headers.get("sec-fetch-site") in ("cross-site", "same-site")):
                return Forbidden("pages of another origin may not ask here", hint="start the server with --cors ORIGIN")
        path = scope["path"]
        is_guarded = path.startswith("/api/") or path == "/metrics"
        if not self._keys or not is_guarded or path in _OPEN or scope["method"] == "OPTIONS":
            return None
        given = _given(headers)
        if self._keys.holds(given) or self._keys.is_session(_cookie(headers)):
            return None
        what = "the API key is not one of this server's" if given else "this server wants an API key"
        return Unauthorized(what, hint="send it as the header Authorization: Bearer KEY, or X-API-Key: KEY")

    def _is_own(self, host: str) -> bool:
        """Whether a Host header names this server: by a name it has, or by an address, which cannot be rebound."""
        name = _name_of(f"//{host}")
        if name is None:
            return False
        if name in self._hosts:
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return True


def _netloc_of(origin: str) -> str | None:
    """The host and port of an origin; None for `null` and other things without one."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _name_of(address: str) -> str | None:
    """The host of an address, without its port; None where there is none."""
    try:
        parts = urlsplit(address)
        return parts.hostname if parts.netloc == address[2:] and "@" not in address and parts.port != 0 else None
    except ValueError:
        return None


def _given(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")


def _cookie(headers: Headers) -> str:
    # Python's SimpleCookie drops all cookies where one that another server of the host has set is not to its liking.
    return cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
