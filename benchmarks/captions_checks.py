"""Checks of captions measured on true ones that are spoilt in known ways, a tenth of them in each kind.

    python benchmarks/captions_checks.py [--worlds 3] [--species 40] [--images 30] [--real FOLDER]

The captions are a simulated world's, each behind its species' name; a caption counts as caught if the check of that
kind rejects it. Recall is of what is spoilt, precision of what is rejected where a tenth is spoilt: fewer captions than
a tenth tell some traits, and precision is that of their recall and false alarms at a tenth.
`--real` reads retrieval captions in BioCAP's layout (cornell_bird.csv, plantid.csv) and says how often each check
rejects one of their sentences.
"""

import argparse
import csv
import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import captions_checks_damage as damages
from captions_checks_clusters import colours_by_clusters
from captions_checks_world import True_, make, subject_of, words_of_world, words_of_world_and_english
from thuja.captions.check.choosing import checks_of
from thuja.captions.check.colour_terms import may_be_one
from thuja.captions.check.colours import Colours, named_colours
from thuja.captions.check.finding import Check, Subject
from thuja.captions.check.naming import without_names
from thuja.captions.check.palette import palette_of
from thuja.captions.check.repeats import Repeats
from thuja.captions.check.settings import CHECKS, CheckSettings
from thuja.captions.check.similarity import Fit
from thuja.captions.check.traits.lexicon import general
from thuja.captions.check.words import stems_of
from thuja.captions.descriptions.sentences import split_sentences
from thuja.captions.descriptions.visual import judge_of
from thuja.images import decode, read_image
from thuja.taxonomy import Taxon

