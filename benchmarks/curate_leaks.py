"""What the leak gate finds of planted copies, what it drops of unrelated photos, and how fast it is.

    python benchmarks/curate_leaks.py [--photos ../shared/photos] [--each 120] [--hashes 100000]

Copies of real photos (each flip and turn, recompressed, resized, cut) stand against an index of the originals. Photos
of each set stand against the indexes of the others: whatever is found there is looked at as a false drop. The speed is
that of random hashes and ids.
"""

import argparse
import io
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

from thuja.curate.check import measures
from thuja.curate.leaks import LeakIndexSettings, LeakSettings, build_leak_index, open_finder
from thuja.curate.leaks.embedding import unit
from thuja.curate.leaks.finding import READ, LeakFinder
from thuja.curate.leaks.index import SCHEMA
from thuja.curate.rows import KINDS
from thuja.errors import ImageError
from thuja.images import decode, read_image

Change = Callable[[Image.Image], Image.Image]


def scaled(share: float) -> Change:
    return lambda image: image.resize([max(1, round(side * share)) for side in image.size], Image.Resampling.LANCZOS)


def cut(share: float) -> Change:
    def change(image: Image.Image) -> Image.Image:
        width, height = image.size
        return image.crop((int(width * share), int(height * share), width, height))

    return change


