"""What labels are weighed by, settled: examples and a calibration together."""

import numpy as np
import pyarrow as pa
import pytest
from tests.classify.making import units

from thuja.classify import Tree
from thuja.classify.priors.ranges import Occasion
from thuja.embeddings import Embeddings
from thuja.labels import LabelSpace
from thuja.predict.among_taxa import AmongTaxa
from thuja.predict.answers import Question
from thuja.predict.examples.learnt import Examples, LearnOptions
from thuja.predict.examples.rows import ExampleClass, ExampleRows
from thuja.predict.labelling import calibrate
from thuja.predict.options import PredictorOptions
from thuja.predict.weights import Weights
from thuja.taxonomy import RANKS, Rank, Taxon

SCALE, SPECIES, NAMED = 150.0, 40, 36


def lengths_of_one(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def world():
    """36 species with rough texts, of which 6 have examples; 4 species more that examples alone know."""
    generator = np.random.default_rng(0)
    taxa = [
        Taxon.from_names(["k", "p", f"c{n // 12}", f"o{n // 6}", f"f{n // 6}", f"g{n // 3}", f"s{n}"])
        for n in range(SPECIES)
    ]
    homes = units(generator, SPECIES, 32)
    texts = lengths_of_one(homes + units(generator, SPECIES, 32))[:NAMED]
    labels = LabelSpace(texts=[taxon.binomial for taxon in taxa[:NAMED]], vectors=texts, model="m", taxa=taxa[:NAMED])

    def images(which):
        return lengths_of_one(homes[which] + 0.8 * units(generator, len(which), 32))

    def embedded(vectors, columns=None):
        names = [str(number) for number in range(len(vectors))]
        return Embeddings(ids=names, vectors=vectors, model="m", columns=columns or pa.table({}))

    truth = generator.integers(0, NAMED, 300)
    columns = pa.table({rank.label: [taxa[number][rank] for number in truth] for rank in RANKS})
    calibrations = calibrate(embedded(images(truth), columns), labels, scale=SCALE)
    shown = np.repeat(np.arange(30, SPECIES), 6)
    rows = ExampleRows(
        files=[str(number) for number in range(len(shown))],
        labels=[ExampleClass(text=taxa[number].binomial, taxon=taxa[number]) for number in shown],
        observations=[str(number) for number in range(len(shown))],
        cells=pa.table({}),
        embeddings=embedded(images(shown)),
    )
    return (
        Examples.learn(rows, None, LearnOptions(head="centroid"), model="m").blended(labels, scale=SCALE),
        calibrations,
        images,
    )


def test_a_calibration_leaves_the_order_of_blended_answers_as_it_is(world):
    """The temperature divided what texts say and not what examples say in their place: calibrated, no image was
    answered with a species that examples alone know, though without a calibration many were."""
    blended, calibrations, images = world
    tree = Tree.of(blended.labels)
    weights = Weights(
        labels=blended.labels, tree=tree, bias=None, blended=blended, taught="these", options=PredictorOptions()
    )
    asked = images(np.arange(NAMED, SPECIES).repeat(20))
    told = {}
    for name, given in (("raw", None), ("calibrated", calibrations)):
        weighing, _ = weights.settled(given, scale=SCALE, model_id="m")
        among = AmongTaxa(blended.labels, scale=SCALE, weighing=weighing, tree=tree)
        question = Question(rank=Rank.SPECIES, k=3)
        judged = list(among.judge(asked, [Occasion()] * len(asked), question))
        told[name] = [[answer.taxon for answer in one.answers] for one in judged]
    assert abs(np.log(weighing.calibration.temperature)) > 0.1
    assert told["calibrated"] == told["raw"]
    new = set(blended.labels.taxa[NAMED:])
    assert np.mean([one[0] in new for one in told["calibrated"]]) > 0.2