SHARE = 0.1
VIVID = ("red", "orange", "yellow", "green", "blue", "purple", "pink")
OF_KIND = {
    "refusal": "refusal",
    "boilerplate": "refusal",
    "leakage": "leakage",
    "characters": "characters",
    "two_sentences": "sentence",
}
"""The check that a kind of phrase is for; of all others it is the one for invisible claims."""
REAL = ("characters", "length", "sentence", "refusal", "leakage", "language", "content", "invisible")
"""The checks that need nothing but a sentence."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--species", type=int, default=40)
    parser.add_argument("--images", type=int, default=30)
    parser.add_argument("--worlds", type=int, default=3)
    parser.add_argument("--phrases", choices=damages.LISTS, default="held_out")
    parser.add_argument("--no-judge", action="store_true", help="by phrases alone; the commands ask a judge, too")
    parser.add_argument("--real", type=Path)
    parser.add_argument("--photos", type=Path, help="a folder with manifest.csv")
    parser.add_argument(
        "--descriptors", type=Path, help="what each bird of the photos looks like, by common name, JSON"
    )
    given = parser.parse_args()
    damages.choose(given.phrases)
    every = [one for seed in range(11, 11 + given.worlds) for one in make(seed, given.species, given.images)]
    print(f"{len(every)} true captions of {given.species} species in each of {given.worlds} worlds")
    names = frozenset(one.name for one in every) | {one.taxon.binomial for one in every}
    judge = None if given.no_judge else judge_of()
    settings = CheckSettings(other_names=names, lexicon=words_of_world(), judge=judge)
    checks = dict(zip(CHECKS, checks_of(settings), strict=True))
    measure_phrases(every, settings)
    measure_text(every, checks)
    measure_traits(every, checks["traits"])
    measure_pictures(every, checks["colours"])
    measure_batches(every, checks)
    measure_speed(every, checks)
    if given.photos and given.descriptors:
        measure_photos(given.photos, given.descriptors)
    if given.real:
        measure_real(given.real, CheckSettings(max_words=60, min_words=1, judge=judge))


def row(kind: str, caught: Sequence[bool], is_spoilt: Sequence[bool]) -> None:
    """Recall, false alarms among the others, and the precision of both where a tenth is spoilt."""
    pairs = list(zip(caught, is_spoilt, strict=True))
    bad, good = sum(is_spoilt), len(pairs) - sum(is_spoilt)
    recall = sum(c and s for c, s in pairs) / max(bad, 1)
    alarms = sum(c and not s for c, s in pairs) / max(good, 1)
    precision = SHARE * recall / max(SHARE * recall + (1 - SHARE) * alarms, 1e-9)
    print(f"{kind:28} spoilt {bad:4}  precision {precision:.3f}  recall {recall:.3f}  false alarms {alarms:.4f}")


def spoilt(every: Sequence[True_], damage: damages.Damage, seed: int) -> tuple[list[str], list[bool]]:
    """The captions with a tenth spoilt, and which."""
    rng = np.random.default_rng([seed, 5])
    captions, is_spoilt = [one.caption for one in every], [False] * len(every)
    wanted = round(SHARE * len(every))
    for place in rng.permutation(len(every)):
        if wanted == 0:
            break
        text = damage(every[place], every, rng)
        if text is not None:
            captions[place], is_spoilt[place] = text, True
            wanted -= 1
    return captions, is_spoilt


def measure_phrases(every: Sequence[True_], settings: CheckSettings) -> None:
    """Every phrase of the list once: caught by its own check, by phrases alone and with the judge."""
    rng = np.random.default_rng(12)
    alone, judged = (
        dict(zip(CHECKS, checks_of(replace(settings, judge=judge)), strict=True)) for judge in (None, judge_of())
    )
    sums = np.zeros(3, dtype=int)
    for kind in (*damages.CLAIMS, "refusal", "boilerplate", "leakage", "characters", "two_sentences"):
        check = OF_KIND.get(kind, "invisible")
        counts = np.zeros(3, dtype=int)
        for phrase in damages.phrases()[kind]:
            one = every[int(rng.integers(len(every)))]
            text = damages.spoilt_by(kind, phrase, one)
            caught = [checks[check](text, subject_of(one)).is_fault for checks in (alone, judged)]
            counts += np.array([*caught, True], dtype=int)
            if not caught[1]:
                print(f"  missed: {kind}: {text}")
        sums += counts if check == "invisible" else 0
        print(f"phrases of {kind:16} {counts[2]:3}: caught {counts[0]}, with the judge {counts[1]}")
    shares = sums / sums[2]
    print(f"claims of the invisible: {sums[0]} and {sums[1]} of {sums[2]}: {shares[0]:.3f}, {shares[1]:.3f}")


def measure_text(every: Sequence[True_], checks: dict[str, Check]) -> None:
    """What text and names decide."""
    kinds: list[tuple[str, damages.Damage, str]] = [
        ("too long", damages.too_long, "length"),
        ("two sentences", damages.two_sentences, "sentence"),
        ("other language", damages.other_language, "language"),
        ("refusal", damages.by_phrase("refusal"), "refusal"),
        ("boilerplate", damages.by_phrase("boilerplate"), "refusal"),
        ("request repeated", damages.by_phrase("leakage"), "leakage"),
        ("control characters, markup", damages.by_phrase("characters"), "characters"),
        ("wrong name", damages.wrong_name, "name"),
        ("missing name", damages.missing_name, "name"),
        *((f"claim of {kind}", damages.with_claim(kind), "invisible") for kind in damages.CLAIMS),
        ("copied", damages.copied, "copying"),
    ]
    for seed, (kind, damage, check) in enumerate(kinds):
        captions, is_spoilt = spoilt(every, damage, seed)
        found = [checks[check](text, subject_of(one)) for text, one in zip(captions, every, strict=True)]
        row(kind, [finding.is_fault for finding in found], is_spoilt)
        if kind.startswith("claim") or kind == "refusal":
            texts = [(t, o) for t, o, bad in zip(captions, every, is_spoilt, strict=True) if bad]
            caught = sum(any(check(t, subject_of(o)).is_fault for check in checks.values()) for t, o in texts)
            print(f"  by any check{'':44} recall {caught / len(texts):.3f}")
    nameless = [replace(subject_of(one), is_name_wanted=False) for one in every]
    rng = np.random.default_rng(99)
    is_spoilt = [bool(rng.random() < SHARE) for _ in every]
    texts = [one.caption if bad else one.plain.text for one, bad in zip(every, is_spoilt, strict=True)]
    row("leaked name", [checks["name"](t, s).is_fault for t, s in zip(texts, nameless, strict=True)], is_spoilt)
    clean = Counter(
        name
        for one in every
        for name, check in checks.items()
        if name != "colours" and check(one.caption, subject_of(one)).is_fault
    )
    print("true captions rejected, by check:", {name: round(count / len(every), 4) for name, count in clean.items()})


def measure_traits(every: Sequence[True_], check: Check) -> None:
    """A wrong value of a trait that the description speaks of; then only where both texts decide it."""
    for seed, trait in enumerate(damages.TRAITS):
        captions, is_spoilt = spoilt(every, damages.contradiction(trait), seed + 50)
        if not any(is_spoilt):
            print(f"contradicts: {trait}: no description of these worlds speaks of it without a condition")
            continue
        found = [check(text, subject_of(one)).is_fault for text, one in zip(captions, every, strict=True)]
        row(f"contradicts: {trait}", found, is_spoilt)
        decided = [
            damages.is_decidable(trait, text, one) if bad else not one.differs
            for text, bad, one in zip(captions, is_spoilt, every, strict=True)
        ]
        counted = [(f, s) for f, s, kept in zip(found, is_spoilt, decided, strict=True) if kept]
        row("  where the texts decide", [f for f, _ in counted], [s for _, s in counted])
    sums: Counter[str] = Counter()
    for one in every:
        for kind, claims in check(one.caption, subject_of(one)).facts.items():
            sums[kind] += len(claims)
    odd = sum(one.differs for one in every)
    wrong = [one for one in every if not one.differs and check(one.caption, subject_of(one)).is_fault]
    for one in wrong[:3]:
        print("  rejected:", one.caption, check(one.caption, subject_of(one)).reason)
    print("claims of true captions:", dict(sums), f"individuals that differ from what is told: {odd}")


def measure_pictures(every: Sequence[True_], check: Check) -> None:
    """A wrong colour word against the picture."""
    captions, is_spoilt = spoilt(every, damages.wrong_colour, 80)
    found = []
    for text, one in zip(captions, every, strict=True):
        pixels = np.asarray(decode(one.jpeg()))
        found.append(check(text, replace(subject_of(one), image=pixels)))
    row("wrong colour", [finding.is_fault for finding in found], is_spoilt)
    claimed = [finding for finding in found if finding.facts["claimed"]]
    undecided = sum(not finding.facts["is_decided"] for finding in claimed) / len(claimed)
    print(f"of {len(claimed)} captions with colour words, undecided (grey, dark): {undecided:.3f}")
    absent = [
        (bad or finding.is_fault) and is_absent(text, one)
        for text, one, finding, bad in zip(captions, every, found, is_spoilt, strict=True)
    ]
    wrong = [(f.is_fault, gone) for f, gone, bad in zip(found, absent, is_spoilt, strict=True) if bad]
    report_absent("of wrong colour words", wrong)
    true = [(f.is_fault, gone) for f, gone, bad in zip(found, absent, is_spoilt, strict=True) if not bad]
    print(f"  true captions rejected: {sum(f for f, _ in true)}; of them with a colour that is nowhere: "
          f"{sum(f and gone for f, gone in true)}")  # fmt: skip


def is_absent(text: str, one: True_) -> bool:
    """Whether no cluster of the picture could be called what a colour word of the text says."""
    said = named_colours(without_names(text, subject_of(one)), words_of_world_and_english())
    told = colours_by_clusters(np.asarray(decode(one.jpeg())))
    return any(not may_be_one(basics, told) for basics in said.values())


def report_absent(title: str, wrong: Sequence[tuple[bool, bool]]) -> None:
    """How many are decidable, and recall among those and among the others; each is (rejected, absent)."""
    decidable = [rejected for rejected, gone in wrong if gone]
    others = [rejected for rejected, gone in wrong if not gone]
    print(f"{title} ({len(wrong)}): no cluster could be called so in {len(decidable) / len(wrong):.3f}, "
          f"of which {np.mean(decidable):.3f} are rejected; of the others {np.mean(others):.3f}")  # fmt: skip


def measure_batches(every: Sequence[True_], checks: dict[str, Check]) -> None:
    """Captions that fit every picture of a species; captions of another species' picture."""
    known = damages.phrases()["generic"]
    rng = np.random.default_rng(7)
    of_species = {one.taxon: known[int(rng.integers(len(known)))] for one in every}
    captions, is_spoilt = spoilt(every, lambda one, _, __: damages.put_in(of_species[one.taxon], one), 81)
    subjects = [subject_of(one) for one in every]
    repeats = Repeats()(captions, subjects)
    phrased = [
        checks["refusal"](text, subject).is_fault or checks["content"](text, subject).is_fault
        for text, subject in zip(captions, subjects, strict=True)
    ]
    row("generic, by its words", phrased, is_spoilt)
    row("generic, by its repeats", [finding.is_fault for finding in repeats], is_spoilt)
    row("generic, by either", [a or b.is_fault for a, b in zip(phrased, repeats, strict=True)], is_spoilt)
    captions, is_spoilt = _one_for_many(every)
    row("one caption for a fifth", [f.is_fault for f in Repeats()(captions, subjects)], is_spoilt)
    images = [str(place).encode() for place in range(len(every))]
    truth = {image: _truth(one) for image, one in zip(images, every, strict=True)}
    captions, is_spoilt = spoilt(every, damages.of_another, 82)

    def by_truth(pictures: Sequence[bytes], texts: Sequence[str]) -> list[float]:
        return [_fit(truth[picture], text) for picture, text in zip(pictures, texts, strict=True)]

    for least in (0.3, 0.5, 0.7, 0.9):
        found = Fit(least=least)(images, captions, subjects, by_truth)
        row(f"other species' caption @{least}", [finding.is_fault for finding in found], is_spoilt)


