"""All that is asked of one space in one call: what is read, what is measured, and in which order."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from thuja.analyze.finding import Section
from thuja.analyze.maps import MapSettings, map_section
from thuja.analyze.newick import read_phylogeny
from thuja.analyze.phylogeny import Phylogeny
from thuja.analyze.reading import Sources, read_space
from thuja.analyze.space import Space
from thuja.analyze.theorem import TheoremSettings, theorem_section
from thuja.analyze.traits import TraitSettings, trait_section
from thuja.analyze.tree import TreeSettings, tree_section
from thuja.analyze.within import WithinSettings, within_section
from thuja.errors import EmptyInput, UsageError
from thuja.taxonomy import Rank

SECTIONS = ("tree", "traits", "within", "theorem", "maps")
_MOST_VALUES = 30
"""Parts that are measured apart: each costs as much as the whole, and fills a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of which files.

    `traits` are columns that say something of species, `decoys` such that should not show, `factors` what varies within
    a species. `swapped` are embeddings of the same specimens on other backgrounds. `temperature` is the model's own;
    traits are predicted for clades of the rank `left_out`.
    """

    sources: Sources
    traits: tuple[str, ...] = ()
    decoys: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    swapped: Mapping[str, Path] = field(default_factory=dict)
    phylogeny: Path | None = None
    temperature: float = 0.01
    by: str | None = None
    left_out: Rank = Rank.ORDER
    sections: tuple[str, ...] = SECTIONS
    seed: int = 0

    def __post_init__(self) -> None:
        for what, option, named in (("traits", "--trait", self.traits), ("within", "--within", self.factors)):
            if self.sections != SECTIONS and what in self.sections and not named:
                raise UsageError(f"the section {what} is asked for, and no column is named", hint=f"{option} COLUMN")
        if self.sections != SECTIONS and "theorem" in self.sections and self.sources.texts is None:
            raise UsageError("the section theorem is asked for, and no texts are given", hint="--texts LABELS")

    @property
    def columns(self) -> list[str]:
        """Every column that is needed."""
        return [*self.traits, *self.decoys, *self.factors, *([] if self.by is None else [self.by])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A question whose files have been read."""

    question: Question
    space: Space
    swapped: Mapping[str, Space]
    phylogeny: Phylogeny | None

    @property
    def name(self) -> str:
        """What the page is about."""
        return self.question.sources.embeddings.name

    def sentences(self) -> list[str]:
        """What the space is, for the head of the page."""
        space = self.space
        named = int((space.species >= 0).sum())
        told = [
            f"{len(space):,} images in {space.vectors.shape[1]:,} dimensions by the model {space.model or 'unknown'}; "
            f"{named:,} are named to {int(space.species.max(initial=-1)) + 1:,} species."
        ]
        if self.phylogeny is not None:
            species = len({taxon for taxon in space.taxa if taxon.binomial})
            has = len(self.phylogeny.taxa)
            told.append(
                "The phylogeny has all of these species."
                if has == species
                else f"The phylogeny has {has:,} of {species:,} species; traits are asked of these alone."
            )
        if not space.controls:
            told.append(
                "No control was given, so what the space shows is not held against raw pixels or an untrained tower "
                "(thuja analyze controls makes them)."
            )
        return told


def open_question(question: Question) -> Opened:
    """Read the files; raises what reading raises, and EmptyInput where no image has a taxon."""
    space = read_space(question.sources, question.columns)
    if all(taxon.rank is None for taxon in space.taxa):
        raise EmptyInput(
            f"no image of {question.sources.embeddings} has a taxon",
            hint="columns kingdom ... species in the file: embed a table that has them, or a curated folder",
        )
    # Of other backgrounds vectors and taxa are all that is asked: what is known of a species the space itself says.
    swapped = {name: read_space(Sources(embeddings=path), ()) for name, path in question.swapped.items()}
    _require_few_values(space, question.by)
    taxa = list(dict.fromkeys(taxon for taxon in space.taxa if taxon.binomial))
    phylogeny = None if question.phylogeny is None else read_phylogeny(question.phylogeny, taxa)
    return Opened(question=question, space=space, swapped=swapped, phylogeny=phylogeny)


def _require_few_values(space: Space, by: str | None) -> None:
    values = {value for value in space.column(by) if value is not None} if by is not None else set()
    if len(values) > _MOST_VALUES:
        raise UsageError(
            f"{by} has {len(values):,} values, and each would be measured apart",
            hint=f"--by takes a column of at most {_MOST_VALUES} values, img_type say",
        )


def analyze_space(opened: Opened, *, say: Callable[[str], None] = lambda _: None) -> list[Section]:
    """The sections that the question asks for; `say` is told what is at work.

    Each section draws from a generator of its own, seeded by its name, so that its numbers do not hang on what else is
    asked.
    """
    sections = []
    for name, ask in _asked(opened):
        say(name)
        section = ask(np.random.default_rng([opened.question.seed, *name.encode()]))
        if section.reason:
            say(f"  not answered: {section.reason}")
        sections.append(section)
    return sections


def files_of(question: Question) -> list[Path]:
    """Every file or folder that a question reads."""
    phylogeny = [] if question.phylogeny is None else [question.phylogeny]
    return [*question.sources.files, *question.swapped.values(), *phylogeny]


Ask = Callable[[np.random.Generator], Section]


def _asked(opened: Opened) -> Iterator[tuple[str, Ask]]:
    """Every section that can be asked for, named as it is told, in the order of the page."""
    question, space = opened.question, opened.space
    if "tree" in question.sections:
        tree = TreeSettings(by=question.by, phylogeny=opened.phylogeny)
        yield "the tree", lambda generator: tree_section(space, generator, settings=tree)
    if "traits" in question.sections:
        traits = TraitSettings(
            left_out=question.left_out,
            decoys=question.decoys,
            stratum=question.by or "",
            swapped=opened.swapped,
            phylogeny=opened.phylogeny,
        )
        described = space if opened.phylogeny is None else _among(space, opened.phylogeny)
        for trait in question.traits:
            yield f"the trait {trait}", partial(_trait, described, trait, traits)
    if "within" in question.sections:
        within = WithinSettings(temperature=question.temperature)
        yield "within species", lambda generator: within_section(space, question.factors, generator, settings=within)
    if "theorem" in question.sections:
        theorem = TheoremSettings(tau=question.temperature)
        yield "the theorem", lambda generator: theorem_section(space, generator, settings=theorem)
    if "maps" in question.sections:
        maps = MapSettings(variants=question.factors[0] if question.factors else None)
        yield "maps", lambda generator: map_section(space, generator, settings=maps)


def _trait(space: Space, trait: str, settings: TraitSettings, generator: np.random.Generator) -> Section:
    return trait_section(space, trait, generator, settings=settings)


def _among(space: Space, phylogeny: Phylogeny) -> Space:
    """The images of species that the phylogeny has: of others it cannot say what is ancestry."""
    known = set(phylogeny.taxa)
    return space.select(np.array([taxon in known for taxon in space.taxa], dtype=bool))
