import numpy as np
import pyarrow as pa

from thuja.embeddings import Embeddings
from thuja.labels import LabelSpace
from thuja.predict.examples.learnt import Examples, LearnOptions
from thuja.predict.examples.report import told_examples
from thuja.predict.examples.rows import ExampleColumns
from thuja.taxonomy import Taxon

FAMILIES = ["Anatidae", "Corvidae", "Laridae", "Paridae", "Picidae", "Strigidae"]


def learnt(tmp_path) -> Examples:
    """Six families of two images each observation; one species is seen once."""
    generator = np.random.default_rng(0)
    truth = np.append(np.repeat(np.arange(6), 12), 6)
    observations = [f"o{row // 2}" for row in range(len(truth))]
    vectors = np.eye(10)[truth] + 0.1 * generator.normal(size=(len(truth), 10))
    vectors[:, 9] = np.arange(len(truth)) % 4 // 2
    taxa = [Taxon(kingdom="Animalia", family=[*FAMILIES, "Zzz"][one], genus=f"G{one}", species="s") for one in truth]
    columns = {name: [taxon.to_columns()[name] for taxon in taxa] for name in taxa[0].to_columns()} | {
        "burst": observations,
        "sex": [None if row == 4 else ["male", "female"][row % 4 // 2] for row in range(len(truth))],
        "marks": [["a;b", "b"][row % 4 // 2] if row else "a;once" for row in range(len(truth))],
        "length": [10.0 * (row % 4 // 2) + row % 3 for row in range(len(truth))],
    }
    Embeddings(
        ids=[f"{row}.jpg" for row in range(len(truth))],
        vectors=vectors.astype(np.float32),
        model="m",
        columns=pa.table(columns),
    ).save(tmp_path / "vectors.parquet")
    options = LearnOptions(
        head="centroid", columns=ExampleColumns(observation="burst", targets=["sex", "marks", "length"])
    )
    return Examples.learn(tmp_path / "vectors.parquet", None, options, model="m")


def test_all_that_a_user_should_know_of_examples_is_said(tmp_path):
    examples = learnt(tmp_path)
    labels = LabelSpace(
        texts=["G0 s", "Other sp"],
        vectors=np.eye(2, 10),
        model="m",
        taxa=[examples.taxa[0], Taxon(kingdom="Animalia", genus="Other", species="sp")],
    )
    lines = list(map(str, told_examples(examples, examples.blended(labels, scale=20.0, weight=0.8))))
    assert lines[0] == "examples: 73 images of 7 classes, 37 observations"
    text = "\n".join(lines)
    assert "head: nearest class mean\n  right on observations left out: 100.0 % (" in text
    assert "of 72 images; the commonest class 16.7 %, chance 14.3 %" in text
    assert "1 more are of classes with one observation, which cannot be left out" in text
    assert "blend: weight 0.80 of examples against 2 labels; classes without a text: 6" in text
    assert "target sex: a category of 72 examples, 1 empty cells left out" in text
    assert "target marks: a set of labels of 73 examples" in text
    assert "  not learnt, because they stand or lack on fewer than two observations: b, once" in lines
    assert "target length: a number of 73 examples\n  on observations left out: mean error" in text
    assert text.count("  on families left out: ") == 3


def test_what_cannot_be_measured_is_said_to_be_unknown(tmp_path):
    generator = np.random.default_rng(0)
    Embeddings(
        ids=["a", "b", "c", "d"],
        vectors=generator.normal(size=(4, 5)).astype(np.float32),
        model="m",
        columns=pa.table({"label": ["x 1", "x 2", "x 3", "x 4"], "sex": ["m", "m", "f", "f"]}),
    ).save(tmp_path / "vectors.parquet")
    options = LearnOptions(head="centroid", columns=ExampleColumns(targets=["sex"]))
    text = "\n".join(map(str, told_examples(Examples.learn(tmp_path / "vectors.parquet", None, options, model="m"))))
    assert "no class has two observations, so none can be left out" in text
    assert "too few clades to leave any out: of unknown organisms nothing can be said" in text
