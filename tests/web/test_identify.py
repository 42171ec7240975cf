"""What the server says of pictures is what the predictor says of them."""

import asyncio
import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from tests.web.conftest import TAXA, jpeg

from thuja.encode import encode_texts
from thuja.errors import ImageError
from thuja.images import decode
from thuja.phrasing import PROMPTS
from thuja.predict import Predictor
from thuja.predict.narrowing import Wish
from thuja.web.app import create_app
from thuja.web.problems import Busy
from thuja.web.served import Served
from thuja.web.settings import RequestLimits, ServeSettings

CROW, RAVEN = "Corvus corone", "Corvus corax"


def ask(client: TestClient, *pictures: bytes, path: str = "/api/identify", **question: Any) -> Any:
    field = "image" if path == "/api/why" else "images"
    files = [(field, (f"{number}.jpg", data, "image/jpeg")) for number, data in enumerate(pictures)]
    return client.post(path, files=files, data={"question": json.dumps(question)})


def vector_of(client: TestClient, picture: bytes, **question: Any) -> np.ndarray:
    told = ask(client, picture, wants=["vector"], **question).json()["results"][0]["vector"]
    return np.frombuffer(base64.b64decode(told), "<f4")


def test_answers_are_those_of_the_predictor(client: TestClient, predictor: Predictor) -> None:
    pictures = [jpeg(seed) for seed in range(3)]
    told = ask(client, *pictures, k=3, confidence=0.5).json()
    plain = list(predictor.predict([decode(picture) for picture in pictures], k=3, confidence=0.5))
    for result, prediction in zip(told["results"], plain, strict=True):
        assert [one["text"] for one in result["answers"]] == [one.text for one in prediction.answers]
        scores = [one["score"] for one in result["answers"]]
        assert scores == pytest.approx([one.score for one in prediction.answers], abs=1e-4)
        assert [one["text"] for one in result["path"]] == [one.text for one in prediction.judgement.path]
        settled = prediction.judgement.settled
        assert (result["settled"] or {}).get("text") == (settled and settled.text)
    assert told["model"] == predictor.model.id
    assert [result["name"] for result in told["results"]] == ["0.jpg", "1.jpg", "2.jpg"]


def test_taxa_are_told_with_every_rank(client: TestClient) -> None:
    answers = ask(client, jpeg(), k=4).json()["results"][0]["answers"]
    daisy = next(one for one in answers if one["text"] == "Bellis perennis")
    assert daisy["rank"] == "species"
    assert daisy["taxon"]["class"] == "Magnoliopsida"
    assert daisy["taxon"]["common"] == "daisy"


def test_within_a_genus_only_its_species_are_answered(client: TestClient) -> None:
    told = ask(client, jpeg(), within=["Corvus"]).json()
    assert {one["text"] for one in told["results"][0]["answers"]} == {CROW, RAVEN}
    assert told["labels"] == 2


def test_a_checklist_of_names_chooses_its_labels(client: TestClient) -> None:
    told = ask(client, jpeg(), checklist=["Pica pica", "Bellis"]).json()
    assert {one["text"] for one in told["results"][0]["answers"]} == {"Pica pica", "Bellis perennis"}


def test_own_labels_stand_in_for_taxa(client: TestClient) -> None:
    told = ask(client, jpeg(), labels=["a bird", "a flower"]).json()
    answers = told["results"][0]["answers"]
    assert {one["text"] for one in answers} == {"a bird", "a flower"}
    assert sum(one["score"] for one in answers) == pytest.approx(1, abs=1e-5)
    assert answers[0]["taxon"] is None


def test_own_labels_and_a_branch_contradict_each_other_in_one_sentence(client: TestClient) -> None:
    answer = ask(client, jpeg(), labels=["a bird"], within=["Aves"])
    assert answer.status_code == 400
    assert answer.json()["detail"] == "own labels lie within no taxon and on no checklist"


