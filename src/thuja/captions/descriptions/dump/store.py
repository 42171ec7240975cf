"""The pages that a dump was read for, in one SQLite file: asked for by title, or by the name in their box."""

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from thuja.captions.descriptions.dump.reading import Skipped
from thuja.captions.descriptions.pages import Page
from thuja.errors import BadFile

_TABLES: Final = """
create table if not exists pages (title text primary key, revision text, timestamp text, redirect text,
                                  namespace integer, text blob);
create table if not exists bearers (name text, title text, primary key (name, title)) without rowid;
create table if not exists needs (title text primary key, is_asked integer) without rowid;
create table if not exists places (title text primary key, offset integer) without rowid;
create table if not exists skipped (title text, reason text);
create table if not exists done (step text primary key, pages integer) without rowid;
create table if not exists plan (json text);
"""
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A page that is kept, packed; the names in its box, and the titles that it leads to."""

    page: Page
    packed: bytes
    names: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Haul:
    """What one chunk of the dump gave, and how many pages it holds."""

    kept: tuple[Kept, ...]
    skipped: tuple[Skipped, ...]
    pages: int


class PageStore:
    """One file of pages; what is added in a step is there whole or not at all, whenever the process is killed."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        with self._checked():
            self._base = sqlite3.connect(self.path)
            self._base.executescript(f"pragma journal_mode = truncate; pragma synchronous = off; {_TABLES}")

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def plan(self) -> Any:
        """What `set_plan` was given; None for a fresh file."""
        row = self._base.execute("select json from plan").fetchone()
        return json.loads(row[0]) if row else None

    def set_plan(self, plan: Any) -> None:
        """Say what the pages were read for."""
        with self._checked(), self._base:
            self._base.execute("insert into plan values (?)", [json.dumps(plan)])

    def is_done(self, step: str) -> bool:
        """Whether a step was finished."""
        return self._base.execute("select 1 from done where step = ?", [step]).fetchone() is not None

    def add(self, step: str, haul: Haul) -> None:
        """Keep what a step gave, and that it is done."""
        pages = (
            (one.page.title, one.page.revision, one.page.timestamp, one.page.redirect, one.page.namespace, one.packed)
            for one in haul.kept
        )
        with self._checked(), self._base:
            self._base.executemany("insert or replace into pages values (?, ?, ?, ?, ?, ?)", pages)
            self._base.executemany(
                "insert or ignore into bearers values (?, ?)",
                ((name, one.page.title) for one in haul.kept for name in one.names),
            )
            self._base.executemany(
                "insert or ignore into needs values (?, 0)", ((title,) for one in haul.kept for title in one.needs)
            )
            self._base.executemany(
                "insert into skipped values (?, ?)", ((one.title, one.reason) for one in haul.skipped)
            )
            self._base.execute("insert into done values (?, ?)", [step, haul.pages])

    def end_step(self, step: str) -> None:
        """Say that a step is done that gives no pages."""
        with self._checked(), self._base:
            self._base.execute("insert or replace into done values (?, 0)", [step])

    def add_places(self, places: Iterable[tuple[int, str]]) -> None:
        """Keep in which streams titles stand."""
        with self._checked(), self._base:
            self._base.executemany("insert or replace into places values (?, ?)", ((title, at) for at, title in places))

    def place_of(self, title: str) -> int | None:
        """In which stream a title stands, where that is kept."""
        row = self._base.execute("select offset from places where title = ?", [title]).fetchone()
        return row[0] if row else None

    def missing(self) -> list[str]:
        """The titles that kept pages lead to, that are not here, and that were never asked for."""
        rows = self._base.execute(
            "select title from needs where not is_asked and title not in (select title from pages) order by title"
        )
        return [title for (title,) in rows]

    def set_asked(self, titles: Iterable[str]) -> None:
        """Say that these titles have been asked for."""
        with self._checked(), self._base:
            self._base.executemany("update needs set is_asked = 1 where title = ?", ((title,) for title in titles))

    def skipped(self) -> list[Skipped]:
        """The pages that could not be read, each once."""
        rows = self._base.execute("select distinct title, reason from skipped order by title limit 1000")
        return [Skipped(title=title, reason=reason) for title, reason in rows]

    def counts(self) -> tuple[int, int]:
        """How many pages were met in all steps, and how many are kept."""
        met = self._base.execute("select coalesce(sum(pages), 0) from done").fetchone()[0]
        return met, self._base.execute("select count(*) from pages").fetchone()[0]

    def lookup(self, titles: Sequence[str]) -> Iterator[Page]:
        """The pages of these titles; where there is none, a redirect to the page whose box bears the name."""
        for start in range(0, len(titles), _AT_ONCE):
            some = list(titles[start : start + _AT_ONCE])
            with self._checked():
                pages = list(self._pages(some))
                there = {page.title for page in pages}
                pages += self._bearers([title for title in some if title not in there])
            yield from pages

    @contextmanager
    def _checked(self) -> Iterator[None]:
        """Turn what SQLite says of a full disk or a broken file into one sentence."""
        try:
            yield
        except (sqlite3.Error, zlib.error) as error:
            hint = "make room and --resume; where the file is broken, --force begins anew"
            raise BadFile(f"{self.path} cannot be used: {error}", hint=hint) from error

    def _pages(self, titles: Sequence[str]) -> Iterator[Page]:
        marks = ",".join("?" * len(titles))
        query = f"select title, revision, timestamp, redirect, namespace, text from pages where title in ({marks})"  # noqa: S608
        with closing(self._base.execute(query, titles)) as rows:
            for title, revision, timestamp, redirect, namespace, packed in rows:
                text = zlib.decompress(packed).decode("utf-8", "replace")
                yield Page(
                    title=title,
                    text=text,
                    revision=revision,
                    timestamp=timestamp,
                    redirect=redirect,
                    namespace=namespace,
                )

    def _bearers(self, names: Sequence[str]) -> Iterator[Page]:
        marks = ",".join("?" * len(names))
        query = f"select name, min(title) from bearers where name in ({marks}) group by name having count(*) = 1"  # noqa: S608
        for name, title in self._base.execute(query, names).fetchall():
            yield Page(title=name, redirect=title)


def packed(page: Page, *, names: tuple[str, ...], needs: tuple[str, ...]) -> Kept:
    """A page as it is kept."""
    text = zlib.compress(page.text.encode("utf-8", "replace"), 3)
    bare = Page(
        title=page.title,
        revision=page.revision,
        timestamp=page.timestamp,
        redirect=page.redirect,
        namespace=page.namespace,
    )
    return Kept(page=bare, packed=text, names=names, needs=needs)