def _one_for_many(every: Sequence[True_]) -> tuple[list[str], list[bool]]:
    """In half of the species the first caption stands for a fifth of the pictures, its words in another order."""
    rng = np.random.default_rng(8)
    places: dict[Taxon, list[int]] = defaultdict(list)
    for place, one in enumerate(every):
        places[one.taxon].append(place)
    captions, is_spoilt = [one.caption for one in every], [False] * len(every)
    for number, mine in enumerate(places.values()):
        if number % 2 or len(mine) < 15:
            continue
        chosen = rng.permutation(mine)[: max(3, len(mine) // 5)]
        for place in chosen:
            opening = ("", "Here, ", "Seen: ", "There is ")[int(rng.integers(4))]
            captions[place], is_spoilt[place] = f"{opening}{every[chosen[0]].caption}", True
    return captions, is_spoilt


def _truth(one: True_) -> frozenset[str]:
    return frozenset(stem for fact in one.known for stem in stems_of(fact.phrase()))


def _fit(truth: frozenset[str], text: str) -> float:
    said = set(stems_of(text.partition(":")[2] or text)) - {"a", "an", "the", "with", "and", "on", "in", "that", "ha"}
    return len(said & truth) / max(len(said), 1)


def measure_speed(every: Sequence[True_], checks: dict[str, Check]) -> None:
    """Captions a second of processor time, by check; texts only."""
    for name, check in checks.items():
        started = time.process_time()
        for one in every:
            check(one.caption, subject_of(one))
        print(f"{name:12} {len(every) / (time.process_time() - started):9.0f} captions/s")


def measure_photos(folder: Path, descriptors: Path) -> None:
    """Colour words of a bird's descriptors, and one far from all of them, against 500 photos of it.

    A photo may show a female or the back of a bird, so a colour of its species may be truly absent.
    """
    told = {_plain_name(name): texts for name, texts in json.loads(descriptors.read_text(encoding="utf-8")).items()}
    with (folder / "manifest.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if _plain_name(row["common_name"]) in told]
    rng = np.random.default_rng(3)
    own, wrong, undecided = [], [], 0
    own_seen, wrong_seen = [], []
    for place in rng.permutation(len(rows))[:500]:
        row = rows[place]
        pixels = np.asarray(read_image(folder / row["file"]))
        palette = palette_of(pixels)
        undecided += palette.is_colourless
        if palette.is_colourless:
            continue
        named = [named_colours(text, general()) for text in told[_plain_name(row["common_name"])]]
        colours = [basics for found in named for basics in found.values()]
        far = [name for name in VIVID if not may_be_one({name}, frozenset().union(*colours))]
        own += [max(palette.shares[name] for name in basics) < Colours().share for basics in colours]
        shown = colours_by_clusters(pixels)
        own_seen += [not may_be_one(basics, shown) for basics in colours]
        if far and colours:
            name = str(rng.choice(far))
            wrong.append(palette.shares[name] < Colours().share)
            wrong_seen.append(not may_be_one({name}, shown))
    print(f"photos: {len(own)} true colour words, {np.mean(own):.4f} rejected; {len(wrong)} wrong ones, "
          f"{np.mean(wrong):.3f} rejected; {undecided} photos undecided")  # fmt: skip
    report_absent("  of wrong ones", list(zip(wrong, wrong_seen, strict=True)))
    report_absent("  of true ones", list(zip(own, own_seen, strict=True)))


def _plain_name(name: str) -> str:
    return name.lower().replace("'", "")


def measure_real(folder: Path, settings: CheckSettings) -> None:
    """How often each check rejects a sentence that people wrote for BioCAP's retrieval sets."""
    checks = dict(zip(CHECKS, checks_of(settings), strict=True))
    for table in ("cornell_bird", "plantid"):
        counts: Counter[str] = Counter()
        sentences = 0
        with (folder / f"{table}.csv").open(encoding="utf-8") as file:
            for line in csv.DictReader(file):
                name, _, text = line["captions"].partition(", ")
                subject = Subject(taxon=Taxon(common=name.replace("_", " ")))
                for said in split_sentences(text):
                    sentences += 1
                    for check in REAL:
                        counts[check] += checks[check](said, subject).is_fault
        print(table, sentences, {name: round(count / sentences, 4) for name, count in counts.items()})


if __name__ == "__main__":
    main()