def test_an_unknown_taxon_is_told_with_the_nearest_name(client: TestClient) -> None:
    answer = ask(client, jpeg(), within=["Corvis"])
    assert answer.status_code == 400
    assert "Corvis" in answer.json()["detail"]
    assert "Corvus" in answer.json()["hint"]


def test_more_answers_than_taxa_are_refused(client: TestClient) -> None:
    answer = ask(client, jpeg(), k=5)
    assert answer.status_code == 400
    assert answer.json()["detail"] == "cannot give the best 5 of 4 labels"


def test_a_box_is_what_the_cut_picture_is(client: TestClient) -> None:
    """The box is in shares of the upright picture, and PNG keeps the cut as it is."""
    whole = Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8))

    def png(image: Image.Image) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        return buffer.getvalue()

    box = {"x": 0.5, "y": 0.25, "width": 0.5, "height": 0.5}
    cut = vector_of(client, png(whole), box=box)
    assert cut == pytest.approx(vector_of(client, png(whole.crop((30, 10, 60, 30)))), abs=1e-5)


def test_siblings_are_the_others_of_the_nearest_clade(client: TestClient) -> None:
    result = ask(client, jpeg(), k=1, within=["Corvus"], wants=["siblings"]).json()["results"][0]
    best = result["answers"][0]["text"]
    assert [one["answer"]["text"] for one in result["siblings"]] == [RAVEN if best == CROW else CROW]


def test_named_pictures_are_examples_at_once(client: TestClient) -> None:
    """What a reviewer has named teaches without anything being kept: the same picture is then what he said."""
    seeds = {"Pica pica": 11, "Bellis perennis": 12}
    examples = [{"label": label, "vector": vector_of(client, jpeg(seed)).tolist()} for label, seed in seeds.items()] * 3
    for label, seed in seeds.items():
        told = ask(client, jpeg(seed), examples=examples, k=1).json()
        assert told["results"][0]["answers"][0]["text"] == label


def test_examples_of_one_class_are_told_to_teach_nothing(client: TestClient) -> None:
    example = {"label": "Pica pica", "vector": vector_of(client, jpeg(1)).tolist()}
    told = ask(client, jpeg(1), examples=[example]).json()
    assert "examples of one class alone teach nothing yet: add some of another" in told["notes"]


def test_an_example_of_another_width_is_refused(client: TestClient) -> None:
    answer = ask(client, jpeg(), examples=[{"label": label, "vector": [1, 2]} for label in "ab"])
    assert answer.status_code == 400
    assert answer.json()["detail"] == "an example has 2 numbers, and vectors of this model have 8"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "null"])
def test_numbers_that_are_none_are_refused(client: TestClient, number: str) -> None:
    question = '{"examples": [{"label": "a", "vector": [' + number + "]}]}"
    answer = client.post("/api/identify", files={"images": jpeg()}, data={"question": question})
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    "question",
    ["[", "[]", '{"kk": 1}', '{"k": 0}', '{"k": "many"}', '{"box": {"x": 2, "y": 0, "width": 1}}', "[" * 9_999],
)  # fmt: skip
def test_a_question_that_cannot_be_meant_is_a_problem(client: TestClient, question: str) -> None:
    answer = client.post("/api/identify", files={"images": jpeg()}, data={"question": question})
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_an_unknown_rank_and_a_box_without_an_inside_are_told(client: TestClient) -> None:
    assert ask(client, jpeg(), rank="genera").json()["detail"] == 'unknown rank: "genera"'
    flat = {"x": 0, "y": 0, "width": 0, "height": 1}
    assert ask(client, jpeg(), box=flat).json()["detail"].startswith("a box is a place and a width")


def test_a_broken_picture_is_a_result_beside_the_others(client: TestClient) -> None:
    results = ask(client, jpeg(), b"no picture", jpeg(1)[:300]).json()["results"]
    assert [bool(result["answers"]) for result in results] == [True, False, False]
    assert results[1]["error"]["detail"].startswith("not an image of a kind that is read")
    assert results[2]["reason"] == "truncated"


