"""`curate`: from photos to a catalog and shards, step by step."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import daft

from thuja.curate.catalog import write_catalog, write_names
from thuja.curate.check import check_step
from thuja.curate.config import CurateConfig, Resolve
from thuja.curate.duplicates import duplicates_step, rare_step
from thuja.curate.naming import names_step
from thuja.curate.pack import pack_step
from thuja.curate.sources import Listing, open_source
from thuja.curate.splits import species_table, splits_step, wanted_species
from thuja.curate.steps import Ledger
from thuja.curate.summary import CurateSummary, Findings, summarize
from thuja.errors import EmptyInput, UsageError
from thuja.jobs import empty_folder, output_folder


def curate(
    config: CurateConfig,
    source: Path,
    out: Path,
    *,
    resolve: Resolve,
    force: bool = False,
    resume: bool = False,
) -> CurateSummary:
    """Turn a folder of pictures, a table or a biosphere into `out`: catalog.parquet, shards/, summary.json.

    Killed at any moment, it goes on with `resume` and ends in the same catalog. Raises UsageError
    (EmptyInput, OutputExists) when the call cannot work, BadFile for a table that cannot be read.
    """
    listing = open_source(source, config.labels)
    if listing.table is None:
        _refuse_inside(out, listing.root)
    with output_folder(out, verb="curate", force=force, resume=resume) as folder:
        try:
            return _curate(config, listing, folder, resolve)
        except EmptyInput:
            if not resume:  # nothing in it is worth a --force
                empty_folder(folder)
                if not folder.is_symlink():
                    folder.rmdir()
            raise


def _curate(config: CurateConfig, listing: Listing, folder: Path, resolve: Resolve) -> CurateSummary:
    ledger = Ledger(folder / "steps")
    notes = ledger.read(_source_settings(listing), listing)
    if not ledger.counts[0].read:
        raise EmptyInput(
            f"no picture in {listing.root}" + (f" is spoken of in {listing.table}" if listing.table else ""),
            hint="a folder with pictures in a folder per species, or --labels TABLE",
        )
    for step in (check_step(config.limits), names_step(resolve), duplicates_step(), rare_step(config.min_images)):
        ledger.run(step)
        _refuse_empty(ledger)
    _refuse_one_taxon(ledger)
    species = len(species_table(ledger.frame)) if config.unseen_species else 0
    ledger.run(splits_step(config))
    ledger.run(pack_step(config, folder / "shards"))
    _refuse_empty(ledger)
    findings = Findings(
        source=str(listing.root),
        steps=ledger.counts,
        names=write_names(ledger.frame, folder),
        notes=notes,
        wanted_unseen=wanted_species(config.unseen_species, species),
    )
    summary = summarize(write_catalog(ledger.frame, folder), findings)
    summary.save(folder)
    return summary


def _source_settings(listing: Listing) -> dict[str, Any]:
    """What the listing depends on: a table that was edited is read anew, a folder is not walked twice."""
    settings: dict[str, Any] = {"root": os.fspath(listing.root.absolute()), "table": None}
    if listing.table is not None:
        status = listing.table.stat()
        settings["table"] = [os.fspath(listing.table.absolute()), status.st_size, status.st_mtime_ns]
    return settings


def _refuse_inside(out: Path, root: Path) -> None:
    if out.absolute() == root.absolute() or root.absolute() in out.absolute().parents:
        raise UsageError(f"the output {out} lies in the source {root}", hint="write to a folder beside it")


def _refuse_empty(ledger: Ledger) -> None:
    """Stop when no image is left, saying where they went."""
    last = ledger.counts[-1]
    if last.kept:
        return
    reasons = Counter[str]()
    for counts in ledger.counts:
        reasons.update(counts.dropped)
    told = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
    hint = "see docs/curate.md for what each reason means"
    raise EmptyInput(f"none of the {ledger.counts[0].read:,} files can be used: {told}", hint=hint)


def _refuse_one_taxon(ledger: Ledger) -> None:
    kept = ledger.frame.where(daft.col("drop_reason").is_null())
    taxa = kept.select("lineage").distinct().limit(2).to_pylist()
    if len(taxa) == 1:
        raise EmptyInput(
            f"all {ledger.counts[-1].kept:,} images show one taxon, {taxa[0]['lineage']}, and a classifier needs two",
            hint="one folder per species, or a label table with --labels",
        )
