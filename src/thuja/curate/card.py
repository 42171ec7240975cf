"""The data card: README.md in Hugging Face's form and croissant.json, from the catalog and what is told of it.

The same catalog and facts give the same files; nothing of the day or the machine is in them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from huggingface_hub import DatasetCardData

from thuja import __version__
from thuja.curate.card_counts import UNKNOWN, CardTables, card_tables
from thuja.curate.catalog_counts import RANK_NAMES, count_catalog
from thuja.curate.citations import Citation, DatasetCitation, SourceCitations, citations_of, cite_download
from thuja.curate.croissant import CroissantFacts, croissant
from thuja.curate.markdown import cell, fenced, table
from thuja.curate.outputs import scan_catalog
from thuja.curate.published import published
from thuja.curate.steps import StepCounts
from thuja.jobs import atomic_path, write_json, write_text
from thuja.record import SPLITS
from thuja.shards import Manifest, read_manifest

CARD, CROISSANT, DATASETS = "README.md", "croissant.json", "datasets.csv"
_SIZES = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")
_SHOWN = 50
_LIMITS = (
    "Names are those that the sources gave, resolved by a program. Some are wrong, and a misidentified organism keeps "
    "its wrong name.",
    "Images are where people and programs took them: some regions, groups and seasons have many, most have few.",
    "Duplicates and leaks are found by hashes and ids. What was cropped, mirrored or redrawn beyond their reach stays.",
    "Every image keeps its own licence, which is in the catalog, row by row. Read it before you publish an image.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """What a card tells beside the catalog's own counts.

    `recipe` is what was curated by, as recipe.json has it; what names folders or people is left out here.
    `steps` is what each step kept and dropped;
    `citations` what a source says of its data sets, by `data_source`; `licence` that of the
    compilation, as Hugging Face names it; `shards` the folder of shards in the data folder.
    """

    name: str
    description: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    steps: Sequence[StepCounts] = ()
    citations: Mapping[str, SourceCitations] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    licence: str = "other"
    url: str = ""
    date: str = ""
    version: str = ""
    catalog: str = "catalog.parquet"
    shards: str = "shards"


def write_card(folder: Path, facts: CardFacts) -> Path:
    """Write README.md, croissant.json and datasets.csv into a data folder; returns the card's path.

    Raises BadFile where the folder has no catalog.
    """
    folder = Path(folder)
    counts = card_tables(count_catalog(scan_catalog(folder / facts.catalog)))
    manifest = read_manifest(folder / facts.shards)
    cited = _citations(counts, facts)
    told = CroissantFacts(
        name=facts.name,
        description=_summary(counts, facts),
        licences=[facts.licence] if facts.licence != "other" else _licence_links(counts),
        url=facts.url,
        date=facts.date,
        version=facts.version,
        cite_as="; ".join(str(one) for one in cited),
        catalog=facts.catalog,
        shards=facts.shards,
    )
    write_json(folder / CROISSANT, croissant(folder, told, manifest))
    _write_datasets(folder / DATASETS, counts, facts)
    path = folder / CARD
    header = _header(counts, facts, manifest).to_yaml()
    write_text(
        path, f"---\n{header}\n---\n\n{''.join(_body(counts, facts, manifest=manifest, cited=cited))}".rstrip() + "\n"
    )
    return path


def size_category(images: int) -> str:
    """Hugging Face's word for a number of samples.

    >>> size_category(999), size_category(1000), size_category(213_900_000)
    ('n<1K', '1K<n<10K', '100M<n<1B')
    """
    steps = [10**power for power in range(3, 13)]
    above = sum(images >= step for step in steps)
    if above == 0:
        return "n<1K"
    return f"{_SIZES[above - 1]}<n<{_SIZES[above]}" if above < len(steps) else "n>1T"


def _header(counts: CardTables, facts: CardFacts, manifest: Manifest | None) -> DatasetCardData:
    there = [split for split in SPLITS if manifest is not None and manifest.splits.get(split)]
    files = [{"split": split, "path": f"{facts.shards}/{split}-*.tar"} for split in there]
    configs: list[dict[str, Any]] = [{"config_name": "default", "data_files": files}] if files else []
    configs.append({"config_name": "catalog", "data_files": facts.catalog})
    more: dict[str, Any] = {"license_name": "per-image", "license_link": CARD} if facts.licence == "other" else {}
    return DatasetCardData(
        language=["en", "la"],
        license=facts.licence,
        pretty_name=facts.name,
        task_categories=["image-classification", "zero-shot-image-classification"],
        size_categories=[size_category(counts.kept)],
        tags=["biology", "biodiversity", "taxonomy", "species", "image", "webdataset", "thuja"],
        configs=configs,
        **more,
    )


def _summary(counts: CardTables, facts: CardFacts) -> str:
    said = facts.description.strip()
    told = (
        f"{_some(counts.kept, 'image')} of {_some(counts.taxa, 'taxon', 'taxa')}, {counts.species:,} of them species, "
        f"from {_some(counts.sources.height, 'source')}."
    )
    return f"{said} {told}" if said else told


def _body(
    counts: CardTables, facts: CardFacts, *, manifest: Manifest | None, cited: Sequence[Citation]
) -> Iterator[str]:
    yield f"# {cell(facts.name)}\n\n{cell(_summary(counts, facts), is_whole=True)}\n\n"
    yield from _contents(facts, manifest)
    yield from _sources(counts)
    yield from _taxa(counts)
    yield from _licences(counts, facts)
    yield "## Splits\n\n" + table(
        ("split", "images", "taxa", "species"), _rows(counts.splits, "split", "images", "taxa", "species")
    )
    yield from _filters(counts, facts)
    yield from _limits(counts, facts)
    yield f"## How it was made\n\nBy thuja {__version__}, by this recipe:\n\n"
    recipe = json.dumps(published(facts.recipe), indent=2, ensure_ascii=False)
    yield fenced(recipe, "json") if facts.recipe else "The recipe is not told.\n\n"
    yield from _citing(counts, facts, cited)


def _some(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _licence_links(counts: CardTables) -> list[str]:
    """Addresses of the images' licences, those of most images first."""
    links = counts.licences["license_link"].drop_nulls().unique(maintain_order=True)
    return links.filter(links.str.contains(r"^https?://[^\s\"<>]+$")).head(_SHOWN).to_list()


