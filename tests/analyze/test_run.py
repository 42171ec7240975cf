"""All that is asked of a space in one call: each section's numbers are its own."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from thuja.analyze.reading import Sources
from thuja.analyze.run import Question, analyze_space, files_of, open_question
from thuja.embeddings import Embeddings
from thuja.errors import EmptyInput, UsageError


def embedded(path: Path, *, is_traited: bool = True) -> Path:
    """Two images of each of 40 species in 20 orders of five classes, with a trait and a decoy."""
    generator = np.random.default_rng(0)
    rows = [row for row in range(40) for _ in range(2)]
    ranks = {
        "class": [f"C{row // 8}" for row in rows],
        "order": [f"O{row // 2}" for row in rows],
        "genus": [f"G{row // 2}" for row in rows],
        "species": [f"s{row}" for row in rows],
    }
    values = generator.normal(size=40)
    columns = {"size": [float(values[row]) for row in rows], "decoy": [float(-(values[row] ** 2)) for row in rows]}
    vectors = generator.normal(size=(40, 6))[rows] + 0.1 * generator.normal(size=(80, 6))
    table = pa.table(ranks | (columns if is_traited else {}))
    ids = [f"{path.stem}{row}" for row in range(80)]
    Embeddings(ids=ids, vectors=vectors.astype(np.float32), model="m", is_normalized=False, columns=table).save(path)
    return path


def test_a_sections_numbers_do_not_hang_on_what_else_is_asked(tmp_path: Path) -> None:
    """The generators were numbered by place once, so that --only traits gave other numbers."""
    sources = Sources(embeddings=embedded(tmp_path / "e.parquet"))
    alone = Question(sources=sources, traits=("size",), sections=("traits",))
    both = Question(sources=sources, traits=("decoy", "size"), sections=("tree", "traits"))
    found = analyze_space(open_question(alone))
    assert [section.title for section in found] == ["Between species: size"]
    assert found[0].findings
    assert analyze_space(open_question(both))[-1].findings == found[0].findings


def test_other_backgrounds_need_no_more_than_vectors_and_taxa(tmp_path: Path) -> None:
    """A column that stands in the embeddings alone was asked of the other backgrounds too."""
    own, other = embedded(tmp_path / "own.parquet"), embedded(tmp_path / "other.parquet", is_traited=False)
    table = tmp_path / "facts.csv"
    table.write_text("uuid,individual_id\nown0,a\nown1,a\n")
    question = Question(
        sources=Sources(embeddings=own, tables=[table]), traits=("size",), swapped={"neutral": other},
        sections=("traits",),
    )  # fmt: skip
    section = analyze_space(open_question(question))[0]
    assert [one.of for one in section.findings if one.claim == "holds on another background"] == ["size, neutral"]
    assert files_of(question) == [own, table, other]


def test_what_cannot_be_asked_is_said_before_anything_is_measured(tmp_path: Path) -> None:
    sources = Sources(embeddings=embedded(tmp_path / "e.parquet"))
    with pytest.raises(UsageError, match="the section within is asked for, and no column is named"):
        Question(sources=sources, sections=("within",))
    nameless = Embeddings(ids=["a"], vectors=np.ones((1, 3), dtype=np.float32), model="m", is_normalized=True)
    nameless.save(tmp_path / "n.parquet")
    with pytest.raises(EmptyInput, match="has a taxon"):
        open_question(Question(sources=Sources(embeddings=tmp_path / "n.parquet")))
