"""The report of a curation: one HTML page, the answer first, then what it is made of."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import polars as pl

from thuja.curate.catalog import CATALOG, NAMES
from thuja.curate.catalog_counts import RANK_NAMES, Counts, count_catalog, distinct, full_labels
from thuja.curate.duplicates import dropped_by_clade
from thuja.curate.filters.people import STEP as PEOPLE
from thuja.curate.leaks import benchmark_names, leak_table
from thuja.curate.outputs import CurationFolder, DoneStep, readable
from thuja.curate.parquet_frames import read_frame
from thuja.curate.published import published, without_folders
from thuja.curate.report import figures, tables, walls
from thuja.curate.report.tables import Grid, percent, words
from thuja.curate.summary import SUMMARY
from thuja.report import Cell, Headline, Report
from thuja.report.settings import flattened

REPORT = "report.html"
_EXAMPLES = 4
_UNCHECKED = "No step looked for people: these images, and those below, are shown unchecked."
_KINDS = (
    ("img_type", "kind of image"),
    ("basis_of_record", "basis of record"),
    ("publisher", "publisher"),
    ("country_code", "country"),
    ("life_stage", "life stage"),
    ("sex", "sex"),
)


def write_report(folder: Path) -> Path:
    """Write report.html into a curation's folder; raises EmptyInput or BadFile where there is no catalog."""
    curation = CurationFolder.open(folder)
    path = curation.folder / REPORT
    build_report(curation).save(path)
    return path


def build_report(curation: CurationFolder) -> Report:
    """The whole page."""
    summary = _summary(curation)
    with readable(curation.folder):
        counts = count_catalog(curation.catalog())
        reasons = tables.drop_reasons(counts, [step.name for step in curation.steps])
        drawn = _draw(curation, reasons, counts.kept) if curation.steps else None
        lost = read_frame([curation.folder / CATALOG])
        keys, clades = leak_table(curation.catalog(), _benchmarks(curation.recipe)), dropped_by_clade(lost)
    report = Report(f"What {curation.folder.absolute().name} holds", summary=_sentences(counts, curation.recipe))
    report.headlines(_headlines(counts))
    _add_warnings(report, summary)
    _add_taxa(report, counts)
    _add_tail(report, counts)
    _add_names(report, curation.folder / NAMES)
    _add_drops(report, counts, curation.steps)
    if drawn is not None:
        _add_walls(report, drawn, reasons)
    _add_copies(report, clades, drawn)
    _add_leaks(report, counts, keys)
    _add_splits(report, counts, summary)
    _add_rights(report, counts)
    _add_kinds(report, counts)
    _add_settings(report, curation)
    return report