def _contents(facts: CardFacts, manifest: Manifest | None) -> Iterator[str]:
    yield "## What is in it\n\n"
    yield (
        f"- `{facts.catalog}`: a row an image, kept or dropped (`drop_reason`), with source, licence and names; "
        "`path` is local: where the file lay on the curator's machine. Leave that column out before you hand it on\n"
    )
    if manifest is not None:
        yield (
            f"- `{facts.shards}/`: {len(manifest.shards):,} WebDataset shards of {manifest.samples:,} samples, "
            f"`<uuid>.jpg` and `<uuid>.json`; sizes and SHA-256 in the manifest\n"
        )
    yield f"- `{DATASETS}`: images by data set of each source, with its citation\n"
    yield f"- `{CROISSANT}`: the same in MLCommons' Croissant format\n\n"


def _sources(counts: CardTables) -> Iterator[str]:
    yield "## Sources\n\n" + table(
        ("source", "images", "taxa", "species", "all seven ranks"),
        _rows(counts.sources, "data_source", "images", "taxa", "species", "full"),
    )
    yield "Kinds of images:\n\n" + table(
        ("kind", "basis of record", "images"), _rows(counts.kinds.head(_SHOWN), "img_type", "basis_of_record", "images")
    )


def _taxa(counts: CardTables) -> Iterator[str]:
    share = f" ({counts.full / counts.kept:.1%} of the images)" if counts.kept else ""
    yield f"## Taxa\n\n{counts.full:,} images have all seven ranks{share}.\n\n"
    lower = RANK_NAMES[1:]
    yield table(
        ("kingdom", "images", *(_PLURALS[rank] for rank in lower)),
        _rows(counts.kingdoms.head(_SHOWN), "kingdom", "images", *lower),
    )
    yield "Images by the deepest rank that is named:\n\n"
    yield table(("rank", "images", "taxa"), _rows(counts.depth, "rank", "images", "taxa"))
    yield "How many images a taxon has:\n\n"
    yield table(("images", "taxa", "images in all"), _rows(counts.tail, "images a taxon", "taxa", "images"))
    yield "How names were resolved:\n\n"
    yield table(("status", "images"), _rows(counts.statuses, "resolution_status", "images"))


_PLURALS = {
    "phylum": "phyla",
    "class": "classes",
    "order": "orders",
    "family": "families",
    "genus": "genera",
    "species": "species",
}


