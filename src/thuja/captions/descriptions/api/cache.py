"""What an API has said, kept on disk: texts by title and revision, and where each title led."""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from thuja.captions.descriptions.pages import Page
from thuja.errors import BadFile, UsageError

_TABLES: Final = """
create table if not exists links (source text primary key, target text not null) without rowid;
create table if not exists current (title text primary key, revision text) without rowid;
create table if not exists texts (
    title text, revision text, timestamp text, namespace integer, text blob, primary key (title, revision)
) without rowid;
"""
_SECONDS: Final = 60.0


class PageCache:
    """One SQLite file; each batch is in it whole or not at all, whenever the job is killed."""

    def __init__(self, path: Path) -> None:
        """Raises UsageError or BadFile."""
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self.path, timeout=_SECONDS, check_same_thread=False)
        except (OSError, sqlite3.OperationalError) as error:
            raise UsageError(
                f"cannot write to {self.path}: {error}", hint="name a place that you may write to"
            ) from error
        try:
            with self._checked():
                self._database.executescript(_TABLES)
        except BadFile:
            self._database.close()
            raise

    def link(self, title: str) -> str | None:
        """Where a title leads; None where it is no redirect that is known of."""
        return self._one("select target from links where source = ?", title)

    def revision(self, title: str) -> str | None:
        """The revision that the title had; "" where the wiki has no such page, None where nobody has asked."""
        return self._one("select revision from current where title = ?", title)

    def page(self, title: str, revision: str) -> Page | None:
        """The page as it was at this revision."""
        with self._checked():
            row = self._database.execute(
                "select timestamp, namespace, text from texts where title = ? and revision = ?", (title, revision)
            ).fetchone()
            if row is None:
                return None
            text = zlib.decompress(row[2]).decode()
        return Page(title=title, text=text, revision=revision, timestamp=row[0], namespace=row[1])

    def put(self, *, links: dict[str, str], pages: list[Page], missing: set[str]) -> None:
        """Keep what one batch said."""
        with self._checked(), self._database as database:
            database.executemany("insert or replace into links values (?, ?)", links.items())
            ends = [(page.title, page.revision) for page in pages] + [(title, "") for title in missing]
            # What has become a page is no redirect any more.
            database.executemany("delete from links where source = ?", [(title,) for title, _ in ends])
            database.executemany("insert or replace into current values (?, ?)", ends)
            database.executemany(
                "insert or ignore into texts values (?, ?, ?, ?, ?)",
                [
                    (page.title, page.revision, page.timestamp, page.namespace, zlib.compress(page.text.encode()))
                    for page in pages
                ],
            )

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _one(self, query: str, value: str) -> str | None:
        with self._checked():
            row = self._database.execute(query, (value,)).fetchone()
        return None if row is None else str(row[0])

    @contextmanager
    def _checked(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, zlib.error, UnicodeError) as error:
            raise BadFile(
                f"{self.path} is no store of pages, or a broken one: {error}",
                hint="delete it: its pages are asked for again",
            ) from error
