"""Published label files: read at their quotes as JSON would be, opened where they lie, and turned once."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.labels.making import publish, rows_of

from thuja.errors import BadFile, UsageError
from thuja.labels import (
    LabelSpace,
    find_published,
    import_published,
    importing,
    published,
    read_facts,
)
from thuja.taxonomy import Taxon

TAXA = [
    Taxon.from_names(["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", name], f"{name}, the bird")
    for name in ("corax", "corone", 'quo"ted', "ünd", "back\\slash", "cornix")
]
VECTORS = np.random.default_rng(0).standard_normal((len(TAXA), 8)).astype(np.float32)
cells = st.text(st.sampled_from('ab "\\[],{}:é\u3000\u2028\t😀'), max_size=6)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.lists(cells, min_size=7, max_size=7), cells), min_size=1, max_size=8),
    piece=st.sampled_from([40, 200, 1 << 20]),
    is_ascii=st.booleans(),
    indent=st.sampled_from([None, 1]),
)
def test_names_cut_at_quotes_are_those_of_the_json(tmp_path, monkeypatch, rows, piece, is_ascii, indent):
    monkeypatch.setattr(published, "_PIECE", piece)
    path = tmp_path / "names.json"
    path.write_text(json.dumps(rows, ensure_ascii=is_ascii, indent=indent), encoding="utf-8")
    assert published._cut_at_quotes(path) is not None
    found = published.read_names(path)
    plain = [Taxon.from_names(lineage, common) for lineage, common in rows]
    assert [(taxon, taxon.common) for taxon in found] == [(taxon, taxon.common) for taxon in plain]


@pytest.mark.parametrize("lineage", [["a", None, "", "", "", "b", "c"], ["a", "b"], []])
def test_names_of_another_shape_are_read_as_any_json(tmp_path: Path, lineage: list[str | None]) -> None:
    path = tmp_path / "names.json"
    path.write_text(json.dumps([[["k", "", "", "", "", "g", "s"], "c"], [lineage, None]]))
    assert published._cut_at_quotes(path) is None
    assert list(published.read_names(path)) == [Taxon(kingdom="k", genus="g", species="s"), Taxon.from_names(lineage)]


@pytest.mark.parametrize(
    "text",
    [
        "", "[", "[[", '[[["a"]]]', '[[["1","2","3","4","5","6","7"],"8"]', '[[["1","2","3","4","5","6","7"],"8"]]]',
        '[[["1","2","3","4","5","6","7"],"8"] 5]', '[[["1","2","3","4","5","6","7"],"8"]], []',
        '[[["1","2","3","4","5","6","7"],"8",[["1","2","3","4","5","6","7"],"8"]]',
        '[[["1","2","3","4","5","6","\\x"],"8"]]',
    ],
)  # fmt: skip
def test_what_is_no_json_is_a_bad_file(tmp_path: Path, text: str) -> None:
    matrix, names = publish(tmp_path, [], np.ones((2, 1), np.float32))
    names.write_text(text)
    with pytest.raises(BadFile, match="is not a published label space"):
        LabelSpace.load_published(matrix, names, model="m")


def test_bytes_that_are_no_utf8_are_a_bad_file(tmp_path: Path) -> None:
    matrix, names = publish(tmp_path, [], np.ones((2, 1), np.float32))
    names.write_bytes(b'[[["1","2","3","4","5","6","\xff"],"8"]]')
    with pytest.raises(BadFile, match="is not a published label space"):
        LabelSpace.load_published(matrix, names, model="m")


def test_a_folder_with_the_published_pair_is_opened_where_it_lies(tmp_path: Path) -> None:
    publish(tmp_path / "embeddings", rows_of(TAXA), VECTORS.T)
    labels = LabelSpace.load(tmp_path, model="bioclip-2-hash")
    assert (list(labels.taxa), labels.model) == (TAXA, "bioclip-2-hash")
    assert isinstance(labels.vectors, np.memmap)
    np.testing.assert_array_equal(labels.subset([4, 0, 3]).vectors, VECTORS[[4, 0, 3]])
    assert list(labels.subset([4, 0, 3]).texts) == ["Corvus back\\slash", "Corvus corax", "Corvus ünd"]
    with pytest.raises(UsageError, match="do not say which model made them"):
        LabelSpace.load(tmp_path)


def test_of_several_published_pairs_that_of_the_species_is_meant(tmp_path: Path) -> None:
    for name in ("txt_emb_a", "txt_emb_b", "txt_emb_alone"):
        (tmp_path / f"{name}.npy").touch()
        (tmp_path / f"{name}.json").touch()
    (tmp_path / "txt_emb_alone.json").unlink()
    with pytest.raises(UsageError, match=r"several label spaces: txt_emb_a\.npy, txt_emb_b\.npy"):
        find_published(tmp_path)
    matrix, names = publish(tmp_path, [], np.ones((1, 1)))
    assert find_published(tmp_path) == (matrix, names)
    assert find_published(tmp_path / "nowhere") is None


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_import_is_the_published_label_space_turned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: str, order: str
) -> None:
    monkeypatch.setattr(importing, "_STRIPE", 4)
    pair = publish(tmp_path, rows_of(TAXA), np.array(VECTORS.T, order=order))
    told: list[int] = []
    done = import_published(*pair, model="m", out=tmp_path / "out", dtype=dtype, is_sorted=False, advance=told.append)
    assert (done, told) == (len(TAXA), [4, 2])
    back, given = LabelSpace.load(tmp_path / "out"), LabelSpace.load_published(*pair, model="m")
    np.testing.assert_array_equal(back.vectors, VECTORS.astype(dtype))
    assert back.vectors.dtype == dtype
    assert back.vectors.flags.c_contiguous
    assert [(taxon, taxon.common) for taxon in back.taxa] == [(taxon, taxon.common) for taxon in given.taxa]
    assert (list(back.texts), back.id) == (list(given.texts), given.id)
    assert read_facts(tmp_path / "out")["imported"]["vectors"] == dtype


def test_an_import_is_sorted_so_that_clades_stand_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_STRIPE", 4)
    pair = publish(tmp_path, rows_of(TAXA), VECTORS.T)
    import_published(*pair, model="m", out=tmp_path / "out", dtype="float32")
    back, order = LabelSpace.load(tmp_path / "out"), sorted(range(len(TAXA)), key=lambda row: TAXA[row])
    assert list(back.taxa) == [TAXA[row] for row in order] != TAXA
    np.testing.assert_array_equal(back.vectors, VECTORS[order])


IMPORT = """
import sys
from pathlib import Path
from thuja.labels import import_published

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

folder, before = Path(sys.argv[1]), peak()
import_published(folder / "m.npy", folder / "m.json", model="m", out=folder / "out")
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the kernel does not tell a process's peak")
def test_an_import_takes_a_stripes_memory(tmp_path: Path) -> None:
    """256 MB of vectors pass through in stripes of 8 MB; mapped, all of them would count."""
    count, dim = 500_000, 128
    matrix = np.lib.format.open_memmap(tmp_path / "m.npy", mode="w+", dtype=np.float32, shape=(dim, count))
    matrix.flush()
    (tmp_path / "m.json").write_text(json.dumps([[["a", "b", "c", "d", "e", "f", "g"], ""]] * count))
    done = subprocess.run([sys.executable, "-c", IMPORT, str(tmp_path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 220_000
