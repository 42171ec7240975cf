"""Whatever a user names, as queries: their names, ids, cells, boxes and groups."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from thuja.embeddings import Embeddings
from thuja.encode.tables import Flaw
from thuja.errors import UnknownName, UsageError
from thuja.images import encode_jpeg
from thuja.predict.inputs.boxes import Box
from thuja.predict.inputs.finding import InputOptions, find_inputs
from thuja.record import Record
from thuja.shards import ShardWriter


def queries(named, **options):
    return [query for _, query in find_inputs(named, InputOptions(**options)).queries()]


def table(tmp_path, text, name="list.csv"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / name


def detected(tmp_path, images, name="md.json"):
    path = tmp_path / name
    path.write_text(json.dumps({"images": images, "detection_categories": {"1": "animal"}}))
    return path


def embedded(tmp_path, *, model="m", dim=4, name="emb.parquet", **columns):
    vectors = np.random.default_rng(0).standard_normal((3, dim)).astype(np.float32)
    embeddings = Embeddings(ids=["a", "b", "c"], vectors=vectors, model=model, columns=pa.table(columns))
    embeddings.save(tmp_path / name)
    return tmp_path / name


def test_files_folders_and_patterns_come_in_the_order_named_and_twice_when_named_twice(pictures):
    found = queries([str(pictures / "c.png"), str(pictures), str(pictures / "?.png"), pictures / "c.png"])
    names = [query.file_name.rsplit("/", 1)[1] for query in found]
    assert names == ["c.png", "a.png", "b.jpg", "c.png", "d.png", "a.png", "c.png", "c.png"]
    assert all(query.id == query.file_name for query in found)


def test_a_row_of_a_table_has_its_cells_and_its_own_id_and_the_name_of_its_file(pictures, tmp_path):
    path = table(tmp_path, f'uuid,path,note\nu1,{pictures}/a.png,"x, ""y"""\nu2,,\n')
    one, two = queries(str(path))
    assert (one.file_name, one.id, one.cells["note"]) == (f"{pictures}/a.png", "u1", 'x, "y"')
    assert isinstance(two.content, Flaw)
    assert (two.id, two.file_name) == ("u2", f"{path}#2")


def test_images_arrays_bytes_and_names_may_be_mixed_and_are_called_by_their_place(pictures):
    image = Image.open(pictures / "a.png")
    array = np.asarray(image)
    found = queries([image, array, (pictures / "a.png").read_bytes(), str(pictures / "a.png")])
    assert [query.file_name for query in found] == ["0", "1", "2", str(pictures / "a.png")]
    shown = [np.asarray(query.image()) for query in found]
    assert all(np.array_equal(one, array) for one in shown)


def test_one_image_alone_needs_no_list(pictures):
    path = pictures / "a.png"
    with Image.open(path) as image:
        array = np.asarray(image)
        for alone in (image, array, array[None], path.read_bytes(), path, str(path), np.array([str(path)])):
            assert len(queries(alone)) == 1


def test_an_image_opened_by_hand_is_turned_upright_as_its_file_is(tmp_path):
    pixels = np.zeros((4, 8, 3), np.uint8)
    pixels[:, 0] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    by_hand, by_name = queries([Image.open(tmp_path / "turned.png"), tmp_path / "turned.png"])
    assert by_hand.image().size == (4, 8)
    assert np.array_equal(np.asarray(by_hand.image()), np.asarray(by_name.image()))


def test_an_array_that_is_no_image_is_a_flaw_and_another_thing_a_usage_error():
    found = queries([np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 7), np.uint8), np.zeros(3, np.uint8)])
    assert [query.content.reason for query in found] == ["unsupported"] * 3
    with pytest.raises(UsageError, match="int"):
        queries([3])


def test_an_array_changed_later_is_answered_as_it_was_handed_in():
    buffer = np.zeros((4, 4, 4), np.uint8)
    buffer[..., 3] = 255

    def camera():
        for grey in (10, 20):
            buffer[..., :3] = grey
            yield buffer

    found = [query for _, query in find_inputs(camera()).queries()]
    assert [int(np.asarray(query.image())[0, 0, 0]) for query in found] == [10, 20]


