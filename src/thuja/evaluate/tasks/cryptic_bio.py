"""CrypticBio: photos of species that people on iNaturalist mistake for one another, in groups of look-alikes.

Had from https://huggingface.co/datasets/gmanolache/CrypticBio: tables of image addresses; its card names four
benchmarks (Common, 158 species; CommonUnseen, 133; Endangered, 37; Invasive). The images are iNaturalist's, each under
its own licence. UNVERIFIED: neither tables nor images were at hand; the layout is that which the public preparation
script of BioCLIP 2's repository (`scripts/prepare_crypticbio_eval.py`) writes, one folder a benchmark.

Layout: `metadata.csv` (columns id, kingdom, phylum, cls, order, family, genus, species, common_name, `filepath`,
`class`, split) and `images/<split>/<number>_<class>.jpg`.

What is odd: the script looks for the species in columns that the tables may not have, and for the class in the column
`class`, which in them is the taxonomic class; a table made so has "Aves" for a species, and is refused here. Its
`species` may hold the whole name, where the text type wants the epithet: genus twice in the public text; once here.

Public: "taxon_com" text in 80 prompts among all species of the table; top-1. Corrected: species weigh alike, each rank.
"""

from pathlib import Path

from thuja.evaluate.csv_tables import read_rows
from thuja.evaluate.label_table import RANK_COLUMNS, ClassText, Row, check_rows, labelled, row_taxon
from thuja.evaluate.protocols.labelled import Labelled
from thuja.evaluate.task import About, Task, require_layout

ABOUT = About(
    name="crypticbio",
    title="CrypticBio",
    where="https://huggingface.co/datasets/gmanolache/CrypticBio, through scripts/prepare_crypticbio_eval.py of "
    "Imageomics/bioclip-2",
    licence="each image its own, at iNaturalist",
    layout="""metadata.csv (id, kingdom ... cls ... species, common_name, filepath, class, split)
        images/<split>/<number>_<class>.jpg""",
    column="CrypticBio",
    measure="top-1",
    public="all images among the species of the table by lineage and common name, 80 prompts",
    corrected="species weigh alike; intervals over species; every rank",
    is_verified=False,
)


def read(folder: Path) -> Labelled:
    """The task from the table that the preparation script wrote."""
    table = folder / "metadata.csv"
    rows = read_rows(table, ABOUT, (*RANK_COLUMNS, "common_name", "filepath", "class"))
    check_rows(table, rows)
    shifted = next((row for row in rows if row["species"] and row["species"] == row["cls"]), None)
    if shifted is not None:
        raise require_layout(folder, ABOUT, found=f'{table.name} has the class "{shifted["cls"]}" for a species')
    return labelled(folder, [_with_epithet(row) for row in rows], ClassText.TAXON_COM, note="layout not verified")


def _with_epithet(row: Row) -> dict[str, str]:
    return {**row, "species": row_taxon(row).species}


TASK = Task(about=ABOUT, read=read)
