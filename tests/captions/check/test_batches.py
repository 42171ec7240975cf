"""Repeats within a species, fit of pictures, tables of captions."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from thuja.captions.check.checking import Checking, check_captions
from thuja.captions.check.content import Content
from thuja.captions.check.finding import Subject
from thuja.captions.check.invisible import Invisible
from thuja.captions.check.repeats import Repeats, count_alike
from thuja.captions.check.rows import Captioned, names_in, read_captions
from thuja.captions.check.settings import CheckSettings
from thuja.captions.check.similarity import Fit
from thuja.errors import BadFile, EmptyInput, UnknownName, UsageError
from thuja.images import encode_jpeg
from thuja.record import Record
from thuja.shards import write_shard
from thuja.taxonomy import Taxon

FINCH = Taxon(genus="Haemorhous", species="mexicanus", common="house finch")


def test_captions_that_many_pictures_of_a_species_share_are_repeats(goldfinch: Subject) -> None:
    same = ["An American goldfinch with a yellow breast.", "A yellow breast: the American goldfinch"] * 2
    own = [f"An American goldfinch on a {word} twig" for word in ("bare", "mossy", "thorny", "broken", "green", "wet")]
    found = Repeats()([*same, *own], [goldfinch] * 10)
    assert [finding.is_fault for finding in found] == [True] * 4 + [False] * 6
    assert found[0].facts == {"alike": 4, "of": 10}
    other = Subject(taxon=FINCH)
    assert not any(finding.is_fault for finding in Repeats()(same, [goldfinch, goldfinch, other, other]))


def test_repeats_are_found_within_one_species_without_knowing_it() -> None:
    found = Repeats().within(["A red bird on sand"] * 4 + ["A blue bird in water"])
    assert [finding.is_fault for finding in found] == [True] * 4 + [False]


@given(st.lists(st.frozensets(st.sampled_from("abcdef"), max_size=5), max_size=12))
@settings(deadline=None, max_examples=50)
def test_alike_captions_are_counted_as_pair_by_pair(captions: list[frozenset[str]]) -> None:
    def is_alike(one: frozenset[str], other: frozenset[str]) -> bool:
        return one == other or len(one & other) >= 0.6 * max(len(one | other), 1)

    plain = [sum(is_alike(one, other) for other in captions) for one in captions]
    assert count_alike(captions, 0.6) == plain


def by_length(images: Sequence[bytes], captions: Sequence[str]) -> list[float]:
    """A picture of n bytes fits a caption of n letters."""
    return [-abs(len(image) - len(caption)) for image, caption in zip(images, captions, strict=True)]


def test_a_caption_must_fit_its_picture_better_than_others_do() -> None:
    subjects = [Subject(taxon=Taxon(genus="G", species=str(number))) for number in range(40)]
    captions = ["x" * (number + 1) for number in range(40)]
    images = [b"x" * (number + 1) for number in range(40)]
    captions[7], captions[30] = captions[30], captions[7]
    found = Fit(least=0.6)(images, captions, subjects, by_length)
    assert [place for place, finding in enumerate(found) if finding.is_fault] == [7, 30]
    assert found[0].score == 1


def test_too_few_pairs_of_other_species_are_not_judged(goldfinch: Subject) -> None:
    found = Fit()([b"x"] * 20, ["x"] * 20, [goldfinch] * 20, by_length)
    assert not any(finding.is_fault or finding.facts["is_decided"] for finding in found)
    with pytest.raises(UsageError, match="a share of 2"):
        Fit(least=2)


def test_a_caption_that_names_nothing_visible_is_a_fault(goldfinch: Subject) -> None:
    assert Content()("A fine American goldfinch.", goldfinch).is_fault
    assert not Content()("An American goldfinch on a twig.", goldfinch).is_fault
    assert not Content()("A yellow American goldfinch.", goldfinch).is_fault


def test_a_judge_is_asked_about_clauses_that_name_nothing_visible(goldfinch: Subject) -> None:
    asked: list[str] = []

    def judge(texts: Sequence[str]) -> list[float]:
        asked.extend(texts)
        return [0.0 for _ in texts]

    check = Invisible(judge=judge)
    found = check("A yellow American goldfinch, facing left, with black wings, that does as it pleases", goldfinch)
    assert asked == ["that does as it pleases"]
    assert (found.is_fault, found.facts["kind"]) == (True, "other")


def image_of(colour: str) -> bytes:
    return encode_jpeg(Image.new("RGB", (32, 32), colour))


def test_a_table_of_captions_is_checked_row_by_row(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(image_of("yellow"))
    rows = [
        {
            "uuid": "1",
            "caption": "A yellow house finch.",
            "path": "a.jpg",
            "genus": "Haemorhous",
            "common": "house finch",
        },
        {
            "uuid": "2",
            "caption": "A blue house finch.",
            "path": "a.jpg",
            "genus": "Haemorhous",
            "common": "house finch",
        },
        {"uuid": "3", "caption": None, "path": "a.jpg", "genus": "Haemorhous", "common": "house finch"},
        {
            "uuid": "4",
            "caption": "A house finch with a red cap.",
            "path": "b.jpg",
            "genus": None,
            "common": "house finch",
        },
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "captions.parquet")
    table, tally = check_captions(read_captions(tmp_path / "captions.parquet", has_images=True), Checking())
    got = table.to_pylist()
    assert [row["uuid"] for row in got] == ["1", "2", "4"]
    assert [row["checks"] for row in got] == [[], ["colours"], []]
    assert got[1]["reasons"] == ["the picture shows nothing blue"]
    assert json.loads(got[1]["findings"])["colours"]["absent"] == ["blue"]
    assert (tally.captions, tally.accepted, tally.unread) == (3, 2, 1)
    assert dict(tally.by_check) == {"colours": 1}


def test_a_data_folder_is_read_from_its_shards_for_pictures(tmp_path: Path) -> None:
    record = Record(uuid="u1", path="", taxon=FINCH, caption="A red house finch on a twig.")
    write_shard(tmp_path / "train-00000.tar", [(record, image_of("green"))])
    table, _ = check_captions(read_captions(tmp_path, has_images=True), Checking())
    assert table["reasons"].to_pylist() == [["the picture shows nothing red"]]
    assert names_in(tmp_path) == {"house finch", "Haemorhous mexicanus"}


def test_a_model_s_similarity_joins_the_findings() -> None:
    words = [chr(97 + number % 26) * (number + 1) for number in range(30)]
    captioned = _captioned([f"A yellow {word} bird with wings." for word in words])
    rows = [replace(row, read_image=lambda: image_of("yellow")) for row in captioned]
    seen: list[int] = []

    def similarity(images: Sequence[bytes], captions: Sequence[str]) -> list[float]:
        seen.append(len(images))
        return [float(len(caption)) for caption in captions]

    checking = Checking(settings=CheckSettings(checks=("length",)), repeats=None, similarity=similarity)
    table, _ = check_captions(rows, checking)
    assert seen == [30, 30]
    assert all("similarity" in json.loads(text) for text in table["findings"].to_pylist())


def _captioned(captions: list[str]) -> list[Captioned]:
    return [
        Captioned(uuid=str(place), caption=caption, taxon=Taxon(genus="G", species=str(place)))
        for place, caption in enumerate(captions)
    ]


def test_csv_and_json_lines_are_read_and_other_files_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("caption,scientific_name\nA red bird.,Haemorhous mexicanus\n")
    (tmp_path / "a.jsonl").write_text('{"caption": "A red bird.", "genus": "Haemorhous"}\n')
    assert [row.taxon.binomial for row in read_captions(tmp_path / "a.csv")] == ["Haemorhous mexicanus"]
    assert [row.taxon.genus for row in read_captions(tmp_path / "a.jsonl")] == ["Haemorhous"]
    (tmp_path / "b.csv").write_text("text\nA red bird.\n")
    with pytest.raises(BadFile, match="no column caption"):
        list(read_captions(tmp_path / "b.csv"))
    with pytest.raises(UnknownName, match=r'unknown format: "\.doc"'):
        list(read_captions(tmp_path / "a.doc"))
    with pytest.raises(EmptyInput, match="there is no"):
        list(read_captions(tmp_path / "none.csv"))