def test_a_request_without_a_picture_is_told_so(client: TestClient) -> None:
    answer = client.post("/api/identify", files={"question": (None, "{}")})
    assert answer.json()["detail"] == "there is no picture"


def test_links_are_refused_unless_they_are_allowed(client: TestClient) -> None:
    answer = ask(client, jpeg(), links=["https://example.org/a.jpg"])
    assert (answer.status_code, answer.json()["detail"]) == (409, "this server fetches no links")


def test_pictures_by_link_stand_behind_files_and_a_refused_link_is_a_result(predictor: Predictor) -> None:
    async def fetch(link: str) -> bytes:
        if "private" in link:
            raise ImageError("the link does not lead to the open web", reason="refused_link")
        return jpeg(5)

    served = Served(ServeSettings(), predictor=predictor, fetch_link=fetch)
    with TestClient(create_app(served), base_url="http://127.0.0.1:8080") as client:
        links = ["https://example.org/a.jpg", "https://private.example.org/"]
        results = ask(client, jpeg(4), links=links).json()["results"]
        plain = ask(client, jpeg(5)).json()["results"][0]
    assert [one["name"] for one in results] == ["0.jpg", *links]
    for shown, alone in zip(results[1]["answers"], plain["answers"], strict=True):
        assert (shown["text"], shown["score"]) == (alone["text"], pytest.approx(alone["score"], abs=1e-5))
    assert results[2]["reason"] == "refused_link"


def test_sets_of_labels_are_made_once_and_few_are_kept(predictor: Predictor) -> None:
    served = Served(ServeSettings(limits=RequestLimits(choices=2)), predictor=predictor)

    async def run() -> None:
        choices = served.require_choices()
        wishes = [Wish(within=(name,)) for name in ("Corvus", "Pica", "Bellis", "Corvus")]
        first, same = await asyncio.gather(choices.find(wishes[0]), choices.find(wishes[0]))
        assert first is same
        for wish in wishes[1:3]:
            await choices.find(wish)
        assert await choices.find(wishes[3]) is not first
        asks = [choices.find(Wish(labels=(f"a{number}", "b"))) for number in range(12)]
        told = await asyncio.gather(*asks, return_exceptions=True)
        assert sum(isinstance(one, Busy) for one in told) == 4
        await served.close()

    asyncio.run(run())


def test_labels_that_are_ready_when_all_have_left_are_there_for_who_comes_again(predictor: Predictor) -> None:
    """Those that took longer than an answer may were made, thrown away and made again, however often one asked."""
    served = Served(ServeSettings(), predictor=predictor)

    async def run() -> None:
        choices, wish = served.require_choices(), Wish(labels=("a wasp", "a moth"))
        first = asyncio.create_task(choices.find(wish))
        await asyncio.sleep(0)
        first.cancel()
        await choices.find(Wish(labels=("a wasp", "a bee")))  # they are made one after the other
        again = asyncio.create_task(choices.find(wish))
        await asyncio.sleep(0)
        assert again.done()
        await served.close()

    asyncio.run(run())


def test_the_answers_of_a_request_are_bounded_together(predictor: Predictor) -> None:
    """All labels of 867,455 could be asked for, of 32 pictures at once: gigabytes."""
    served = Served(ServeSettings(limits=RequestLimits(k=5)), predictor=predictor)
    with TestClient(create_app(served), base_url="http://127.0.0.1:8080") as client:
        assert ask(client, jpeg(), k=4).status_code == 200
        answer = ask(client, jpeg(1), jpeg(2), k=3)
        assert answer.status_code == 413
        assert answer.json()["detail"] == "3 answers of each of 2 pictures are over the limit of 5 in one request"


