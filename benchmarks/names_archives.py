"""Made backbones as the archives that their makers give: a zip of Taxon.tsv, with GBIF's headings or with CoL's."""

import zipfile
from pathlib import Path

import polars as pl

from names_world import ABOVE

PREFIX = {"gbif": "", "col": "dwc:"}
"""What stands before a term of Darwin Core in the headings of each."""


def write_archive(usages: pl.DataFrame, style: str, folder: Path) -> Path:
    """The usages as a Darwin Core archive of that style, with lineages written out in the accepted rows."""
    is_taxon = pl.col("id") == pl.col("accepted")
    table = usages.select(
        taxonID="id",
        acceptedNameUsageID=pl.when(~is_taxon).then("accepted"),
        scientificName=pl.concat_str("name", "authorship", separator=" ", ignore_nulls=True),
        canonicalName="name",
        scientificNameAuthorship="authorship",
        taxonRank="rank",
        taxonomicStatus="status",
        **{rank: pl.col(rank) for rank in ABOVE},
    )
    inside = folder / "Taxon.tsv"
    table.rename(lambda name: f"{PREFIX[style]}{name}").write_csv(inside, separator="\t", quote_style="never")
    path = folder / f"{style}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        packed.write(inside, "Taxon.tsv")
    inside.unlink()
    return path
