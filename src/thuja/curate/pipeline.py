"""`curate`: from sources to a catalog and shards, step by step."""

import json
import logging
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from daft import col

from thuja.curate.caps import caps_step
from thuja.curate.card import CardFacts, write_card
from thuja.curate.catalog import write_catalog, write_names
from thuja.curate.check import check_step
from thuja.curate.citations import SourceCitations, read_source_citations
from thuja.curate.download import download_step
from thuja.curate.download.plan import to_download
from thuja.curate.download.reuse import take_over
from thuja.curate.dry_run import DryRun, reckon
from thuja.curate.duplicates import duplicates_step
from thuja.curate.filters.bursts import bursts_step
from thuja.curate.filters.camera import camera_step
from thuja.curate.filters.people import people_step
from thuja.curate.filters.quality import quality_step
from thuja.curate.filters.screen import screen_step
from thuja.curate.filters.specimens import specimens_step
from thuja.curate.handed import Handed
from thuja.curate.kept_splits import kept_splits_step
from thuja.curate.leaks import leak_copies_step, leaks_step
from thuja.curate.naming import STEP as NAMES
from thuja.curate.naming import names_step
from thuja.curate.pack import STEP as PACK
from thuja.curate.pack import Packing, pack_step
from thuja.curate.provenance import PROVENANCE, write_provenance
from thuja.curate.reading import source_folder, source_settings, write_sources
from thuja.curate.recipe import CurateRecipe, named_files, plain
from thuja.curate.report import write_report
from thuja.curate.sources import path_options
from thuja.curate.sources.gbif_citations import CITATIONS_FILE
from thuja.curate.splits import species_table, splits_step, wanted_species
from thuja.curate.steps import Ledger, Step, fingerprint_of
from thuja.curate.summary import CurateSummary, Findings, summarize
from thuja.errors import EmptyInput, OutputExists, ThujaError, UsageError
from thuja.jobs import cache_folder, empty_folder, is_complete, output_folder, require_complete, write_json
from thuja.jobs.locks import locked

logger = logging.getLogger(__name__)

RECIPE = "recipe.json"
DOWNLOADS = "downloads"
SCRATCH = "sources"
"""What readers put down for good: images that lay inside tables, citations."""


def curate(
    recipe: CurateRecipe,
    out: Path,
    *,
    handed: Handed,
    previous: Path | None = None,
    force: bool = False,
    resume: bool = False,
) -> CurateSummary:
    """Run a recipe into the folder `out`: catalog.parquet, shards/, report.html, summary.json and more.

    Killed at any moment, it goes on with `resume` and ends in the same catalog. `previous` is an older curation: what
    it downloaded is not asked for again, and an image that it split keeps its split. Raises UsageError
    (EmptyInput, OutputExists) when the call cannot work, BadFile for a source that cannot be read.
    """
    if previous is not None:
        require_complete(previous, verb="curate")
        _refuse_inside(out, previous, what="the older curation")
    with _claimed(recipe, out, handed, force=force, resume=resume) as folder:
        return Curation(recipe=recipe, folder=folder, handed=handed, previous=previous).run()


def plan(recipe: CurateRecipe, out: Path, *, handed: Handed, force: bool = False, resume: bool = False) -> DryRun:
    """Do the steps before the first download, and reckon what the rest would take.

    `out` is left unfinished: `curate` goes on from it with `resume`. Raises what `curate` does.
    """
    if resume and is_complete(out, verb="curate"):
        raise UsageError(f"{out} is complete: nothing is left to reckon", hint=f"thuja curate status {out}")
    with _claimed(recipe, out, handed, force=force, resume=resume, is_finished=False) as folder:
        ledger = Curation(recipe=recipe, folder=folder, handed=handed).plan()
        return reckon(ledger.frame, ledger.counts, recipe.download, store=folder / DOWNLOADS)


@contextmanager
def _claimed(
    recipe: CurateRecipe, out: Path, handed: Handed, *, force: bool, resume: bool, is_finished: bool = True
) -> Iterator[Path]:
    """The output folder; what fails before a source is read leaves nothing behind."""
    for spec in recipe.sources:
        _refuse_inside(out, spec.path, what="the source")
        for name in path_options(spec.kind):
            if spec.option(name):
                _refuse_inside(out, Path(spec.option(name)), what=f"the source's {name}")
    for name, path in named_files(recipe):
        if not path.exists():
            raise UsageError(f"{name}: there is no file at {path}", hint="paths of a recipe are relative to its file")
        _refuse_inside(out, path, what=f"{name}:")
    _refuse_empty_hands(recipe, handed)
    busy = OutputExists(f"another process curates into {out}", hint="wait for it, or end it")
    claimed = output_folder(out, verb="curate", force=force, resume=resume, is_finished=is_finished)
    with locked(_lock_of(out), busy), claimed as folder:
        try:
            yield folder
        except ThujaError as error:
            if not resume and not _is_worth_keeping(folder, error):
                empty_folder(folder)
                if not folder.is_symlink():
                    folder.rmdir()
            raise


