"""What guides the prompts of a run: the table of descriptions and the format examples."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from thuja.captions.descriptions.description import Description
from thuja.captions.examples import FormatExamples, read_examples
from thuja.captions.make.drafting import Guide
from thuja.captions.make.guides import DescriptionTable
from thuja.captions.prompts import Template
from thuja.taxonomy import Taxon


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """Only what the template has a field for is looked up."""

    template: Template
    descriptions: DescriptionTable | None = None
    examples: FormatExamples | None = None

    def of(self, taxa: Iterable[Taxon]) -> Mapping[Taxon, Guide]:
        """What is known of each of these taxa."""
        taxa = list(taxa)
        described = self.descriptions.of(taxa) if self.descriptions is not None and self._asks("description") else {}
        return {taxon: self._guide(taxon, described.get(taxon)) for taxon in taxa}

    def _guide(self, taxon: Taxon, description: Description | None) -> Guide:
        if self.examples is None or not self._asks("examples"):
            return Guide(description=description)
        shown = self.examples.of(taxon)
        group = shown.group.scientific_name if shown.group is not None else ""
        return Guide(description=description, examples=shown.sentences, examples_of=group)

    def _asks(self, field: str) -> bool:
        return field in self.template.fields


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidancePlan:
    """Where a run's guidance is read from; any process can open it.

    `known` are taxa that say where the groups of the examples stand, so that the nearest one is found; each has the
    number of its species, by which the larger of two is taken.
    """

    strategy: str = "guided"
    template: Path | None = None
    descriptions: Path | None = None
    examples: Path | None = None
    known: Mapping[Taxon, int] = field(default_factory=dict, repr=False)

    def open(self) -> Guidance:
        """Read the template and the examples, and open the descriptions; raises UsageError, EmptyInput, BadFile."""
        template = Template.read(self.template) if self.template is not None else Template.of(self.strategy)
        examples = read_examples(self.examples) if self.examples is not None else ()
        return Guidance(
            template=template,
            descriptions=DescriptionTable.open(self.descriptions) if self.descriptions is not None else None,
            examples=FormatExamples.from_examples(examples, known=self.known),
        )

    def plan(self) -> dict[str, Any]:
        """What decides the prompts, as JSON: the template's words, and which files stand behind the rest."""
        files = {"descriptions": self.descriptions, "examples": self.examples}
        return {
            "template": self.open().template.digest,
            **{name: stamp_of(path) if path is not None else None for name, path in files.items()},
        }


def stamp_of(path: Path) -> list[Any]:
    """What tells a file, or the table in a folder, from another one."""
    path = path / "descriptions.parquet" if path.is_dir() else path
    status = path.stat() if path.exists() else None
    return [path.name, status.st_size if status else 0, status.st_mtime_ns if status else 0]
