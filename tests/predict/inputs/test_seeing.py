"""The stream of vectors against each image encoded by itself."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.curate.download.answers import running
from tests.predict.inputs.test_finding import embedded

from thuja.encode import EncodeOptions, Encoder, Failure, encode_images
from thuja.images import encode_jpeg
from thuja.predict.inputs import seeing
from thuja.predict.inputs.boxes import Box
from thuja.predict.inputs.finding import InputOptions, find_inputs
from thuja.predict.inputs.queries import Query
from thuja.predict.inputs.seeing import stream_ready, stream_vectors

OPTIONS = EncodeOptions(batch_size=2, threads=2)


def seen(model, named, **options):
    inputs = find_inputs(named, InputOptions(**options))
    return list(stream_vectors(Encoder.plain(model), inputs.queries(), OPTIONS))


def plain(model, image):
    """The vector of one image by itself, through a lossless file."""
    if isinstance(image, bytes):
        return encode_images(model, [("x", image)]).embeddings.vectors[0]
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return plain(model, buffer.getvalue())


def test_every_kind_of_image_has_the_vector_of_its_file_in_its_place(tiny_model, pictures):
    with Image.open(pictures / "a.png") as image:
        array = np.asarray(image.convert("RGB"))
        named = [pictures / "c.png", image, pictures / "b.jpg", array, (pictures / "a.png").read_bytes(), "no.jpg"]
        found = seen(tiny_model, [*named[:-1], pictures / "a.png"])
    assert [one.query.place for one in found] == [0, 1, 2, 3, 4, 5]
    assert isinstance(found[2].outcome, Failure)
    expected = plain(tiny_model, (pictures / "a.png").read_bytes())
    for place in (1, 3, 4, 5):
        np.testing.assert_allclose(found[place].outcome, expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found[0].outcome), 1, atol=1e-5)


def test_a_box_has_the_vector_of_what_it_cuts_out(tiny_model, pictures, tmp_path):
    (tmp_path / "t.csv").write_text(f'path,bbox\n{pictures}/a.png,"2,3,10,8"\n{pictures}/a.png,"0.5,0,0.5,1"\n')
    found = seen(tiny_model, str(tmp_path / "t.csv"), boxes="bbox")
    with Image.open(pictures / "a.png") as image:
        for one, cut in zip(found, ((2, 3, 12, 11), (12, 0, 24, 20)), strict=True):
            np.testing.assert_allclose(one.outcome, plain(tiny_model, image.crop(cut)), atol=1e-5)
    assert [one.query.shares for one in found] == ["0.0833333,0.15,0.416667,0.4", "0.5,0,0.5,1"]


def test_an_image_is_decoded_once_for_all_its_boxes(tiny_model, pictures, tmp_path, monkeypatch):
    boxes = "\n".join(f'{pictures}/{name}.png,"{left},0,5,5"' for name in "ac" for left in range(9))
    (tmp_path / "t.csv").write_text(f"path,bbox\n{boxes}\n")
    decoded = []
    true = seeing.read_image
    monkeypatch.setattr(seeing, "read_image", lambda path, limits: decoded.append(path) or true(path, limits=limits))
    assert len(seen(tiny_model, str(tmp_path / "t.csv"), boxes="bbox")) == 18
    assert decoded == [pictures / "a.png", pictures / "c.png"]


def test_a_box_outside_and_a_box_of_a_broken_image_are_failures_of_their_own(tiny_model, pictures, tmp_path):
    rows = [f'{pictures}/a.png,"50,0,5,5"', f'{pictures}/b.jpg,"1,1,2,2"', f'{pictures}/b.jpg,"0,0,.5,.5"']
    (tmp_path / "t.csv").write_text("path,bbox\n" + "\n".join(rows) + "\n")
    outside, broken, shares = seen(tiny_model, str(tmp_path / "t.csv"), boxes="bbox")
    assert outside.outcome.reason == "empty_crop"
    assert broken.outcome.reason == shares.outcome.reason
    assert (broken.query.shares, shares.query.shares) == ("", "0,0,0.5,0.5")


def test_vectors_keep_their_place_among_images_and_come_out_at_length_one(tiny_model, pictures, tmp_path):
    path = embedded(tmp_path, dim=8)
    mixed = seen(tiny_model, [pictures / "a.png", path, pictures / "c.png"])
    assert [one.query.file_name for one in mixed] == [str(pictures / "a.png"), "a", "b", "c", str(pictures / "c.png")]
    alone = list(stream_ready(find_inputs(path).queries()))
    for one, other in zip(mixed[1:4], alone, strict=True):
        assert np.array_equal(one.outcome, other.outcome)
        assert np.linalg.norm(one.outcome) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("number", [0.0, np.nan, np.inf])
def test_a_vector_that_says_nothing_is_a_failure(number):
    query = Query(file_name="a", id="a", content=np.full(4, number, np.float32))
    [one] = stream_ready([(0, query)])
    assert one.outcome.reason == "not_finite"


def test_an_image_that_the_model_makes_no_number_of_is_a_failure(tiny_model, pictures):
    with torch.no_grad():
        tiny_model.visual.conv1.weight.fill_(float("nan"))
    assert [one.outcome.reason for one in seen(tiny_model, pictures / "a.png")] == ["not_finite"]


def test_bytes_are_let_go_and_noted_before(tiny_model, pictures):
    noted = []

    def note(query):
        noted.append(query.content)
        return replace(query, cells={"size": len(query.content)})

    data = encode_jpeg(Image.new("RGB", (20, 20)))
    stream = stream_vectors(Encoder.plain(tiny_model), find_inputs([data]).queries(), OPTIONS, note=note)
    [one] = stream
    assert noted == [data]
    assert (one.query.content, one.query.cells) == (b"", {"size": len(data)})


def test_few_queries_are_taken_before_their_turn(tiny_model, pictures):
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield pictures / "a.png"

    stream = stream_vectors(Encoder.plain(tiny_model), find_inputs(endless()).queries(), OPTIONS)
    for _ in range(10):
        next(stream)
    stream.close()
    assert len(taken) < 30


def test_a_box_keeps_its_image_no_longer_than_it_needs_it(pictures):
    whole = seeing._Whole(pictures / "a.png")
    cut = seeing._Cut(whole, Box.of((0, 0, 5, 5)))
    assert cut.show(OPTIONS.limits).size == (5, 5)
    assert cut._whole is None


@pytest.mark.shared
def test_all_hostile_images_are_vectors_or_failures_in_their_order(tiny_model, shared):
    folder = shared / "photos" / "robust"
    found = seen(tiny_model, [str(folder)])
    alone = dict.fromkeys(one.query.file_name for one in found)
    encoded = encode_images(tiny_model, [(name, Path(name)) for name in alone], OPTIONS)
    vectors = dict(zip(encoded.embeddings.ids, encoded.embeddings.vectors, strict=True))
    reasons = {failure.id: failure.reason for failure in encoded.errors}
    assert len(found) == len(vectors) + len(reasons) > 30
    for one in found:
        if isinstance(one.outcome, Failure):
            assert one.outcome.reason == reasons[one.query.file_name]
        else:
            np.testing.assert_allclose(one.outcome, vectors[one.query.file_name], atol=1e-5)


def test_an_image_of_the_web_has_the_vector_of_its_bytes_and_a_missing_one_is_a_failure(tiny_model, pictures, tmp_path):
    body = (pictures / "a.png").read_bytes()

    def answers(host, path):
        return (200, {}, body) if path == "/a.png" else (404, {}, b"no")

    with running(answers) as port:
        base = f"http://127.0.0.1:{port}"
        (tmp_path / "t.csv").write_text(f'url,bbox\n{base}/a.png,\n{base}/b.png,\n{base}/a.png,"2,3,10,8"\n')
        whole, missing, part = seen(tiny_model, str(tmp_path / "t.csv"), boxes="bbox")
    np.testing.assert_allclose(whole.outcome, plain(tiny_model, body), atol=1e-5)
    assert (missing.outcome.reason, missing.query.file_name) == ("http_404", f"{base}/b.png")
    with Image.open(pictures / "a.png") as image:
        np.testing.assert_allclose(part.outcome, plain(tiny_model, image.crop((2, 3, 12, 11))), atol=1e-5)
    assert whole.query.content == b""
