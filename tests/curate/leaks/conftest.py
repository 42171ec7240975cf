"""An evaluation set of painted images, and the gate in one call."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.curate.leaks.planted import Row, frame_of, painted

from thuja.curate.leaks import LeakIndexSettings, LeakSettings, build_leak_index, leaks_step


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """The evaluation set: six images."""
    folder = tmp_path / "newt"
    folder.mkdir()
    for number in range(6):
        painted(number).save(folder / f"{number}.jpg", quality=92)
    return folder


@pytest.fixture
def gate(tmp_path: Path) -> Callable[..., dict[str, str | None]]:
    """Builds indexes of sources by name and passes rows through the gate: their uuids with `leak_of`."""

    def run(
        sources: Mapping[str, Path], rows: list[Row], *, built: Mapping[str, Any] | None = None, **settings: Any
    ) -> dict[str, str | None]:
        paths = []
        for name, source in sources.items():
            paths.append(tmp_path / f"{name}.index.parquet")
            build_leak_index(source, paths[-1], LeakIndexSettings(name=name, **(built or {})))
        done = leaks_step(LeakSettings(indexes=tuple(paths), **settings)).apply(frame_of(rows)).to_pydict()
        for leak, reason, step in zip(done["leak_of"], done["drop_reason"], done["dropped_by"], strict=True):
            assert (leak is None, leak is None) == (reason != "leak", step != "leaks")
        return dict(zip(done["uuid"], done["leak_of"], strict=True))

    return run


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows as a CSV: table(name, rows)."""

    def write(name: str, rows: list[Row]) -> Path:
        path = tmp_path / f"{name}.csv"
        pl.DataFrame(rows).write_csv(path)
        return path

    return write
