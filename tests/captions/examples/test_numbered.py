"""Lists of sentences in one cell, as people number them."""

import pytest

from thuja.captions.examples import sentences_of


@pytest.mark.parametrize(
    ("cell", "sentences"),
    [
        (
            "1.A red fish with fins.  \xa0 \n\n2. A blue fish with fins.  \xa0 \n\n 3.A grey fish with fins. ",
            ("A red fish with fins.", "A blue fish with fins.", "A grey fish with fins."),
        ),
        ("1) A red fish swims. 2) A blue fish swims.", ("A red fish swims.", "A blue fish swims.")),
        (
            "1. A cell of 2.5 to 4.5 micrometres. 2. A cell of 0.7 and 1. order.",
            ("A cell of 2.5 to 4.5 micrometres.", "A cell of 0.7 and 1. order."),
        ),
        (
            "1. A beetle with its 2. pair of legs raised.\n2. A fly with two wings.",
            ("A beetle with its 2. pair of legs raised.", "A fly with two wings."),
        ),
        ("A red fish with fins.", ("A red fish with fins.",)),
        ("In 1. order, a red fish. 2. A blue one.", ("In 1. order, a red fish. 2. A blue one.",)),
        ("- A red fish with fins.\n• A blue fish with fins.\n", ("A red fish with fins.", "A blue fish with fins.")),
        ("1. A red fish with fins.\n2. A red fish with fins.\n3. A fish.", ("A red fish with fins.",)),
        ("1. A red fish with fins.\n2. N/A (no second one was found)", ("A red fish with fins.",)),
        ("\tN/A", ()),
        ("", ()),
    ],
)
def test_a_cell_is_cut_into_its_sentences(cell: str, sentences: tuple[str, ...]) -> None:
    assert sentences_of(cell) == sentences
