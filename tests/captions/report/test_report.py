"""The page of captions: what came of each picture is there, words of strangers stay words."""

import re
from pathlib import Path

import pytest
from tests.captions.make.scripted import Scripted, handed, jpeg, write_shards

from thuja.captions.make import Output, Pace, make
from thuja.captions.report import write_report
from thuja.errors import EmptyInput

WRONG = "A parrot <script>alert(1)</script> with a green back."


@pytest.fixture(scope="module")
def captioned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures: four are mended in their second try, two never."""
    folder = tmp_path_factory.mktemp("report")
    shards = write_shards(folder / "in", {"train": [12]})
    from hashlib import sha256

    never = {sha256(jpeg(number)).hexdigest() for number in (0, 1)}
    second = {sha256(jpeg(number)).hexdigest() for number in (2, 3, 4, 5)}

    def script(mark: str, number: int) -> str | None:
        return WRONG if mark in never or (mark in second and number == 0) else None

    make(shards, Output(folder=folder / "out"), handed=handed(Scripted(script=script)), pace=Pace(concurrency=2))
    return folder / "out"


def test_the_page_shows_each_outcome_with_its_reason(captioned: Path, tmp_path: Path) -> None:
    page = write_report([captioned], tmp_path / "page.html").read_text()
    titles = re.findall(r"<h2>(.*?)</h2>", page)
    assert titles == ["Accepted at once", "Accepted in a further try", "Rejected: characters", "In numbers"]
    walls = re.findall(r'<ul class="cards">(.*?)</ul>', page, flags=re.DOTALL)
    assert [wall.count("<img") for wall in walls] == [6, 4, 2]
    assert "after 4 drafts" in walls[2]
    assert "10 of 12 pictures" in page


def test_words_of_a_model_stay_words(captioned: Path, tmp_path: Path) -> None:
    page = write_report([captioned], tmp_path / "page.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_same_captions_give_the_same_page(captioned: Path, tmp_path: Path) -> None:
    one, other = (write_report([captioned], tmp_path / name).read_bytes() for name in ("one.html", "other.html"))
    assert one == other


def test_runs_stand_side_by_side(captioned: Path, tmp_path: Path) -> None:
    page = write_report([captioned, captioned], tmp_path / "page.html").read_text()
    table = page.partition("Runs side by side</h2>")[2].partition("</table>")[0]
    assert table.count("<tr>") == 3
    assert "83.3%" in table.replace("\N{NO-BREAK SPACE}", "")


def test_pictures_that_are_gone_are_said_to_be(tmp_path: Path) -> None:
    shards = write_shards(tmp_path / "in", {"train": [2]})
    make(shards, Output(folder=tmp_path / "out", is_table_only=True), handed=handed(Scripted()))
    assert write_report([tmp_path / "out"], tmp_path / "there.html").read_text().count("<img") == 2
    assert '<p class="from">' not in write_report([tmp_path / "out"], tmp_path / "named.html").read_text()
    (shards / "train-00000.tar").unlink()
    page = write_report([tmp_path / "out"], tmp_path / "gone.html").read_text()
    assert page.count("the picture cannot be shown") == 2
    assert page.count('<p class="from">') == 2, "which one it is stands there"


def test_a_folder_without_captions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(EmptyInput, match="not a folder that thuja captions make made"):
        write_report([tmp_path / "data"], tmp_path / "page.html")
