"""Darwin's finches: the images that TreeOfLife-200M's `metadata/Darwin-finches.csv` lists, and their beaks' size.

The columns of that file are not known to us: the readers accept the plausible ones. An image is known by a column of
paths, or by its uuid where a file below the folder has that name; a species by `scientific_name`, `species` or ranks;
the size of the beak by a column of a beak or bill. Where the file has none, a table of species is needed, with a column
of species and one of sizes; measurements of Darwin's finches are published (the `geospiza` data of the R package
geiger, for one).
"""

from pathlib import Path

from thuja.analyze.papers.csv_files import Rows, column_among, read_csv
from thuja.analyze.papers.listed import Listed, first_number
from thuja.errors import BadFile
from thuja.images.finding import walk_images
from thuja.record import Value
from thuja.taxonomy import RANKS, Taxon

BEAK = "beak_size"
TABLE = "metadata/Darwin-finches.csv"
LAYOUT = f"""{TABLE}, or Darwin-finches.csv, with a column of paths or uuid, and scientific_name
images anywhere below the folder, as that column of paths says, or named <uuid>.jpg"""

_PATHS = ("path", "filepath", "file_path", "image_path", "file_name", "filename", "file", "image")
_IDS = ("uuid", "image_id", "id", "source_id")
_NAMES = ("scientific_name", "species_name", "binomial", "taxon", "canonical_name", "species")
_SIZES = (
    BEAK, "bill_size", "beak_depth", "bill_depth", "beak_length", "bill_length", "beak_size_mm", "bill_depth_mm",
    "beak_depth_mm", "beak_length_mm", "bill_length_mm", "beak", "bill",
)  # fmt: skip
_FAMILY = ("Animalia", "Chordata", "Aves", "Passeriformes", "Thraupidae")
"""Of all of Darwin's finches, where the file does not say it."""


def read_finches(folder: Path, table: Path | None = None) -> Listed:
    """The finches of a folder; `table` (CSV) says the size of each species' beak where the list does not.

    Raises BadFile for another layout, for a list without species or sizes, and for a table that names no finch.
    """
    places = [folder / TABLE, folder / "Darwin-finches.csv"]
    path = next((one for one in places if one.is_file()), None)
    if path is None:
        raise BadFile(f"there is no {TABLE} in {folder}", hint=LAYOUT)
    rows = read_csv(path, layout=LAYOUT)
    taxa = [_taxon(row, path) for row in _named(rows, path)]
    paths, ids = _images(folder, path, rows)
    sizes = _sizes(rows, path, taxa, table)
    kept = [row for row, one in enumerate(paths) if one and taxa[row].binomial]
    notes = []
    if len(kept) < len(rows):
        notes.append(f"{len(rows) - len(kept):,} rows of {path.name} name no species, or no image below {folder.name}.")
    if not kept:
        raise BadFile(f"no image that {path} lists is below {folder}", hint=LAYOUT)
    return Listed(
        folder=folder,
        paths=[paths[row] for row in kept],
        taxa=[taxa[row] for row in kept],
        columns={BEAK: [sizes[row] for row in kept]},
        ids=[ids[row] for row in kept] if any(ids) else (),
        notes=notes,
        tables=[path, *([] if table is None else [table])],
    )


def _named(rows: Rows, path: Path) -> Rows:
    if not column_among(rows, _NAMES):
        raise BadFile(f"{path} names no species; it has the columns {', '.join(rows[0])}", hint=LAYOUT)
    return rows


def _taxon(row: dict[str, str], path: Path) -> Taxon:
    """The species of a row; what follows the binomial (a subspecies, an author with a comma) is left off."""
    known = {name.strip().lower(): cell for name, cell in row.items()}
    taxon = Taxon.from_columns({rank.label: known.get(rank.label, "") for rank in RANKS})
    if taxon.genus and taxon.species:
        words = [taxon.genus, *taxon.species.split()]
    else:
        words = known.get(column_among([known], _NAMES), "").split()
    if len(words) < 2:
        return Taxon()
    above = [own or usual for own, usual in zip(taxon.names, _FAMILY, strict=False)]
    return Taxon.from_names([*above, words[0], words[1].strip(",")])


def _images(folder: Path, path: Path, rows: Rows) -> tuple[list[str], list[str]]:
    """Each row's path below the folder, "" where there is none, and its id."""
    by_path, by_id = column_among(rows, _PATHS), column_among(rows, _IDS)
    if not by_path and not by_id:
        raise BadFile(f"{path} has no column of paths or uuid; it has {', '.join(rows[0])}", hint=LAYOUT)
    ids = [row[by_id].strip() if by_id else "" for row in rows]
    if by_path and any(row[by_path].strip() for row in rows):
        return [row[by_path].strip() for row in rows], ids
    named = {file.stem: file.relative_to(folder).as_posix() for file in walk_images(folder)}
    # Where no image is there at all, embeddings may know them by their ids.
    return [named.get(one, f"{one}.jpg" if not named and one else "") for one in ids], ids


def _sizes(rows: Rows, path: Path, taxa: list[Taxon], table: Path | None) -> list[Value | None]:
    own = column_among(rows, _SIZES)
    if table is None:
        if not own:
            raise BadFile(
                f"{path.name} says no size of beaks; it has the columns {', '.join(rows[0])}",
                hint=f"a table of species: --table beaks.csv with the columns species and {BEAK}",
            )
        return [first_number(row[own]) for row in rows]
    told = read_csv(table, layout=f"columns species and {BEAK}")
    name, size = column_among(told, _NAMES), column_among(told, _SIZES)
    if not name or not size:
        raise BadFile(f"{table} has the columns {', '.join(told[0])}", hint=f"it needs species and {BEAK}")
    size_of = {" ".join(row[name].split()[:2]).lower(): first_number(row[size]) for row in told}
    if not {taxon.binomial.lower() for taxon in taxa} & set(size_of):
        first = next((taxon.binomial for taxon in taxa if taxon.binomial), "")
        raise BadFile(f"{table} names none of the finches", hint=f'they are called as "{first}"')
    return [size_of.get(taxon.binomial.lower()) for taxon in taxa]