def test_an_iterator_is_taken_as_it_comes(pictures):
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield pictures / "a.png"

    stream = find_inputs(endless()).queries()
    assert next(stream)[1].file_name == str(pictures / "a.png")
    assert len(taken) == 1


def test_columns_with_boxes_are_named_and_cut_their_rows(pictures, tmp_path):
    path = table(tmp_path, f"path,x,y,width,height\n{pictures}/a.png,0.5,0,0.5,1\n{pictures}/a.png,2,3,4,5\n,1,2,3,4\n")
    half, pixels, none = queries(str(path), boxes="x,y,width,height")
    assert (half.box.is_relative, half.image().size) == (True, (12, 20))
    assert (pixels.box, pixels.image().size) == (Box.of((2, 3, 4, 5)), (4, 5))
    assert isinstance(none.content, Flaw)
    assert queries(str(path))[0].box is None  # width and height are often those of the image


def test_a_broken_box_is_its_rows_flaw_and_an_empty_one_the_whole_image(pictures, tmp_path):
    path = table(tmp_path, f'path,bbox\n{pictures}/a.png,"1,2,x,4"\n{pictures}/a.png,\n')
    broken, whole = queries(str(path), boxes="bbox")
    assert broken.content.reason == "broken_box"
    assert (whole.box, whole.image().size) == (None, (24, 20))


def test_a_detectors_file_gives_a_folder_one_query_a_box_and_keeps_the_empty(pictures, tmp_path):
    box = {"category": "1", "conf": 0.9, "bbox": [0, 0, 0.5, 0.5]}
    path = detected(
        tmp_path,
        [
            {"file": "deeper/d.png", "detections": [box, {**box, "bbox": [0.5, 0.5, 0.5, 0.5]}]},
            {"file": "a.png", "detections": []},
            {"file": "b.jpg", "detections": None, "failure": "Failure image access"},
        ],
    )
    found = queries(str(pictures), boxes=str(path))
    told = [(query.file_name.rsplit("/", 1)[1], query.box, getattr(query.content, "reason", "")) for query in found]
    assert [(name, reason) for name, _, reason in told] == [
        ("a.png", "no_detection"),
        ("b.jpg", "detector_failed"),
        ("c.png", "no_boxes"),
        ("d.png", ""),
        ("d.png", ""),
    ]
    assert [box.x for _, box, _ in told[3:]] == [0, 0.5]


def test_a_detectors_file_is_a_list_of_images_too_in_its_order(pictures):
    box = {"category": "1", "conf": 0.9, "bbox": [0, 0, 0.5, 0.5]}
    path = detected(pictures, [{"file": "deeper\\d.png", "detections": [box]}, {"file": "a.png", "detections": [box]}])
    inputs = find_inputs([str(path)])
    assert (inputs.has_boxes, inputs.count()) == (True, 2)
    found = [query for _, query in inputs.queries()]
    assert [query.file_name for query in found] == ["deeper/d.png", "a.png"]
    assert found[1].content == pictures / "a.png"


def test_rows_of_one_value_are_a_group_and_an_empty_cell_is_none(pictures, tmp_path):
    path = table(tmp_path, f"path,sequence_id\n{pictures}/a.png,7\n{pictures}/c.png,\n{pictures}/a.png,7\n")
    inputs = find_inputs(str(path), InputOptions(group_by="sequence_id"))
    assert [query.group for _, query in inputs.queries()] == ["7", None, "7"]
    assert inputs.group_sizes() == {"7": 2}


