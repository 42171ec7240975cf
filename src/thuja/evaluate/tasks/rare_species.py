"""Rare Species: 11,983 photos of 400 species that the IUCN Red List holds near threatened to extinct in the wild.

Had from https://huggingface.co/datasets/imageomics/rare-species (the compilation is CC0, each image under the licence
that its catalogue row names, from the Encyclopedia of Life). The papers' label table is `data/annotation/rare_species`
of the repository Imageomics/bioclip-2; it names the images by file, where the hub's copy may name them otherwise.

Layout: `metadata.csv` (columns: a row number, kingdom, phylum, cls, order, family, genus, species, common_name,
`filepath`, `class`) and the images at `<filepath>`, beside it.

What is odd: five species have fewer than the 30 images each that 400 x 30 = 12,000 would be (21, 27, 27, 29, 29). Two
common names are of two species each ("Yunnan Newt", "staghorn coral"): by common name there are 398 classes.

Public: text "taxon_com", the lineage with the common name, in 80 prompts; top-1. The species were held out of
TreeOfLife-10M, so they are unseen for BioCLIP; of TreeOfLife-200M only the images were left out, so they are not
unseen for BioCLIP 2. Corrected: classes weigh alike, and each rank is scored.
"""

from dataclasses import replace
from pathlib import Path

from thuja.evaluate.csv_tables import read_rows
from thuja.evaluate.label_table import RANK_COLUMNS, ClassText, check_rows, differs, labelled
from thuja.evaluate.protocols.labelled import Labelled
from thuja.evaluate.task import About, Task

ABOUT = About(
    name="rare-species",
    title="Rare Species",
    where="https://huggingface.co/datasets/imageomics/rare-species; metadata.csv from data/annotation/rare_species of "
    "Imageomics/bioclip-2",
    licence="CC0 for the compilation; each image its own, in the catalogue",
    layout="""metadata.csv (kingdom, phylum, cls, order, family, genus, species, common_name, filepath, class)
        <filepath> of each row, beside it""",
    column="RareSpecies",
    measure="top-1",
    public="11,983 images among 400 species by lineage and common name, 80 prompts; 1 and 5 shots by few_shot.py",
    corrected="species weigh alike; intervals over species; every rank",
)


def read(folder: Path, kind: ClassText = ClassText.TAXON_COM) -> Labelled:
    """The task, with the papers' text type or another."""
    table = folder / "metadata.csv"
    rows = read_rows(table, ABOUT, (*RANK_COLUMNS, "common_name", "filepath", "class"))
    check_rows(table, rows)
    task = labelled(folder, rows, kind)
    return replace(task, note=differs(task, images=11_983, classes=398 if kind is ClassText.COM else 400))


TASK = Task(about=ABOUT, read=read)
