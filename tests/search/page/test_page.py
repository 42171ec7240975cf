"""The page of a search holds its pictures, whose they are, and nothing that runs."""

import io

from PIL import Image

from thuja.search.columns.facets import FacetCount
from thuja.search.filters import Filter
from thuja.search.page import asked_of, result_page
from thuja.search.query import Answer, Credit, Direction, Hit, Query
from thuja.taxonomy import Taxon

RAVEN = Taxon(kingdom="Animalia", genus="Corvus", species="corax", common="raven")


class Pictures:
    """Pictures under ids: each id is its own key's number."""

    def keys_of(self, ids):
        return [int(name) for name in ids]

    def thumbnail(self, key: int) -> bytes | None:
        return jpeg((key, 0, 0)) if key < 200 else None


def jpeg(colour) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 20), colour).save(file, "JPEG")
    return file.getvalue()


def hit(**fields) -> Hit:
    row = fields.pop("row", {})
    return Hit(**{"id": "a", "key": 3, "score": 0.5, "taxon": RAVEN, "credit": Credit.of(row), "row": row, **fields})


def page(hits, query=None, **fields) -> str:
    found = Answer(hits=hits, total=40, **fields)
    return result_page(found, asked_of(Pictures(), query or Query(id="7")), Pictures().thumbnail, first=11).to_html()


def test_a_picture_stands_above_its_licence_and_owner() -> None:
    row = {
        "license_name": "CC BY",
        "license_link": "https://a.org/by",
        "copyright_owner": "Ada",
        "source_url": "https://b.org",
    }
    html = page([hit(row=row)])
    assert html.count("data:image/jpeg;base64,") == 2
    assert '<p class="credit">Ada · <a href="https://a.org/by" rel="noopener noreferrer">CC BY</a> · ' in html
    assert "<i>Corvus corax</i>" in html
    assert "11. cosine 0.500" in html


def test_what_is_not_told_is_said() -> None:
    html = page([hit(key=300, taxon=Taxon())])
    assert "no picture is kept" in html
    assert "owner not told · licence not told" in html
    assert "not named" in html


def test_nothing_of_a_stranger_is_markup() -> None:
    row = {
        "title": "<script>alert(1)</script>",
        "license_link": "javascript:alert(1)",
        "copyright_owner": '"><img onerror=x>',
    }
    html = page([hit(id="<b>", row=row, taxon=Taxon(genus="<i>", common="<u>"), group="<s>")], Query(text="<script>"))
    assert "<script" not in html
    assert "javascript:" not in html
    assert "<img onerror" not in html
    assert all(tag not in html for tag in ("<b>a", "<u>", "<s>", "&lt;i&gt;</i></i>"))


def test_the_question_is_told_with_what_was_chosen() -> None:
    query = Query(
        text="juvenile",
        text_weight=0.7,
        id="7",
        like=("8",),
        unlike=("9", "250"),
        direction=Direction(from_text="small", to_text="large", strength=2),
        filter=Filter(within=(Taxon(family="Corvidae"),)),
        group_by="species",
        diversity=0.3,
        collapse=0.95,
    )
    asked = asked_of(Pictures(), query, pictures=[("mine.jpg", jpeg("blue"))])
    assert asked.title == "“juvenile”"
    assert [name for name, _ in asked.pictures] == ["mine.jpg", "7", "like 8", "unlike 9"]
    assert asked.facts == {
        "words": "juvenile",
        "pictures": "mine.jpg",
        "id": "7",
        "like": "8",
        "unlike": "9, 250",
        "direction": "from small to large, strength 2",
        "filter": "within Corvidae",
        "grouped by": "species, at most 1 of each",
        "diversity": "0.3",
        "near-duplicates": "shown once, from a cosine of 0.95 on",
        "weight of the words": "0.7",
    }


def test_a_picture_handed_in_is_shown_small_and_without_its_metadata() -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "a camera's maker"
    Image.new("RGB", (900, 600)).save(file, "JPEG", exif=exif)
    (_, small), *_ = asked_of(Pictures(), Query(), pictures=[("a.jpg", file.getvalue())]).pictures
    shown = Image.open(io.BytesIO(small))
    assert max(shown.size) == 288
    assert not shown.getexif()


def test_counts_stand_below() -> None:
    html = page(
        [hit()], facets={"order": [FacetCount(value="Passeriformes", count=1234), FacetCount(value="", count=5)]}
    )
    assert "1,234" in html
    assert "(none)" in html
