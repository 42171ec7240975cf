"""FishNet (Khan et al., ICCV 2023): which of its fishes live in fresh water.

The tables are those of the folder `anns` of https://github.com/faixan-khan/FishNet; columns are taken by name. Rows
that iNaturalist brought have a genus and no species: they are on the map, and no part of what counts species. The paper
draws the test set, and so is it here unless another table is named.
"""

from pathlib import Path

from thuja.analyze.papers.csv_files import read_csv
from thuja.analyze.papers.listed import Listed
from thuja.errors import BadFile
from thuja.taxonomy import Taxon

FRESH = "freshwater"
FOLDER = "Image_Library"
_COLUMNS = ("image", "Folder", "species", "Genus", "Family", "Order", "Class", FRESH)
LAYOUT = f"""test.csv (or anns/test.csv) with the columns {", ".join(_COLUMNS)}
{FOLDER}/<Folder>/<image>"""
_WORDS = {"1": FRESH, "1.0": FRESH, "0": "not freshwater", "0.0": "not freshwater"}


def read_fishnet(folder: Path, table: Path | None = None) -> Listed:
    """The fishes of a table (test.csv) with a known answer; raises BadFile for another layout or another answer."""
    places = [folder / "test.csv", folder / "anns" / "test.csv"]
    path = table or next((one for one in places if one.is_file()), places[0])
    rows = read_csv(path, _COLUMNS, layout=LAYOUT)
    known = [row for row in rows if row[FRESH].strip()]
    for number, row in enumerate(rows, start=2):
        if row[FRESH].strip() and row[FRESH].strip() not in _WORDS:
            raise BadFile(f'{path}, row {number}: {FRESH} is 0 or 1, got "{row[FRESH]}"')
    taxa = [_taxon(row) for row in known]
    notes = []
    if len(known) < len(rows):
        notes.append(f"{len(rows) - len(known):,} rows of {path.name} do not say whether it is a fish of fresh water.")
    nameless = sum(not taxon.binomial for taxon in taxa)
    if nameless:
        notes.append(f"{nameless:,} images have a genus and no species: they are on the map alone.")
    return Listed(
        folder=folder,
        paths=[f"{FOLDER}/{row['Folder'].strip()}/{row['image'].rsplit('/', 1)[-1]}" for row in known],
        taxa=taxa,
        columns={FRESH: [_WORDS[row[FRESH].strip()] for row in known]},
        notes=notes,
        tables=[path],
    )


def _taxon(row: dict[str, str]) -> Taxon:
    """The lineage of a row; of two orders that a table names, "A/B", the first."""
    names = {name: row[name].strip() for name in ("Class", "Family", "Genus", "species")}
    order = row["Order"].partition("/")[0].strip()
    words = names["species"].split()
    if len(words) > 1 and words[0] == names["Genus"]:
        words = words[1:]
    return Taxon.from_names(
        ["Animalia", "Chordata", names["Class"], order, names["Family"], names["Genus"], " ".join(words)]
    )