def test_embeddings_of_texts_are_the_models(client: TestClient, predictor: Predictor) -> None:
    told = client.post("/api/embed", json={"texts": ["a raven", "a crow", "a raven"]}).json()
    plain = encode_texts(predictor.model, ["a raven", "a crow", "a raven"])
    assert np.array(told["vectors"]) == pytest.approx(plain, abs=1e-5)
    named = client.post("/api/embed", json={"texts": ["raven"], "are_names": True, "encoding": "base64"}).json()
    vector = np.frombuffer(base64.b64decode(named["vectors"][0]), "<f4")
    assert vector == pytest.approx(encode_texts(predictor.model, ["raven"], prompts=PROMPTS)[0], abs=1e-5)


def test_embeddings_of_pictures_come_with_errors_in_their_places(client: TestClient) -> None:
    told = ask(client, jpeg(3), b"x", path="/api/embed").json()
    assert np.array(told["vectors"][0]) == pytest.approx(vector_of(client, jpeg(3)), abs=1e-6)
    assert told["vectors"][1] is None
    assert told["errors"][0] is None
    assert told["errors"][1].startswith("not an image")


def test_a_text_of_100_kb_is_too_large(client: TestClient) -> None:
    answer = client.post("/api/embed", json={"texts": ["a" * 100_000]})
    assert answer.status_code == 413
    assert answer.json()["detail"] == "a text of 100,000 characters is over the limit of 2,000"


def test_why_tells_rivals_a_sentence_and_a_map(client: TestClient) -> None:
    told = ask(client, jpeg(2), path="/api/why", answer=CROW).json()
    assert told["answer"]["text"] == CROW
    assert RAVEN in [one["text"] for one in told["rivals"]]
    assert told["shows"] == told["overlay"].startswith("data:image/png;base64,")
    assert f"{CROW} (" in told["sentence"]
    picture = decode(base64.b64decode(told["picture"].partition(",")[2]))
    assert picture.size == (48, 32)


def test_why_explains_a_higher_taxon_of_the_path(client: TestClient) -> None:
    told = ask(client, jpeg(2), path="/api/why", answer="Animalia").json()
    assert [one["text"] for one in told["rivals"]] == ["Plantae"]


def test_why_of_what_is_no_answer_is_told(client: TestClient) -> None:
    answer = ask(client, jpeg(2), path="/api/why", answer="Corvus corix")
    assert answer.status_code == 400
    assert answer.json()["detail"] == 'unknown answer: "Corvus corix"'
    assert RAVEN in answer.json()["hint"]


def test_why_of_own_labels_holds_one_against_the_other(client: TestClient) -> None:
    told = ask(client, jpeg(2), path="/api/why", labels=["a bird", "a flower"], answer="a bird").json()
    assert [one["text"] for one in told["rivals"]] == ["a flower"]


def test_places_in_exif_never_leave(client: TestClient) -> None:
    """A phone's photo tells where it was taken; what comes back of the picture must not."""
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x010E] = "a secret place"
    Image.new("RGB", (32, 32), "green").save(buffer, "JPEG", exif=exif)
    told = ask(client, buffer.getvalue(), path="/api/why").json()
    sent = base64.b64decode(told["picture"].partition(",")[2])
    assert b"Exif" not in sent
    assert b"secret" not in sent


@pytest.mark.shared
def test_hostile_photos_are_answers_or_errors_and_never_faults(client: TestClient, shared: Path) -> None:
    files = sorted(path for path in (shared / "photos" / "robust").rglob("*") if path.is_file())
    assert files
    for path in files:
        answer = ask(client, path.read_bytes())
        assert answer.status_code in (200, 413), (path.name, answer.text)
        if answer.status_code == 200:
            result = answer.json()["results"][0]
            assert bool(result["answers"]) != bool(result["error"]), path.name


def test_labels_of_the_tiny_server_are_four(client: TestClient) -> None:
    assert client.get("/api/about").json()["labels"]["count"] == len(TAXA)
