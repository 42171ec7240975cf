"""The table of English names is read from an archive of naturtag's layout, without unpacking it."""

import io
import tarfile
from pathlib import Path

import pytest

from thuja.errors import BadFile, UsageError
from thuja.names.vernacular import install_vernaculars, load_vernaculars, vernacular_file

TAXA = (
    "id,name,observations_count_rg,preferred_common_name,rank\n"
    "7,Aramus guarauna,41,Limpkin,species\n8,Aramus,41,,genus\n"
)
NAMES = 'name,taxon_id,language_code\nLimpkin,7,en\n"Courlan, brown",7,en\nCourlan,7,fr\n'


def pack(members: dict[str, bytes], mode: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THUJA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def archive(tmp_path: Path, **changed: str) -> Path:
    files = {"taxon.csv": TAXA, "taxon_fts.csv": NAMES} | {f"{name}.csv": text for name, text in changed.items()}
    inner = pack({name: text.encode() for name, text in files.items()}, "w:gz")
    path = tmp_path / "naturtag.tar.gz"
    path.write_bytes(pack({"naturtag-0.8.1/assets/data/taxonomy.tar.gz": inner}, "w:gz"))
    return path


def test_preferred_and_other_english_names_are_kept(tmp_path: Path, cache: Path) -> None:
    assert len(load_vernaculars()) == 0
    assert install_vernaculars(archive(tmp_path)) == 2
    assert load_vernaculars().rows() == [
        ("7", "Limpkin", True, 41, "Aramus guarauna", "en", "iNaturalist"),
        ("7", "Courlan, brown", False, 41, "Aramus guarauna", "en", "iNaturalist"),
    ]
    assert list(cache.iterdir()) == [vernacular_file()]


def test_other_files_are_refused_and_leave_nothing(tmp_path: Path, cache: Path) -> None:
    other = tmp_path / "other.tar.gz"
    other.write_bytes(pack({"../../evil": b"x"}, "w:gz"))
    with pytest.raises(BadFile, match="holds no"):
        install_vernaculars(other)
    whole = archive(tmp_path).read_bytes()
    other.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadFile, match="not naturtag's"):
        install_vernaculars(other)
    with pytest.raises(BadFile, match="not naturtag's"):
        install_vernaculars(archive(tmp_path, taxon="id,preferred_common_name\nseven,Limpkin\n"))
    with pytest.raises(UsageError, match="no archive"):
        install_vernaculars(tmp_path / "missing.tar.gz")
    assert not cache.exists()