def _benchmarks(recipe: Mapping[str, Any]) -> tuple[str, ...]:
    """The evaluation sets that the recipe asks about: one in which nothing was found has its line too."""
    leaks = recipe.get("leaks") or {}
    return benchmark_names(map(Path, leaks.get("indexes") or ()), map(Path, leaks.get("species") or ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """The images of the walls, and the steps whose drops no step looked at for people; None where none ever did."""

    examples: walls.Examples
    unlooked: frozenset[str] | None


def _draw(curation: CurationFolder, reasons: Sequence[tuple[str, str, int]], kept: int) -> _Drawn:
    steps = [step.name for step in curation.steps]
    settings = curation.recipe.get(PEOPLE)
    is_off = isinstance(settings, dict) and settings.get("rule") == "off"
    before = frozenset(steps[: steps.index(PEOPLE)]) if PEOPLE in steps and not is_off else None
    examples = walls.draw_examples(curation.last.rows(), reasons, kept, is_looked_at=before is not None)
    return _Drawn(examples=examples, unlooked=before)


def _sentences(counts: Counts, recipe: Mapping[str, Any]) -> list[str]:
    taxa, species, genera, families = distinct(counts)
    sources = recipe.get("sources")
    listed = sources if _is_tables(sources) else []
    paths = [without_folders(str(one.get("path"))) for one in listed]
    came = f" from {', '.join(paths)}" if paths else ""
    return [
        f"{counts.read:,} images were read{came}: {counts.kept:,} were kept and {counts.read - counts.kept:,} dropped, "
        "each for a reason that is told below.",
        f"They show {taxa:,} taxa: {species:,} species of {genera:,} genera and {families:,} families.",
    ]


def _headlines(counts: Counts) -> list[Headline]:
    taxa, species, *_ = distinct(counts)
    full = full_labels(counts)
    tail = tables.species_images(counts)
    enough = len(tail.filter(tail >= 50))
    share = percent(counts.kept, counts.read)
    return [
        Headline(label="Images kept", value=f"{counts.kept:,}", note=f"{share} of {counts.read:,} read"),
        Headline(label="Taxa", value=f"{taxa:,}", note=f"{species:,} of them species"),
        Headline(label="Named at all seven ranks", value=percent(full, counts.kept), note=f"{full:,} images"),
        Headline(label="Species with 50 images or more", value=f"{enough:,}", note=f"of {species:,}"),
    ]


def _add_warnings(report: Report, summary: Mapping[str, Any]) -> None:
    warnings, notes = summary.get("warnings") or [], summary.get("notes") or {}
    if not warnings and not notes:
        return
    report.section("Warnings and notes")
    for warning in warnings:
        report.text(str(warning))
    if notes:
        report.table(("what was noted of the sources", "rows"), [(words(str(name)), n) for name, n in notes.items()])


def _add_taxa(report: Report, counts: Counts) -> None:
    report.section("What it holds", "Taxa are distinct lineages, whatever rank they go down to.")
    _add_grid(report, tables.taxa_grid(counts, "data_source"), "By source")
    _add_grid(report, tables.taxa_grid(counts, "kingdom"), "By kingdom")
    report.section("How deep the labels go")
    shares = tables.depth_shares(counts)
    if shares:
        caption = "The share of each source's images that have a name at each rank."
        report.figure(figures.depth_lines(shares, RANK_NAMES), caption=caption)
    _add_grid(report, tables.depth_grid(counts))


def _add_tail(report: Report, counts: Counts) -> None:
    images = tables.species_images(counts)
    if not len(images):
        return
    report.section("The long tail")
    caption = (
        f"How many images each of the {len(images):,} species has, the commonest first. Both axes are logarithmic."
    )
    report.figure(figures.long_tail(images.to_numpy()), caption=caption)
    _add_grid(report, tables.tail_grid(images))


def _add_names(report: Report, path: Path) -> None:
    """How names were resolved, from names.csv, with the commonest names of each status."""
    if not path.is_file():
        return
    names = pl.scan_csv(path, glob=False, infer_schema=False).with_columns(pl.col("images").cast(pl.Int64))
    ordered = names.sort("images", "verbatim_name", descending=[True, False], nulls_last=True)
    groups = ordered.group_by("resolution_status").agg(
        pl.len().alias("names"),
        pl.col("images").sum(),
        pl.col("verbatim_name").head(_EXAMPLES),
        pl.col("scientific_name").head(_EXAMPLES),
    )
    rows = groups.collect().sort("images", "resolution_status", descending=[True, False]).to_dicts()
    cells: list[list[Cell]] = [
        [words(row["resolution_status"] or "none"), row["names"], row["images"], _resolved(row)] for row in rows
    ]
    report.section("Names", f"How the names were resolved; {NAMES} has every one of them, with the reason.")
    report.table(("how", "names", "images", "the commonest of them"), cells)


def _resolved(row: Mapping[str, Any]) -> str:
    pairs = zip(row["verbatim_name"], row["scientific_name"], strict=True)
    shown = []
    for written, taken in pairs:
        name = _short(written or "no name")
        shown.append(name if not taken or taken == written else f"{name} → {taken}")
    return "; ".join(shown)


def _add_drops(report: Report, counts: Counts, steps: Sequence[DoneStep]) -> None:
    lost = counts.read - counts.kept
    told = f"{lost:,} of {counts.read:,} images were dropped." if lost else "No image was dropped."
    report.section("What was dropped", told)
    if lost and steps:
        caption = "What every step was given: the images that it kept, and those that it dropped."
        report.figure(figures.step_bars(steps), caption=caption)
    if lost:
        _add_grid(report, tables.drop_grid(counts, [step.name for step in steps]))


def _add_walls(report: Report, drawn: _Drawn, reasons: Sequence[tuple[str, str, int]]) -> None:
    kept = walls.kept_wall(drawn.examples)
    shown = {(step, reason): walls.reason_wall(drawn.examples, step, reason) for step, reason, _ in reasons}
    if kept or any(shown.values()):
        report.section("Images that were kept", _UNCHECKED if drawn.unlooked is None else "")
        report.wall(kept, caption="Drawn at random." if kept else "None can be shown.")
    unlooked = drawn.unlooked or frozenset[str]()
    hidden = [_lost(reason, images) for _, reason, images in reasons if walls.is_hidden(reason)]
    unseen = [_lost(reason, n) for step, reason, n in reasons if step in unlooked and not walls.is_hidden(reason)]
    if not any(shown.values()) and not hidden and not unseen:
        return
    report.section("Images that were dropped", "Drawn at random, some for each reason.")
    for step, reason, images in reasons:
        if shown[step, reason]:
            report.wall(shown[step, reason], caption=f"{words(reason)} (step {step}): {images:,} images")
    if hidden:
        report.text(
            f"Not shown, because a report is handed on: {', '.join(hidden)}. The catalog has their ids, and "
            "thuja curate explain tells the story of each."
        )
    if unseen:
        report.text(f"Not shown, because they were dropped before people were looked for: {', '.join(unseen)}.")


def _lost(reason: str, images: int) -> str:
    return f"{words(reason)} ({images:,} images)"


def _add_copies(report: Report, clades: pl.DataFrame, drawn: _Drawn | None) -> None:
    pairs = walls.pair_wall(drawn.examples) if drawn is not None else []
    if not pairs and clades.is_empty():
        return
    report.section("Duplicates")
    if not clades.is_empty():
        _add_grid(report, tables.clade_grid(clades), "Dropped as copies of another image, by source and clade")
    if pairs:
        caption = "The copy that was kept stands on the left, one that was dropped for it on the right."
        report.wall(pairs, caption=caption, is_wide=True)


def _add_leaks(report: Report, counts: Counts, keys: pl.DataFrame) -> None:
    if not len(counts.leaks):
        return
    report.section(
        "Found in evaluation sets",
        "Images that an evaluation set has too, by the key that they were found by; one found by several keys counts "
        "for each of them.",
    )
    _add_grid(report, tables.leak_grid(counts))
    _add_grid(report, tables.key_grid(keys), "What each key does: by how many images it is needed")


def _add_splits(report: Report, counts: Counts, summary: Mapping[str, Any]) -> None:
    report.section("Splits")
    _add_grid(report, tables.split_grid(counts))
    unseen = summary.get("unseen") or []
    if unseen:
        more = f" and {len(unseen) - 20:,} more" if len(unseen) > 20 else ""
        report.text(f"Species held out of training: {', '.join(map(str, unseen[:20]))}{more}.")


def _add_rights(report: Report, counts: Counts) -> None:
    grid = tables.fact_grid(counts, "license_name", title="licence")
    report.section("Licences")
    if grid is None:
        report.text("No image came with a licence: ask before anything of this set is handed on.")
    else:
        _add_grid(report, grid)


def _add_kinds(report: Report, counts: Counts) -> None:
    grids = [(tables.fact_grid(counts, fact, title=title), title) for fact, title in _KINDS]
    years = {int(year): images for year, images in tables.facts_of(counts, "year").iter_rows() if year is not None}
    if not years and not any(grid for grid, _ in grids):
        return
    report.section("Kinds, places and times")
    if len(years) > 1:
        report.figure(
            figures.year_bars(dict(sorted(years.items()))), caption="Kept images by the year they were taken."
        )
    for grid, _ in grids:
        if grid is not None:
            _add_grid(report, grid)


def _add_settings(report: Report, curation: CurationFolder) -> None:
    recipe = published(curation.recipe)
    if not recipe:
        return
    report.section("Recipe", "What the curation was told to do. Of paths the last part alone is told.")
    for name, parts in recipe.items():
        if _is_tables(parts):
            for number, part in enumerate(parts, 1):
                _add_table(report, part, caption=f"{name} {number}")
    rest = {name: part for name, part in recipe.items() if not _is_tables(part)}
    _add_table(report, rest)


def _is_tables(value: object) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and bool(value) and all(isinstance(part, dict) for part in value)


def _add_table(report: Report, settings: Mapping[str, Any], *, caption: str = "") -> None:
    rows = [(key, _plain(value)) for key, value in sorted(flattened(settings).items())]
    report.table(("setting", "value"), rows, caption=caption)


def _add_grid(report: Report, grid: Grid, caption: str = "") -> None:
    columns, rows = grid
    report.table(columns, rows, caption=caption)


def _summary(curation: CurationFolder) -> Mapping[str, Any]:
    try:
        value = json.loads((curation.folder / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _plain(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, list):
        return ", ".join(map(_plain, value)) or "none"
    return str(value)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 40 else text[:39] + "…"
