"""Custom labels in bins."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.classify.bins import Bins
from thuja.errors import EmptyInput, UsageError


def read(folder: Path, text: str) -> Bins:
    (folder / "bins.csv").write_text(text, encoding="utf-8")
    return Bins.read(folder / "bins.csv")


@settings(deadline=None, max_examples=50)
@given(place=st.lists(st.integers(0, 4), min_size=1, max_size=20), seed=st.integers(0, 99))
def test_the_labels_of_a_bin_are_summed(place, seed):
    bins = Bins.of([(f"label {number}", f"bin {bin_}") for number, bin_ in enumerate(place)])
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(len(place)), size=3).astype(np.float32)
    sums = bins.gather(probabilities)
    assert bins.names == tuple(dict.fromkeys(f"bin {bin_}" for bin_ in place))
    plain = [[sum(row[np.array([f"bin {b}" == name for b in place])]) for name in bins.names] for row in probabilities]
    np.testing.assert_allclose(sums, plain, rtol=1e-5)
    assert (sums <= 1).all()


def test_bins_are_read_in_the_order_they_are_named_first(tmp_path: Path) -> None:
    bins = read(tmp_path, 'label,bin,note\n"a raven, common",Vögel\n"a ""fox""",mammals,x\n\nmagpie,Vögel\n')
    assert bins.labels == ("a raven, common", 'a "fox"', "magpie")
    assert (bins.names, bins.place.tolist()) == (("Vögel", "mammals"), [0, 1, 0])


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("", EmptyInput, "no label in any bin"),
        ("label,bin\n", EmptyInput, "no label in any bin"),
        ("label,bin\na,x\nb,y\na,y\n", UsageError, 'the label "a" stands twice'),
        ("label,bin\na,x\nb,\n", UsageError, "row 2 of .* has no bin"),
        ("label,bin\na,x\nb\n", UsageError, "row 2 of .* has no bin"),
        ("label,bin\n,x\n", UsageError, "row 1 of .* has no label"),
        ("a,x\nb,x\nc,y\n", UsageError, 'is a heading, but says "a" and "x"'),
    ],
)
def test_bins_that_say_too_little_are_one_sentence(
    tmp_path: Path, text: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        read(tmp_path, text)
