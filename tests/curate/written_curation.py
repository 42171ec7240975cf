"""A finished curation as it lies on disk, made row by row, so that every number of it is known beforehand."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

from thuja.curate.rows import STEP_SCHEMA
from thuja.record import CATALOG_SCHEMA, uuid_of_source

Row = dict[str, Any]
Change = Callable[[Row], Mapping[str, Any]]

TAXA = {
    "Corvus corax": ("Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", "corax"),
    "Pica pica": ("Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Pica", "pica"),
    "Parus major": ("Animalia", "Chordata", "Aves", "Passeriformes", "Paridae", "Parus", "major"),
    "Quercus robur": ("Plantae", "Tracheophyta", "Magnoliopsida", "Fagales", "Fagaceae", "Quercus", "robur"),
    "Quercus": ("Plantae", "Tracheophyta", "Magnoliopsida", "Fagales", "Fagaceae", "Quercus", None),
}
RANKS = ("kingdom", "phylum", "class", "order", "family", "genus", "species")
SOURCES = [{"kind": "folder", "path": "/home/anna/photos"}, {"kind": "gbif", "path": "/home/anna/dwca.zip"}]
RECIPE = {
    "people": {"detector": "yunet", "min_score": 0.985},
    "leaks": {"max_distance": 10},
    "seed": 0,
    "sources": SOURCES,
}


def paint(path: Path, number: int) -> Path:
    """A picture of a few blots, another for every number, with a place of GPS in its EXIF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(number)
    small = generator.integers(40, 256, (5, 6, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    Image.fromarray(small).resize((300, 250), Image.Resampling.BICUBIC).save(path, exif=exif)
    return path


def source_rows(folder: Path) -> list[Row]:
    """60 images of five taxa from two sources: every third is EOL's, the others are GBIF's."""
    rows = []
    names = list(TAXA)
    for number in range(60):
        source = "EOL" if number % 3 == 0 else "GBIF"
        path = paint(folder / "images" / f"{number}.jpg", number)
        row: Row = {
            "uuid": uuid_of_source(source, f"{number}"),
            "data_source": source,
            "source_id": f"{number}",
            "source_url": f"https://images.example/{number}.jpg",
            "occurrence_id": f"occurrence:{number // 2}",
            "verbatim_name": names[number % 5] if number % 7 else names[number % 5].upper(),
            "license_name": ("CC BY 4.0", "CC0 1.0", "CC BY-NC 4.0")[number % 3],
            "basis_of_record": "HUMAN_OBSERVATION" if number % 4 else "PRESERVED_SPECIMEN",
            "event_date": f"{2015 + number % 8}-05-01",
            "country_code": ("SE", "NO", "DE")[number % 3],
            "path": str(path),
            "place": str(path),
        }
        rows.append(row)
    return rows


def name(row: Row) -> Row:
    taxon = next(name for name in TAXA if name.lower() == str(row["verbatim_name"]).lower())
    ranks = dict(zip(RANKS, TAXA[taxon], strict=True))
    lineage = " ".join(value for value in ranks.values() if value)
    status = "exact" if taxon == row["verbatim_name"] else "fuzzy"
    told = {"resolution_status": status, "resolution_score": 0.98, "resolution_reason": f"read as {taxon}"}
    return {**ranks, "scientific_name": taxon, "lineage": lineage, **told}


def drop(reason: str, **facts: Any) -> Row:
    return {"drop_reason": reason, **facts}


def steps_of(rows: Sequence[Row]) -> dict[str, Change]:
    """What each step does; the rows that it drops are known by their source_id."""
    first = rows[10]["uuid"]

    def check(row: Row) -> Row:
        sized = {"sha256": f"{int(row['source_id']):064x}", "width": 300, "height": 250, "pdq": f"{2**64 - 1:064x}"}
        return drop("undecodable") if row["source_id"] in ("1", "2") else sized

    def people(row: Row) -> Row:
        return drop("person", person_score=0.993) if row["source_id"] in ("5", "6", "7") else {"person_score": 0.01}

    def quality(row: Row) -> Row:
        sharpness = 0.2 if row["source_id"] in ("20", "21", "22", "23") else 0.9
        return {"sharpness": sharpness} | (drop("blurred") if sharpness < 0.5 else {})

    def duplicates(row: Row) -> Row:
        near = {"pdq": f"{2**64 - 4:064x}", "duplicate_of": first}
        return drop("near_duplicate", **near) if row["source_id"] in ("30", "31") else {}

    def leaks(row: Row) -> Row:
        found = {"40": "newt:pdq;fishnet:source_url", "41": "newt:pdq"}
        return drop("leak", leak_of=found[row["source_id"]]) if row["source_id"] in found else {}

    def splits(row: Row) -> Row:
        return {"split": "test" if int(row["source_id"]) % 6 == 0 else "train"}

    def pack(row: Row) -> Row:
        return {"shard_filename": f"{row['split']}-00000.tar"}

    return {
        "read": lambda row: {},
        "names": name,
        "check": check,
        "quality": quality,
        "people": people,
        "duplicates": duplicates,
        "leaks": leaks,
        "splits": splits,
        "pack": pack,
    }


def write_curation(folder: Path, rows: Sequence[Row], steps: Mapping[str, Change], *, complete: bool = True) -> Path:
    """Write the steps in their order, then the catalog and what stands beside it, as `thuja curate` does."""
    schema = dict(pl.DataFrame(pl.from_arrow(STEP_SCHEMA.empty_table())).schema)
    table: list[Row] = [dict.fromkeys(STEP_SCHEMA.names) | row for row in rows]
    for number, (step, change) in enumerate(steps.items()):
        given = [row for row in table if row["drop_reason"] is None]
        for row in given:
            row |= change(row)
            if row["drop_reason"] is not None:
                row["dropped_by"] = step
        path = folder / "steps" / f"{number}-{step}" / "unit-00000"
        path.mkdir(parents=True)
        pl.DataFrame(table, schema=schema).write_parquet(path / "rows.parquet")
        reasons = [row["drop_reason"] for row in given if row["drop_reason"]]
        counts = {"name": step, "read": len(given), "kept": len(given) - len(reasons)}
        dropped = {reason: reasons.count(reason) for reason in sorted(set(reasons))}
        marker = {"fingerprint": f"{number}", "counts": counts | {"dropped": dropped}, "notes": {}}
        (folder / "steps" / f"{number}-{step}.json").write_text(json.dumps(marker))
    state = "complete" if complete else "running"
    (folder / "thuja.job.json").write_text(json.dumps({"verb": "curate", "state": state, "thuja": "0.1.0"}))
    if complete:
        catalog = pl.DataFrame(table, schema=schema)
        catalog.select(CATALOG_SCHEMA.names).sort("path").write_parquet(folder / "catalog.parquet")
        columns = ["verbatim_name", "resolution_status", "scientific_name", "common", "family", "resolution_reason"]
        kept = catalog.filter(pl.col("drop_reason").is_null())
        kept.group_by(columns).agg(images=pl.len()).sort(columns).write_csv(folder / "names.csv")
        (folder / "recipe.json").write_text(json.dumps(RECIPE))
        (folder / "summary.json").write_text(json.dumps({"source": "two sources", "warnings": ["a word of warning"]}))
    return folder


def write_small(folder: Path, *, complete: bool = True) -> Path:
    """60 images, 13 of them dropped by five steps, 47 kept: 8 of the test split, 39 of train."""
    rows = source_rows(folder)
    return write_curation(folder / "data", rows, steps_of(rows), complete=complete)
