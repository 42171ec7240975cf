"""The Encyclopedia of Life's list of images, with names from the files that EOL gives beside it.

The list (`media_manifest_1.csv ...`, `media_manifest.tgz`, or one `media_manifest.csv`) says of an image its page and
no name. Names are looked up by page in the first of these that lies beside it: `taxon.tab`, EOL's dynamic hierarchy
(`eolID`, `scientificName`, `canonicalName`, `taxonRank`, `higherClassification`), which has the lineage, too, and
`provider_ids.csv` (`page_id`, `preferred_canonical_for_page`), each also as .gz; English names in
`vernacular_names.csv` or `vernacularnames.csv` (`page_id`, `vernacular_string`, `language_code`,
`is_preferred_by_eol`). An image's `source_id` is `<content id>_<page id>`, as in TreeOfLife-200M; its URL is EOL's
full-size copy, and what has none is dropped as `no_url`. EOL gives no checksums. The notes count `images`,
`images_without_id`, `pages`, `images_without_name` and `images_without_page`.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from thuja.curate.sources.chunked_tables import Layout, read_frames, sniff
from thuja.curate.sources.containers import Container, opened
from thuja.curate.sources.expressions import dropped, first_reason, is_url, traits_of
from thuja.curate.sources.spec import CHUNK, Notes, SourceSpec
from thuja.curate.sources.spilling import Spill, count_parts, join_parts, scratch_of
from thuja.errors import UsageError

DATA_SOURCE = "eol"
_OPTIONS = ("names", "common")
PATH_OPTIONS: tuple[str, ...] = ("names", "common")
"""The options that are paths."""
_ENDINGS = (".csv", ".tsv", ".txt", ".tab")
_RANKS = ("kingdom", "phylum", "class", "order", "family", "genus")
_CONTENT, _PAGE = "EOL content ID", "EOL page ID"
_SOURCE_URL, _COPY_URL = "Medium Source URL", "EOL Full-Size Copy URL"
_LICENSE, _OWNER = "License Name", "Copyright Owner"
_MANIFEST = (_CONTENT, _PAGE, _SOURCE_URL, _COPY_URL, _LICENSE, _OWNER)
_NAME_FILES = ("taxon.tab", "provider_ids.csv")
_COMMON_FILES = ("vernacular_names.csv", "vernacularnames.csv")
_FILLED = ("name", "canonical", "rank", "path")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """A table of names by page, and which of its columns are the page and, in order, those of _FILLED."""

    container: Container
    layout: Layout
    page: str
    columns: tuple[str | None, str | None, str | None, str | None]

    @property
    def size(self) -> int:
        return self.container.sizes[self.layout.file]

    def frames(self, notes: Notes) -> Iterator[pl.DataFrame]:
        """`page` and the four others, as text; pages without a name left out."""
        wanted = list(dict.fromkeys([self.page, *(column for column in self.columns if column)]))
        for frame in read_frames(self.container, self.layout, wanted, notes=notes):
            named = frame.select(
                pl.col(self.page).alias("page"),
                *(
                    (pl.col(column) if column else pl.lit(None, pl.String)).alias(filled)
                    for column, filled in zip(self.columns, _FILLED, strict=True)
                ),
            )
            yield named.filter(pl.col("page").is_not_null() & pl.col("name").is_not_null())


def read_eol(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
    """The images of a manifest, a folder or archive of manifests.

    Options: `names` and `common`, the files of names where they lie elsewhere. Raises UsageError where no file is a
    manifest or a named file is not there, BadFile for a damaged one.
    """
    spec.refuse_other_options(_OPTIONS)
    with ExitStack() as stack:
        container = stack.enter_context(opened(spec.path))
        manifests = _manifests(container)
        beside = _beside(spec.path, container, stack)
        names = _names(beside, spec.option("names"), stack)
        common = _common(beside, spec.option("common"), stack, notes=notes)
        images = _images(container, manifests, notes)
        if names is None:
            notes["no_table_of_names"] += 1
            rows: Iterable[pl.DataFrame] = (frame.with_columns(_unnamed()) for frame in images)
        else:
            size = sum(container.sizes[layout.file] for layout in manifests) + names.size
            rows = _named(images, names, notes, parts=count_parts(size), scratch=scratch_of(spec))
        for frame in rows:
            for piece in frame.iter_slices(CHUNK):
                yield _to_rows(piece, common, notes, data_source=spec.name or DATA_SOURCE)


def files_of(spec: SourceSpec) -> list[Path]:
    """The lists of a folder and the tables of names, in it, beside the list, or in the folders that options name."""
    folders = [spec.path, *(Path(spec.option(name)) for name in PATH_OPTIONS if spec.option(name))]
    found = [file for name in _ENDINGS for folder in folders if folder.is_dir() for file in folder.rglob(f"*{name}*")]
    names = [*_NAME_FILES, *_COMMON_FILES]
    beside = [] if spec.path.is_dir() else [spec.path.absolute().parent / name for name in names]
    return [*found, *beside, *(file.with_name(f"{file.name}.gz") for file in beside)]


def _manifests(container: Container) -> list[Layout]:
    """The files that are lists of images, in the order of their numbers."""
    found = []
    for file in sorted(container.sizes, key=lambda name: (len(name), name)):
        if file.lower().removesuffix(".gz").endswith(_ENDINGS[:3]) and container.sizes[file]:
            layout = sniff(container, file)
            if _CONTENT in layout or _COPY_URL in layout:
                layout.require(_CONTENT, _PAGE, _COPY_URL)
                found.append(layout)
    if not found:
        raise UsageError(
            f"{container.path} holds no list of EOL's images",
            hint=f"a CSV with the columns {', '.join(_MANIFEST[:4])}; EOL calls it media_manifest",
        )
    return found


def _beside(path: Path, container: Container, stack: ExitStack) -> Container:
    """Where to look for names: the folder, or that in which the archive or file lies."""
    return container if path.is_dir() else stack.enter_context(opened(path.resolve().parent, depth=1))


def _names(beside: Container, said: str, stack: ExitStack) -> _Names | None:
    if said:
        container = stack.enter_context(opened(Path(said)))
        file: str | None = next(iter(container.sizes), None) if Path(said).is_file() else _first(container, _NAME_FILES)
        if file is None:
            raise UsageError(f"there is no table of names in {said}", hint=f"one of {', '.join(_NAME_FILES)}")
    else:
        container, file = beside, _first(beside, _NAME_FILES)
    if file is None:
        return None
    layout = sniff(container, file)
    if "eolID" in layout:
        layout.require("scientificName")
        optional = [column if column in layout else None for column in ("canonicalName", "taxonRank")]
        path = "higherClassification" if "higherClassification" in layout else None
        columns = ("scientificName", optional[0], optional[1], path)
        return _Names(container=container, layout=layout, page="eolID", columns=columns)
    layout.require("page_id", "preferred_canonical_for_page")
    name = "preferred_canonical_for_page"
    return _Names(container=container, layout=layout, page="page_id", columns=(name, name, None, None))


def _first(container: Container, names: tuple[str, ...]) -> str | None:
    return next((file for name in names if (file := container.find(name))), None)


def _common(beside: Container, said: str, stack: ExitStack, *, notes: Notes) -> pl.DataFrame:
    """The English name that EOL prefers, by `page`: some hundred thousand, held in memory."""
    container = stack.enter_context(opened(Path(said))) if said else beside
    file = next(iter(container.sizes), None) if said and Path(said).is_file() else _first(container, _COMMON_FILES)
    empty = pl.DataFrame(schema={"page": pl.String, "common": pl.String})
    if file is None:
        if said:
            raise UsageError(f"there is no table of English names in {said}", hint=f"one of {', '.join(_COMMON_FILES)}")
        return empty
    layout = sniff(container, file)
    layout.require("page_id", "vernacular_string", "language_code")
    wanted = ("page_id", "vernacular_string", "language_code", "is_preferred_by_eol")
    is_english = pl.col("language_code").is_in(["eng", "en"]) & pl.col("is_preferred_by_eol").is_not_null()
    kept = [
        frame.filter(is_english).select(pl.col("page_id").alias("page"), pl.col("vernacular_string").alias("common"))
        for frame in read_frames(container, layout, wanted, notes=notes)
    ]
    return pl.concat([empty, *kept]).drop_nulls().unique("page", keep="first", maintain_order=True)


def _images(container: Container, manifests: list[Layout], notes: Notes) -> Iterator[pl.DataFrame]:
    for layout in manifests:
        for frame in read_frames(container, layout, _MANIFEST, notes=notes):
            kept = frame.filter(pl.col(_CONTENT).is_not_null())
            notes["images"] += len(frame)
            notes["images_without_id"] += len(frame) - len(kept)
            # A join leaves out what has no key; an image without a page is still a row.
            yield kept.with_columns(pl.col(_PAGE).fill_null(""))


def _unnamed() -> list[pl.Expr]:
    return [pl.lit(None, pl.String).alias(column) for column in ("name", "rank", *_RANKS)]


def _named(
    images: Iterable[pl.DataFrame], names: _Names, notes: Notes, *, parts: int, scratch: Path
) -> Iterator[pl.DataFrame]:
    """The images with the names and lineages of their pages, part by part."""
    ranks = _rank_of_names(names, notes) if names.columns[3] else None
    left = Spill(folder=scratch / "images", key=_PAGE, count=parts).put(images)
    right = Spill(folder=scratch / "names", key="page", count=parts).put(names.frames(Notes()))
    for part in join_parts(left, right):
        notes["pages"] += part.keys
        if part.rows.is_empty():
            continue
        rows = part.rows.with_columns(
            pl.lit(None, pl.String).alias(column) for column in _FILLED if column not in part.rows.columns
        )
        if ranks is None:
            yield rows.with_columns(pl.lit(None, pl.String).alias(rank) for rank in _RANKS)
        else:
            paths = _lineages(rows.select("path").drop_nulls().unique(maintain_order=True), ranks)
            yield rows.join(paths, on="path", how="left", maintain_order="left")


def _rank_of_names(names: _Names, notes: Notes) -> pl.DataFrame:
    """The rank of each name of a kingdom to a genus; a name of several ranks is left out."""
    kept = [
        frame.filter(pl.col("rank").is_in(_RANKS)).select(pl.coalesce("canonical", "name").alias("taxon"), "rank")
        for frame in names.frames(notes)
    ]
    if not kept:
        return pl.DataFrame(schema={"taxon": pl.String, "rank": pl.String})
    return pl.concat(kept).unique(maintain_order=True).filter(pl.len().over("taxon") == 1)


def _lineages(paths: pl.DataFrame, ranks: pl.DataFrame) -> pl.DataFrame:
    """Each path (`Life|...|Metazoa|...|Carabidae`) with its kingdom to genus, the lowest name of a rank."""
    steps = paths.with_columns(pl.col("path").str.split("|").alias("taxon")).explode("taxon")
    ranked = steps.join(ranks, on="taxon", how="inner", maintain_order="left")
    found = ranked.group_by("path", maintain_order=True).agg(
        pl.col("taxon").filter(pl.col("rank") == rank).last().alias(rank) for rank in _RANKS
    )
    return found


def _to_rows(images: pl.DataFrame, common: pl.DataFrame, notes: Notes, *, data_source: str) -> pl.DataFrame:
    page = pl.when(pl.col(_PAGE) != "").then(pl.col(_PAGE))
    notes["images_without_page"] += int((images[_PAGE] == "").sum())
    notes["images_without_name"] += images["name"].null_count()
    rows = images.with_columns((pl.lit("https://eol.org/pages/") + page).alias("page_url"))
    rows = rows.join(common, left_on=_PAGE, right_on="page", how="left", maintain_order="left")
    reasons = first_reason([(pl.col(_COPY_URL).is_null(), "no_url"), (~is_url(_COPY_URL), "not_a_url")])
    return rows.select(
        pl.lit(data_source).alias("data_source"),
        (pl.col(_CONTENT) + pl.lit("_") + pl.col(_PAGE)).alias("source_id"),
        pl.col(_COPY_URL).alias("source_url"),
        pl.concat_str(_CONTENT, _SOURCE_URL, separator=";", ignore_nulls=True).alias("eval_keys"),
        pl.col("name").alias("verbatim_name"),
        *_RANKS,
        "common",
        pl.col(_LICENSE).alias("license_name"),
        _license_link().alias("license_link"),
        pl.col(_OWNER).alias("copyright_owner"),
        traits_of({"eol_page": "page_url", "medium_source_url": _SOURCE_URL, "taxon_rank": "rank"}).alias("traits"),
        *dropped(reasons),
    )


def _license_link() -> pl.Expr:
    """The address of a Creative Commons licence that is named with its version, such as `cc-by-nc-sa-3.0`."""
    name = pl.col(_LICENSE).str.to_lowercase()
    address = name.str.replace(r"^cc-(by(?:-nc)?(?:-sa|-nd)?)-(\d\.\d)$", "https://creativecommons.org/licenses/$1/$2/")
    return pl.when(address != name).then(address)
