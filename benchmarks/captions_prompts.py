"""How far a table of format examples reaches over the backbone's species, and what a prompt costs to write.

    python benchmarks/captions_prompts.py --examples format_examples.parquet

The table is one that `thuja captions make --examples` takes; the published one of BioCAP has 347 classes.
"""

import argparse
import time
from collections import Counter
from pathlib import Path

from thuja.captions.examples import FormatExamples, read_examples
from thuja.captions.prompts import Request, Strategy, Template
from thuja.cli.example_places import class_lineages
from thuja.names import embedded
from thuja.taxonomy import Rank, Taxon

PROMPTS = 5_000
SENTENCE = "The forewings are pale brown with a dark band and the hindwings are white at the edge. "


def reach(examples: FormatExamples) -> Counter[str]:
    """The backbone's species by whose examples they are shown."""
    classes = embedded().taxa_at(Rank.SPECIES).group_by("kingdom", "phylum", "class").len("species").to_dicts()
    counts: Counter[str] = Counter()
    for row in classes:
        counts[examples.of(Taxon.from_columns(row)).nearness] += row["species"]
    return counts


def cost(description: str) -> tuple[float, int]:
    """Microseconds that a guided prompt takes to write, and its characters."""
    taxon = Taxon(class_="Insecta", genus="Inachis", species="io", common="peacock butterfly")
    template = Template.of(Strategy.GUIDED)
    shown = FormatExamples({}).of(taxon).sentences
    started = time.process_time()
    for seed in range(PROMPTS):
        prompt = template.render(Request(taxon=taxon, examples=shown, description=description, seed=seed))
    return (time.process_time() - started) / PROMPTS * 1e6, len(prompt.system) + len(prompt.text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=Path, required=True)
    read = read_examples(parser.parse_args().examples)
    print(f"{len(read):,} examples of {len({one.taxon for one in read}):,} groups")
    for told, known in (("placed by the backbone", class_lineages()), ("as the table has them", {})):
        counts = reach(FormatExamples.from_examples(read, known=known))
        shares = ", ".join(f"{nearness} {count / counts.total():.2%}" for nearness, count in counts.most_common())
        print(f"groups {told}: {shares} of {counts.total():,} species")
    for told, description in (("a long one", SENTENCE * 20), ("one of 5 MB", SENTENCE * 60_000)):
        microseconds, characters = cost(description)
        print(f"guided prompt, description {told}: {microseconds:.0f} µs, {characters:,} characters")


if __name__ == "__main__":
    main()
