"""INQUIRE: expert queries over nature photos, as a ranking of all iNat24 (FULL) and of 100 candidates a query (RERANK).

What it is: 250 queries (50 validation, 200 test: Behavior 67, Appearance 66, Context 49, Species 18) with some
33,000 relevant images among iNat24's 5,000,000 (arXiv:2411.02537). Both tasks here are of the test split. RERANK has
the 100 images that CLIP ViT-H-14-378 found first, for the 160 test queries where some of those are relevant.

Where: queries and annotations in `data/inquire` of github.com/inquire-benchmark/INQUIRE; iNat24 (441 GB) at
ml-inat-competition-datasets.s3.amazonaws.com/2024/train.tar.gz; RERANK is the data set evendrow/INQUIRE-Rerank of
huggingface.co.

Licence: RERANK is CC BY-NC 4.0; each photo of iNat24 has its own Creative Commons licence, told in its metadata.

Layout of FULL, as in the `data` folder of that repository: `inquire/inquire_queries_test.csv` (`query_id`,
`query_text`, `supercategory`, ...), `inquire/inquire_annotations.csv` (`query_id`, `image_id`, `image_path`: every
row is a relevant image) and `inat24/train/<class>/<uuid>.jpg`. What lies in `train` is the gallery, and figures over
fewer than 5,000,000 images say so. Layout of RERANK, as the hub has it: `data/test-*.parquet`, whose images are
unpacked to `images/<inat24_image_id>.jpg` beside it at the first reading; or `test.csv` with the same columns and the
images there already.

Public (INQUIRE's `eval_fullrank.py`, `eval_rerank_with_clip.py`, BioCAP's copy of the latter): the raw query; cosine
by the first projector; AP, nDCG and MRR to k = 50 for FULL, over all 100 candidates for RERANK, AP over
min(relevant, k). BioCAP's table has RERANK's AP by category.

Corrected: the caption projector where the model has one; equal scores in random order (the candidates are listed as
CLIP ranked them, and a model without an opinion must not inherit that); AP over all relevant images as well; for
RERANK also at k = 50; intervals over queries, and chance.

Not verified: which queries RERANK lacks, and its order of rows; its columns are those of its card.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.errors import BadFile
from thuja.evaluate.csv_tables import read_rows, require_below
from thuja.evaluate.protocols.queries import Queries, Query
from thuja.evaluate.task import About, Images, Task, require_layout
from thuja.jobs import in_one_sentence, put_file

GALLERY = 5_000_000
DEPTH = 50
_QUERIES = "inquire/inquire_queries_test.csv"
_ANNOTATIONS = "inquire/inquire_annotations.csv"
_TRAIN = "inat24/train"
_FACTS = ("query", "supercategory", "inat24_image_id", "relevant")
_PUBLIC = "the raw query, the first projector, AP over min(relevant, k), nDCG, MRR"
_CORRECTED = "the caption projector, equal scores in random order, AP over all relevant as well"

ABOUT_FULL = About(
    name="inquire",
    title="INQUIRE",
    where=(
        "queries and annotations: data/inquire of github.com/inquire-benchmark/INQUIRE; images: "
        "ml-inat-competition-datasets.s3.amazonaws.com/2024/train.tar.gz (441 GB)"
    ),
    licence="a Creative Commons licence for each photo, told in iNat24's train.json",
    layout=(
        f"{_QUERIES} with query_id, query_text, supercategory\n"
        f"{_ANNOTATIONS} with query_id, image_path\n{_TRAIN}/<class>/<uuid>.jpg"
    ),
    column="INQUIRE",
    measure=f"AP@{DEPTH}",
    public=_PUBLIC,
    corrected=_CORRECTED,
)

ABOUT_RERANK = About(
    name="inquire_rerank",
    title="INQUIRE-Rerank",
    where="huggingface.co/datasets/evendrow/INQUIRE-Rerank",
    licence="CC BY-NC 4.0",
    layout=(
        f"data/test-*.parquet with image, {', '.join(_FACTS)}\nor test.csv with these, and images/<inat24_image_id>.jpg"
    ),
    column="INQUIRE-Rerank",
    measure="AP",
    public=_PUBLIC,
    corrected=_CORRECTED,
)


def read_full(folder: Path) -> Queries:
    """Read queries, annotations and what the gallery holds; raises BadFile for another layout."""
    root = Path(folder)
    queries = read_rows(root / _QUERIES, ABOUT_FULL, ("query_id", "query_text", "supercategory"), folder=root)
    annotations = read_rows(root / _ANNOTATIONS, ABOUT_FULL, ("query_id", "image_path"), folder=root)
    if not (root / _TRAIN).is_dir():
        raise require_layout(root, ABOUT_FULL, found=f"there is no folder {_TRAIN}")
    asked = {row["query_id"] for row in queries}
    pairs = [(row["query_id"], f"inat24/{row['image_path']}") for row in annotations if row["query_id"] in asked]
    require_below(root / _ANNOTATIONS, (path for _, path in pairs))
    paths = list(_gallery(root))
    wanted = {path for _, path in pairs}
    row_of = {path: row for row, path in enumerate(paths) if path in wanted}
    # A relevant image that is not there has its row too: the suite lists it, and asks what to do.
    for path in sorted(wanted - row_of.keys()):
        row_of[path] = len(paths)
        paths.append(path)
    relevant: dict[str, dict[int, None]] = {name: {} for name in asked}
    for name, path in pairs:
        relevant[name][row_of[path]] = None
    return Queries(
        images=Images(folder=root, paths=tuple(paths)),
        queries=tuple(
            Query(text=row["query_text"], category=row["supercategory"], relevant=tuple(relevant[row["query_id"]]))
            for row in queries
        ),
        depths=(DEPTH,),
        gallery=GALLERY,
    )


def read_rerank(folder: Path) -> Queries:
    """Read the candidates of each query, and unpack their images where that is not done; raises BadFile."""
    root = Path(folder)
    files = sorted((root / "data").glob("test-*.parquet"))
    rows = list(_candidates(root, files))
    if not rows:
        raise require_layout(root, ABOUT_RERANK, found="its tables have no row")
    row_of = {name: row for row, name in enumerate(dict.fromkeys(row.image for row in rows))}
    paths = tuple(f"images/{name}.jpg" for name in row_of)
    require_below(root, paths)  # images are written there
    _unpack(files, {name: root / path for name, path in zip(row_of, paths, strict=True)})
    by_text: dict[str, list[_Candidate]] = {}
    for row in rows:
        by_text.setdefault(row.query, []).append(row)
    return Queries(
        images=Images(folder=root, paths=paths),
        queries=tuple(
            Query(
                text=text,
                category=found[0].category,
                relevant=tuple(dict.fromkeys(row_of[row.image] for row in found if row.is_relevant)),
                candidates=tuple(dict.fromkeys(row_of[row.image] for row in found)),
            )
            for text, found in sorted(by_text.items())
        ),
        depths=(None, DEPTH),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    query: str
    category: str
    image: str
    is_relevant: bool


def _gallery(root: Path) -> Iterator[str]:
    """The paths of all images, class by class; millions, so no Path is made for each."""
    with os.scandir(root / _TRAIN) as found:
        classes = sorted(entry.name for entry in found if entry.is_dir())
    for name in classes:
        with os.scandir(root / _TRAIN / name) as found:
            yield from sorted(f"{_TRAIN}/{name}/{entry.name}" for entry in found if entry.name.endswith(".jpg"))


def _candidates(root: Path, files: Sequence[Path]) -> Iterator[_Candidate]:
    tables = (_facts(root, path) for path in files)
    rows: Iterable[dict[str, Any]] = (row for table in tables for row in table.to_pylist())
    for row in rows if files else read_rows(root / "test.csv", ABOUT_RERANK, _FACTS):
        if str(row["relevant"]) not in ("0", "1"):
            raise BadFile(f'{root} says of an image that it is relevant: "{row["relevant"]}"', hint="0 or 1")
        if not row["query"] or row["inat24_image_id"] is None:
            raise BadFile(f"{root} has a candidate without a query or an image", hint="download it again")
        yield _Candidate(
            query=row["query"],
            category=row["supercategory"],
            image=str(row["inat24_image_id"]),
            is_relevant=str(row["relevant"]) == "1",
        )


def _facts(root: Path, path: Path) -> pa.Table:
    try:
        names = pq.read_schema(path).names
        lacking = [name for name in ("image", *_FACTS) if name not in names]
        if not lacking:
            return pq.read_table(path, columns=list(_FACTS))
    except (pa.ArrowException, OSError) as error:
        raise BadFile(f"{path} is not a Parquet file: {error}", hint="download it again") from error
    raise require_layout(root, ABOUT_RERANK, found=f"{path.name} has no column {', '.join(lacking)}")


def _unpack(files: Sequence[Path], path_of: dict[str, Path]) -> None:
    """Write the images that are not there yet, a few rows of the tables in memory at a time."""
    missing = {name for name, path in path_of.items() if not path.is_file()}
    for file in files if missing else []:
        for batch in pq.ParquetFile(file).iter_batches(64, columns=["image", "inat24_image_id"]):
            for row in batch.to_pylist():
                name, image = str(row["inat24_image_id"]), row["image"]
                if name in missing and image and image["bytes"]:
                    with in_one_sentence(
                        path_of[name], hint="the images are unpacked beside the tables: let it be written"
                    ):
                        put_file(path_of[name], partial(bytes, image["bytes"]))
                    missing.discard(name)


FULL = Task(about=ABOUT_FULL, read=read_full)
RERANK = Task(about=ABOUT_RERANK, read=read_rerank)
TASKS = (FULL, RERANK)
