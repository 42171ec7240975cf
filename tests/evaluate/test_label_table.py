"""The text types of the public code, on rows that have all and rows that have little."""

import pytest

from thuja.evaluate.label_table import ClassText, class_text

ROW = {
    "kingdom": "animalia",
    "phylum": "chordata",
    "cls": "aves",
    "order": "",
    "family": "",
    "genus": "",
    "species": "",
}


@pytest.mark.parametrize(
    ("row", "texts"),
    [
        (
            {**ROW, "common_name": "bird"},
            {
                "sci": "None", "taxon": "Animalia Chordata Aves    ", "com": "bird",
                "sci_com": "None with common name bird",
                "taxon_com": "Animalia Chordata Aves     with common name bird",
            },
        ),
        (
            {"genus": "CORVUS", "species": "Corax", "common_name": ""},
            {"sci": "Corvus corax", "taxon": "Corvus corax", "com": "", "sci_com": "Corvus corax",
             "taxon_com": "Corvus corax"},
        ),
        ({**ROW, "genus": "rattus", "common_name": "rat"}, {"sci": "Rattus", "sci_com": "Rattus with common name rat"}),
    ],
)  # fmt: skip
def test_text_types_are_the_public_codes_blanks_and_all(row, texts) -> None:
    assert {kind: class_text(row, ClassText(kind)) for kind in texts} == texts