def _lock_of(out: Path) -> Path:
    """The lock of an output folder on this machine: not in the folder, which --force empties."""
    folder = cache_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / sha256(str(out.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curation:
    """One run of a recipe in a folder that it has claimed."""

    recipe: CurateRecipe
    folder: Path
    handed: Handed
    previous: Path | None = None

    def run(self) -> CurateSummary:
        """Every step, then what is written for people and for trainers."""
        self._note_recipe()
        if self.previous is not None:
            store, side = self.folder / DOWNLOADS, self.recipe.download.max_side
            take_over(self.previous / DOWNLOADS, store, max_side=side)
        ledger = self.begin()
        for step in self.first_steps():
            self._do(ledger, step)
            if step.name == NAMES and to_download(ledger.frame).limit(1).count_rows():
                _refuse_one_taxon(ledger)  # before anything is downloaded
        _refuse_one_taxon(ledger)
        wanted = self._wanted_unseen(ledger)
        for step in self.split_steps():
            self._do(ledger, step)
        self._do(ledger, self._pack_step(ledger))
        ledger.finish()
        shutil.rmtree(self._plan, ignore_errors=True)
        return self._conclude(ledger, wanted)

    def plan(self) -> Ledger:
        """The steps before the first download: what a dry run does, and a later run goes on from."""
        self._note_recipe()
        ledger = self.begin()
        for step in self.first_steps()[:2]:
            self._do(ledger, step)
        return ledger

    def _note_recipe(self) -> None:
        """Write the recipe down, and say what it sets otherwise than the one it goes on from."""
        path, table = self.folder / RECIPE, self.recipe.to_table()
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            before = table
        changed = list(_changes(before, table))
        if changed:
            logger.warning(
                "settings that differ from the run before, what follows is done anew: %s", "; ".join(changed)
            )
        write_json(path, table)

    def begin(self) -> Ledger:
        """The ledger with the rows of the sources; raises EmptyInput where there are none."""
        ledger = Ledger(self.folder / "steps")
        sources = self.recipe.sources
        settings = {"sources": [source_settings(spec) for spec in sources]}
        scratch = self.folder / SCRATCH
        ledger.read(settings, lambda folder: write_sources(sources, folder, scratch=scratch))
        if not ledger.counts[0].read:
            told = ", ".join(f"{spec.kind} {spec.path}" for spec in sources)
            raise EmptyInput(f"no image is spoken of in {told}", hint="thuja curate --help shows what is read")
        return ledger

    def steps(self) -> list[Step]:
        """Every step but reading and packing, in their order; those that the recipe leaves out are not among them."""
        return [*self.first_steps(), *self.split_steps()]

    def split_steps(self) -> list[Step]:
        """The drawing of the splits; behind an older curation, whose splits and unseen species stay."""
        recipe = self.recipe
        if self.previous is None:
            return [splits_step(recipe.splits, seed=recipe.seed)]
        group = {"observation": "observation_id", "location": "location_id"}.get(recipe.splits.by, "")
        drawn = replace(recipe.splits, unseen_species=0)
        return [kept_splits_step(self.previous, group=group), splits_step(drawn, seed=recipe.seed)]

    def first_steps(self) -> list[Step]:
        """The steps before the splits."""
        recipe, handed = self.recipe, self.handed
        steps = [
            screen_step(recipe.screen),
            names_step(handed.resolve, recipe.names, seal=handed.names_seal),
            download_step(recipe.download, self.folder / DOWNLOADS),
            check_step(recipe.limits.limits),
        ]
        if recipe.quality is not None:
            steps.append(quality_step(recipe.quality))
        if recipe.people is not None:
            steps.append(people_step(recipe.people, handed.faces))
        if recipe.camera is not None:
            steps.append(camera_step(recipe.camera, handed.frames))
        if recipe.specimens is not None:
            steps.append(specimens_step(recipe.specimens, handed.embed))
        if recipe.leaks is not None:  # before copies are dropped for one another: each may be known by ids of its own
            steps += [leaks_step(recipe.leaks, handed.embed), leak_copies_step(recipe.leaks)]
        if recipe.bursts is not None:
            steps.append(bursts_step(recipe.bursts))
        steps.append(duplicates_step(recipe.duplicates, embed=handed.embed, limits=recipe.limits.limits))
        return [*steps, caps_step(recipe.caps, seed=recipe.seed)]

    @property
    def _plan(self) -> Path:
        return self.folder / "packing"

    def _pack_step(self, ledger: Ledger) -> Step:
        recipe = self.recipe
        told = {"shards": plain(asdict(recipe.shards)), "seed": recipe.seed, "limits": plain(asdict(recipe.limits))}
        packing = Packing(
            shards=self.folder / "shards",
            plan=self._plan,
            key=fingerprint_of(ledger.fingerprint, PACK, told),
            settings=recipe.shards,
            seed=recipe.seed,
            limits=recipe.limits.limits,
        )
        return pack_step(packing)

    def _do(self, ledger: Ledger, step: Step) -> None:
        ledger.run(step)
        _refuse_empty(ledger)

    def _wanted_unseen(self, ledger: Ledger) -> int:
        asked = 0 if self.previous is not None else self.recipe.splits.unseen_species
        return wanted_species(asked, len(species_table(ledger.frame))) if asked else 0

    def _conclude(self, ledger: Ledger, wanted_unseen: int) -> CurateSummary:
        findings = Findings(
            source=", ".join(str(spec.path) for spec in self.recipe.sources),
            steps=ledger.counts,
            names=write_names(ledger.frame, self.folder),
            notes=ledger.notes,
            wanted_unseen=wanted_unseen,
        )
        catalog = write_catalog(ledger.frame, self.folder)
        summary = summarize(catalog, findings)
        summary.save(self.folder)
        write_provenance(catalog, self.folder / PROVENANCE)
        write_card(self.folder, self._card_facts(summary))
        write_report(self.folder)
        return summary

    def _card_facts(self, summary: CurateSummary) -> CardFacts:
        cited: dict[str, SourceCitations] = {}
        for number, spec in enumerate(self.recipe.sources):
            path = self.folder / SCRATCH / source_folder(number, spec) / CITATIONS_FILE
            if path.is_file():
                source = spec.name or spec.kind  # as the rows' data_source, which several sources may share
                cited[source] = cited.get(source, SourceCitations()).joined(read_source_citations(path))
        return CardFacts(
            name=self.recipe.title or self.folder.resolve().name,
            recipe=self.recipe.to_table(),
            steps=summary.steps,
            citations=cited,
            warnings=summary.warnings,
        )


def _changes(before: Any, after: Any, name: str = "") -> Iterator[str]:
    """The settings in which two recipes differ, as `splits.test 0.15 -> 0.3`."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*after, *(key for key in before if key not in after)]:
            yield from _changes(before.get(key), after.get(key), f"{name}.{key}" if name else key)
    elif before != after:
        yield f"{name} {json.dumps(before)} -> {json.dumps(after)}"


def _is_worth_keeping(folder: Path, error: ThujaError) -> bool:
    """Whether a folder that failed holds what took time: images from the web, or a source that was read whole."""
    if (folder / DOWNLOADS).is_dir():
        return True
    read = [path for path in (folder / "steps").glob("0-read*/source-*") if not path.name.endswith(".part")]
    return bool(read) and not isinstance(error, EmptyInput)


def _refuse_inside(out: Path, path: Path, *, what: str) -> None:
    """Refuse an output in a folder that is read, and one that holds what is read: --force would delete that."""
    root, place = path.resolve(), out.resolve()  # through links: the same folder may have two names
    if path.is_dir() and (place == root or root in place.parents):
        raise UsageError(f"the output {out} lies in {what} {path}", hint="write to a folder beside it")
    if path.exists() and place in root.parents:
        raise UsageError(f"{what} {path} lies in the output {out}", hint="name another folder for --out")


def _refuse_empty_hands(recipe: CurateRecipe, handed: Handed) -> None:
    """What a step would miss after hours is said at once."""
    if recipe.people is not None and recipe.people.rule != "off" and handed.faces is None:
        raise UsageError("[people] needs a detector of faces", hint="Handed(faces=thuja.model.detectors.FaceFinder())")
    if recipe.specimens is not None and recipe.specimens.support is not None and handed.embed is None:
        raise UsageError("[specimens] needs a model to embed with", hint='encoder = "bioclip-2", or a model\'s folder')
    duplicates_step(recipe.duplicates, embed=handed.embed)  # which refuses by itself
    leaks = recipe.leaks
    has_to_embed = leaks is not None and leaks.embeddings is None and "embedding" in leaks.keys
    if has_to_embed and handed.embed is None:
        raise UsageError("[leaks] needs a model to embed with", hint='encoder = "bioclip-2", or leaks.embeddings')


def _refuse_empty(ledger: Ledger) -> None:
    """Stop when no image is left, saying where they went."""
    if ledger.counts[-1].kept:
        return
    reasons = Counter[str]()
    for counts in ledger.counts:
        reasons.update(counts.dropped)
    told = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
    hint = "see docs/curate.md for what each reason means"
    raise EmptyInput(f"none of the {ledger.counts[0].read:,} files can be used: {told}", hint=hint)


def _refuse_one_taxon(ledger: Ledger) -> None:
    kept = ledger.frame.where(col("drop_reason").is_null())
    taxa = kept.select("lineage").distinct().limit(2).to_pylist()
    if len(taxa) == 1:
        raise EmptyInput(
            f"all {ledger.counts[-1].kept:,} images show one taxon, {taxa[0]['lineage']}, and a classifier needs two",
            hint="one folder per species, or a label table with --labels",
        )