def _licences(counts: CardTables, facts: CardFacts) -> Iterator[str]:
    yield "## Licences\n\n"
    yield f"The compilation: {cell(facts.licence)}. " if facts.licence != "other" else ""
    yield "The images keep theirs:\n\n"
    yield table(
        ("licence", "link", "images"), _rows(counts.licences.head(_SHOWN), "license_name", "license_link", "images")
    )
    yield _others(counts.licences, "licences")


def _filters(counts: CardTables, facts: CardFacts) -> Iterator[str]:
    dropped = counts.read - counts.kept
    yield f"## Filters\n\n{counts.read:,} images read = {counts.kept:,} kept + {dropped:,} dropped.\n\n"
    if facts.steps:
        rows = [(step.name, step.read, step.kept, step.read - step.kept) for step in facts.steps]
        yield table(("step", "read", "kept", "dropped"), rows)
    yield table(("dropped by", "reason", "images"), _rows(counts.drops, "dropped_by", "drop_reason", "images"))


def _limits(counts: CardTables, facts: CardFacts) -> Iterator[str]:
    unnamed = counts.kept - sum(images for rank, images in _rows(counts.depth, "rank", "images") if rank == "species")
    bare = sum(images for name, images in _rows(counts.licences, "license_name", "images") if name == UNKNOWN)
    few = sum(taxa for taxa in counts.tail["taxa"].head(2))
    measured = [
        f"{unnamed:,} of {counts.kept:,} images are not named to the species.",
        f"{few:,} of {counts.taxa:,} taxa have fewer than ten images.",
    ]
    if bare:
        measured.append(f"Of {bare:,} images no licence is told.")
    if counts.withheld:
        measured.append(f"Of {counts.withheld:,} images the source withholds something, such as the exact place.")
    yield "## Known limits\n\n"
    yield "".join(f"- {line}\n" for line in (*measured, *_LIMITS))
    yield "".join(f"- {cell(line)}\n" for line in facts.warnings) + "\n"


def _citing(counts: CardTables, facts: CardFacts, cited: Sequence[Citation]) -> Iterator[str]:
    yield "## Citation\n\nThe sources ask to be cited:\n\n"
    yield (
        "".join(f"- {cell(one, is_whole=True)}\n" for one in cited) + "\n" if cited else "None of them is known to.\n\n"
    )
    named = counts.datasets.filter(pl.col("dataset_key").is_not_null())
    if not named.height:
        return
    yield f"{named.height:,} data sets, all of them in `{DATASETS}`; those with most images:\n\n"
    rows = []
    for source, key, _, images in named.head(_SHOWN).iter_rows():
        said = _dataset(facts, source, key)
        rows.append((source or UNKNOWN, said.citation or said.title or key, images))
    yield table(("source", "data set", "images"), rows, is_whole=True)


def _citations(counts: CardTables, facts: CardFacts) -> list[Citation]:
    """Each download by its DOI, then the sources, in the order of their images; each once."""
    found: dict[str, Citation] = {}
    sources = [name for name in counts.sources["data_source"] if name is not None]
    for source in sources:
        dois = [doi for name, _, doi, _ in counts.datasets.iter_rows() if name == source and doi]
        told = facts.citations.get(source)
        dois += told.dois if told is not None else ()
        for doi in sorted(set(dois)):
            one = cite_download(doi, source)
            found.setdefault(str(one), one)
        for one in citations_of(source):
            found.setdefault(str(one), one)
    return list(found.values())


def _dataset(facts: CardFacts, source: str | None, key: str | None) -> DatasetCitation:
    told = facts.citations.get(source or "")
    return (told.datasets.get(key or "") if told is not None else None) or DatasetCitation()


def _write_datasets(path: Path, counts: CardTables, facts: CardFacts) -> None:
    said = [_dataset(facts, source, key) for source, key, *_ in counts.datasets.iter_rows()]
    columns = {name: [getattr(one, name) for one in said] for name in ("title", "citation", "rights")}
    with atomic_path(path) as temporary:
        counts.datasets.with_columns(pl.Series(name, values, pl.String) for name, values in columns.items()).write_csv(
            temporary
        )


def _rows(frame: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(UNKNOWN if value is None else value for value in row) for row in frame.select(columns).iter_rows()]


def _others(frame: pl.DataFrame, what: str) -> str:
    rest = frame.slice(_SHOWN)
    return f"And {rest.height:,} more {what} of {int(rest['images'].sum()):,} images.\n\n" if rest.height else ""