def test_images_are_grouped_by_their_folder_where_no_column_is_called_so(pictures):
    inputs = find_inputs(str(pictures), InputOptions(group_by="folder"))
    groups = [query.group for _, query in inputs.queries()]
    assert groups == [str(pictures)] * 3 + [str(pictures / "deeper")]
    assert inputs.group_sizes() == {str(pictures): 3, str(pictures / "deeper"): 1}


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"group_by": "sequence"}, UnknownName, "sequence_id"),
        ({"boxes": "bbox"}, UnknownName, "column to box"),
        ({"boxes": "x,y"}, UsageError, "one column or in four"),
        ({"boxes": "bbox", "min_conf": 0.5}, UsageError, "min-conf"),
        ({"column": "image"}, UnknownName, "column of"),
    ],
)
def test_columns_that_are_not_there_are_said_at_once(pictures, tmp_path, options, error, said):
    path = table(tmp_path, f"path,sequence_id\n{pictures}/a.png,7\n")
    with pytest.raises(error, match=said):
        queries(str(path), **options)


def test_a_column_without_a_table_is_said(pictures):
    for options in ({"group_by": "sequence_id"}, {"boxes": "bbox"}, {"column": "image"}):
        with pytest.raises(UsageError, match="none is named"):
            queries([str(pictures)], **options)


def test_what_does_not_exist_is_said_before_anything_is_read(pictures):
    for name in ("nowhere.jpg", "nowhere/*.png", "s3://bucket/a.jpg"):
        with pytest.raises(UsageError):
            find_inputs([str(pictures), name])
    with pytest.raises(UsageError, match="named twice"):
        find_inputs(["-", "-"])


def test_embeddings_are_queries_with_their_vectors_and_columns(tmp_path):
    path = embedded(tmp_path, path=["x.jpg", None, "y.jpg"], group=["g", "g", "h"])
    inputs = find_inputs(str(path), InputOptions(group_by="group"))
    found = [query for _, query in inputs.queries()]
    assert (inputs.is_ready, inputs.count(), inputs.group_sizes()) == (True, 3, {"g": 2, "h": 1})
    assert [(query.file_name, query.id, query.group) for query in found] == [
        ("x.jpg", "a", "g"), ("b", "b", "g"), ("y.jpg", "c", "h")
    ]  # fmt: skip
    assert np.array_equal(found[2].content, Embeddings.load(path).vectors[2])
    held = find_inputs([Embeddings.load(path)], InputOptions(group_by="group"))
    assert [(query.id, query.group) for _, query in held.queries()] == [(query.id, query.group) for query in found]
    assert held.group_sizes() == {"g": 2, "h": 1}


@pytest.mark.parametrize(
    ("model", "dim", "said"), [("other", 4, "by other"), ("m", 5, "5 dimensions"), ("", 4, "do not say")]
)
def test_embeddings_of_another_model_are_refused(tmp_path, model, dim, said):
    path = embedded(tmp_path, model=model, dim=dim)
    with pytest.raises(UsageError, match=said):
        find_inputs(str(path)).require_made_by("m", 4)


def test_a_parquet_table_of_images_is_none_of_embeddings(pictures, tmp_path):
    data = (pictures / "a.png").read_bytes()
    pq.write_table(pa.table({"image": pa.array([data], pa.binary()), "site": ["s"]}), tmp_path / "images.parquet")
    [query] = queries(str(tmp_path / "images.parquet"))
    assert (query.content, query.cells) == (data, {"site": "s"})


def test_standard_input_lists_names(pictures, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{pictures}/a.png\n\nhttp://x/y.jpg\n".encode())))
    assert [query.file_name for query in queries(["-"])] == [f"{pictures}/a.png", "http://x/y.jpg"]


def test_a_shards_images_are_grouped_by_what_their_records_say(tmp_path):
    with ShardWriter(tmp_path / "shards", "train") as writer:
        for number, event in enumerate(["e1", "e2", "e1", None]):
            facts = {"latitude": 1.5, **({"observation_id": event} if event else {})}
            writer.write(Record(uuid=f"id{number}", path="x", facts=facts), encode_jpeg(Image.new("RGB", (20, 20))))
    found = queries([str(tmp_path / "shards")], group_by="observation_id")
    assert [query.group for query in found] == ["e1", "e2", "e1", None]
    assert found[0].cells["latitude"] == 1.5
    with pytest.raises(UnknownName, match="observation_id"):
        queries([str(tmp_path / "shards")], group_by="observation")
