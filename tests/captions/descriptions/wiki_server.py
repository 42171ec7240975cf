"""A small wiki on loopback that answers as MediaWiki's API does, and misbehaves when told to."""

import gzip
import json
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

Fault = tuple[int, dict[str, str], bytes]


@dataclass
class Wiki:
    """Articles by title as (revision, wikitext), redirects, which pages are lists of meanings, faults to come.

    `faults` are answers given in turn before anything else; `parts` pages have their text in one answer at most.
    """

    articles: dict[str, tuple[int, str]] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    lists: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    parts: int = 50
    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    busy: int = 0
    busiest: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def texts_sent(self) -> int:
        """How many questions were for texts."""
        return sum("content" in question.get("rvprop", "") for question in self.asked)

    def answer(self, question: dict[str, str]) -> dict[str, Any]:
        """What `action=query` says, formatversion 2."""
        if question.get("meta") == "siteinfo":
            return {
                "batchcomplete": True,
                "query": {
                    "general": {
                        "sitename": "Wikipedia",
                        "lang": "en",
                        "server": "//wiki.example",
                        "script": "/w/index.php",
                    },
                    "rightsinfo": {"url": "https://example.org/by-sa", "text": "CC BY-SA 4.0"},
                },
            }
        titles = question["titles"].split("|")
        if len(titles) > 50:
            return {"error": {"code": "toomanyvalues", "info": "Too many values supplied"}}
        links, ends = self._resolved(titles)
        offset = int(question.get("rvcontinue", "0"))
        pages = [self._page(title, question, offset <= place < offset + self.parts) for place, title in enumerate(ends)]
        answer: dict[str, Any] = {"query": {**links, "pages": pages}}
        if "content" in question["rvprop"] and offset + self.parts < len(ends):
            answer["continue"] = {"rvcontinue": str(offset + self.parts), "continue": "||pageprops"}
        else:
            answer["batchcomplete"] = True
        return answer

    def _resolved(self, titles: list[str]) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
        normalised = {title: normal(title) for title in titles}
        changed = [said(title, plain) for title, plain in normalised.items() if title != plain]
        redirects: dict[str, str] = {}
        ends: list[str] = []
        for title in normalised.values():
            while title in self.redirects and title not in redirects:
                redirects[title] = self.redirects[title]
                title = self.redirects[title]
            if title not in self.redirects:
                ends.append(title)
        followed: list[dict[str, Any]] = [{"from": source, "to": target} for source, target in redirects.items()]
        return {"normalized": changed, "redirects": followed}, list(dict.fromkeys(ends))

    def _page(self, title: str, question: dict[str, str], is_told: bool) -> dict[str, Any]:
        if title not in self.articles:
            return {"ns": 0, "title": title, "missing": True}
        revision, text = self.articles[title]
        page: dict[str, Any] = {"pageid": revision, "ns": 0, "title": title}
        if title in self.lists:
            page["pageprops"] = {"disambiguation": ""}
        if is_told or "content" not in question["rvprop"]:
            told: dict[str, Any] = {"revid": revision, "parentid": 0}
            if "content" in question["rvprop"]:
                main = {"contentmodel": "wikitext", "contentformat": "text/x-wiki", "content": text}
                told |= {"timestamp": "2026-11-30T00:00:00Z", "slots": {"main": main}}
            page["revisions"] = [told]
        return page


def normal(title: str) -> str:
    """As MediaWiki spells it."""
    composed = unicodedata.normalize("NFC", title.replace("_", " "))
    return composed[0].upper() + composed[1:]


def said(title: str, plain: str) -> dict[str, Any]:
    """How a title that was spelt otherwise is told; what is not NFC is told in percent signs."""
    is_composed = unicodedata.is_normalized("NFC", title)
    return {"fromencoded": not is_composed, "from": title if is_composed else quote(title), "to": plain}


@contextmanager
def serving(wiki: Wiki) -> Iterator[Wiki]:
    """The wiki at its `url`, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 20  # head and body in one piece: else each waits for the other side

        def do_GET(self) -> None:
            with wiki.lock:
                wiki.busy += 1
                wiki.busiest = max(wiki.busiest, wiki.busy)
            question = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            wiki.asked.append(question)
            wiki.agents.add(self.headers.get("User-Agent", ""))
            status, headers, body = wiki.faults.pop(0) if wiki.faults else self._fine(question)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with wiki.lock:
                wiki.busy -= 1
            self.wfile.write(body)

        def _fine(self, question: dict[str, str]) -> Fault:
            body = json.dumps(wiki.answer(question)).encode()
            if "gzip" in self.headers.get("Accept-Encoding", ""):
                return 200, {"Content-Encoding": "gzip", "Content-Type": "application/json"}, gzip.compress(body)
            return 200, {"Content-Type": "application/json"}, body

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    wiki.url = f"http://127.0.0.1:{server.server_address[1]}/w/api.php"
    try:
        yield wiki
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