CHANGES: dict[str, Change] = {
    "recompressed": lambda image: image,
    **{turn.name.lower(): (lambda image, turn=turn: image.transpose(turn)) for turn in Image.Transpose},
    "half size": scaled(0.5),
    "double size": scaled(2),
    "mirrored, half size": lambda image: scaled(0.5)(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
    "cut by 1 %": cut(0.01),
    "cut by 2 %": cut(0.02),
}


def row_of(image: Image.Image) -> dict[str, object]:
    return {"pdq_quality": 0, **{name: value for name, value in measures(image).items() if name in KINDS}}


def batch_of(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame([{name: row.get(name) for name in READ} for row in rows], schema={n: KINDS[n] for n in READ})


def compressed(image: Image.Image, quality: int = 80) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return decode(buffer.getvalue())


def chosen(photos: Path, each: int) -> pl.DataFrame:
    """Up to `each` photos of each set, the same every time; hostile files aside."""
    table = pl.read_csv(photos / "manifest.csv").filter(pl.col("set") != "robust")
    return table.filter(pl.int_range(pl.len()).shuffle(seed=0).over("set") < each)


def planted(finder: LeakFinder, images: dict[str, list[Image.Image]]) -> None:
    print("\ncopies found by PDQ within 10 bits, of those whose original has a quality of 50 or more")
    names = list(images)
    print("change\t" + "\t".join(names))
    for name, change in CHANGES.items():
        cells = []
        for group in names:
            batch = batch_of([row_of(compressed(change(image))) for image in images[group]])
            good = [measures(image)["pdq_quality"] >= 50 for image in images[group]]
            found = finder.find(batch).str.contains("pdq").fill_null(value=False).filter(pl.Series(good))
            cells.append(f"{found.sum()}/{len(found)}")
        print(name + "\t" + "\t".join(cells))


def unrelated(photos: Path, table: pl.DataFrame, folder: Path) -> None:
    """Every set against the indexes of all others."""
    print("\nphotos of each set found in the other sets, in which none of them is")
    rows = {name: [] for name in table["set"].unique().sort()}
    for name, file in table.select("set", "file").iter_rows():
        try:
            rows[name].append(row_of(read_image(photos / file)) | {"path": file})
        except ImageError:
            continue
    for name in rows:
        others = tuple(folder / f"{other}.parquet" for other in rows if other != name)
        found = open_finder(LeakSettings(indexes=others)).find(batch_of(rows[name]))
        hits = [(row["path"], leak) for row, leak in zip(rows[name], found, strict=True) if leak]
        print(f"{name}\t{len(hits)}/{len(rows[name])}\t{hits[:3]}")


def cosines(shared: Path) -> None:
    table = pl.read_parquet(shared / "data" / "bioclip2_embeddings_1k.parquet")
    rows = unit(table["emb"].to_list())
    products = rows @ rows.T
    np.fill_diagonal(products, -1)
    best = products.max(axis=1)
    shares = {cosine: float((best >= cosine).mean()) for cosine in (0.9, 0.95, 0.98)}
    print(
        f"\nBioCLIP 2 vectors of {len(rows)} photos: the likest other at {np.quantile(best, [0.5, 0.99, 1]).round(3)}"
    )
    print("share with another at or above: " + ", ".join(f"{cosine}: {share:.2%}" for cosine, share in shares.items()))


def speed(folder: Path, hashes: int, rows: int = 200_000) -> None:
    rng = np.random.default_rng(0)
    flips = rng.integers(0, 256, (hashes, 256), dtype=np.uint8)
    columns = {name: pl.lit(None, pl.String).alias(name) for name in SCHEMA.names}
    table = (
        pl.DataFrame({"number": range(hashes)})
        .with_columns(columns.values())
        .with_columns(
            pl.Series("pdq_flips", [row.tobytes() for row in flips]),
            pl.lit(100, pl.Int64).alias("pdq_quality"),
            (pl.lit("https://a.org/") + pl.col("number").cast(pl.String)).alias("source_url"),
            pl.col("number").cast(pl.String).alias("gbif_id"),
            pl.lit(None, pl.List(pl.Float32)).alias("emb"),
        )
    )
    path = folder / "speed.parquet"
    (folder / "one.csv").write_text("md5\naa\n")
    build_leak_index(folder / "one.csv", path, LeakIndexSettings(name="speed"))
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    pq.write_table(table.select(SCHEMA.names).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema), path)
    started = time.perf_counter()
    finder = open_finder(LeakSettings(indexes=(path,)))
    opened = time.perf_counter() - started
    ours = rng.integers(0, 256, (rows, 32), dtype=np.uint8)
    number = np.arange(rows) + hashes // 2
    batch = pl.DataFrame({"number": number}).with_columns(
        pl.lit(None, KINDS[name]).alias(name) for name in READ
    ).with_columns(
        pl.Series("pdq", [row.tobytes().hex() for row in ours]),
        pl.lit(100, pl.Int64).alias("pdq_quality"),
        (pl.lit("http://www.a.org/") + pl.col("number").cast(pl.String)).alias("source_url"),
        pl.col("number").cast(pl.String).alias("gbif_id"),
        pl.lit("2020-01-01").alias("event_date"),
        pl.lit("Jane Smith | J. Doe").alias("recorded_by"),
    )  # fmt: skip
    started = time.perf_counter()
    found = finder.find(batch)
    took = time.perf_counter() - started
    print(f"\nindex of {hashes:,} images ({8 * hashes:,} hashes) opened in {opened:.1f} s")
    print(f"{rows:,} rows in {took:.2f} s, {rows / took:,.0f} rows/s on one core; {found.count():,} found by id")
    print(f"extrapolated to 200 M rows: {200e6 / rows * took / 3600:.1f} core-hours")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=Path, default=Path(os.environ.get("THUJA_SHARED", "../shared")) / "photos")
    parser.add_argument("--each", type=int, default=120)
    parser.add_argument("--hashes", type=int, default=100_000)
    asked = parser.parse_args()
    random.seed(0)
    table = chosen(asked.photos, asked.each)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        speed(folder, asked.hashes)
        cosines(asked.photos.parent)
        images: dict[str, list[Image.Image]] = {}
        for group in table["set"].unique().sort():
            files = table.filter(pl.col("set") == group)["file"].to_list()
            listed = folder / f"{group}.csv"
            pl.DataFrame({"file": files}).write_csv(listed)
            settings = LeakIndexSettings(name=group)
            (folder / "links").mkdir(exist_ok=True)
            build_leak_index(link(asked.photos, files, folder / "links" / group), folder / f"{group}.parquet", settings)
            images[group] = [read_image(asked.photos / file) for file in files[:40]]
        finder = open_finder(LeakSettings(indexes=tuple(folder / f"{group}.parquet" for group in images)))
        planted(finder, images)
        unrelated(asked.photos, table, folder)


def link(photos: Path, files: list[str], folder: Path) -> Path:
    """A folder of links to these photos: an evaluation set."""
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to((photos / file).absolute())
    return folder


if __name__ == "__main__":
    main()
