"""Ways to spoil a true caption, each a known fault; the phrases stand in captions_checks_*.txt."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from captions_checks_world import CONDITION, DISCRETE, SHARES, True_, subject_of, words_of_world_and_english
from thuja.biosphere.vocabulary import COLOUR_NAMES, Fact, values_of
from thuja.captions.check.colour_terms import may_be_one
from thuja.captions.check.colours import named_colours
from thuja.captions.check.naming import without_names
from thuja.captions.check.traits.lexicon import general
from thuja.captions.check.words import stems_of

Damage = Callable[[True_, Sequence[True_], np.random.Generator], str | None]
"""The true caption and all others to a spoilt one; None where this caption cannot be spoilt so."""
_SIGNS: Final = {
    "zero": "\u200b", "bell": "\x07", "override": "\u202e", "bird": "\U0001f426", "leaf": "\U0001f33f",
    "replacement": "\ufffd",
}  # fmt: skip


LISTS: Final = ("seen", "held_out")
"""Phrases that the checks were mended on, and those that were kept apart; each file says what was done with it."""
_CHOSEN = {"list": "held_out"}


def choose(name: str) -> None:
    """Which list `phrases` reads."""
    _CHOSEN["list"] = name


def phrases() -> dict[str, list[str]]:
    """The phrases of the chosen list, by kind."""
    path = Path(__file__).with_name(f"captions_checks_{_CHOSEN['list']}.txt")
    found: dict[str, list[str]] = {}
    kind = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip("[]").replace("_", "").islower() and line.startswith("[") and "caption" not in line:
            kind = line.strip("[]")
            found[kind] = []
        elif line and kind:
            found[kind].append(line)
    return found


def put_in(phrase: str, one: True_) -> str:
    text = phrase.replace("{name}", one.name).replace("\\u2028", "\u2028 end")
    for name, sign in _SIGNS.items():
        text = text.replace(f"{{{name}}}", sign)
    for before in (": {caption}", ", {caption}"):
        text = text.replace(before, f"{before[0]} {one.said}")
    return text.replace("{caption}", one.said if phrase.find("{caption}") else one.caption)


def spoilt_by(kind: str, phrase: str, one: True_) -> str:
    """The caption with one phrase: a claim or a sentence behind it, or the phrase in its place."""
    if kind in CLAIMS:
        return f"{one.caption.rstrip('.')}{phrase}."
    return f"{one.caption} {phrase}" if kind == "two_sentences" else put_in(phrase, one)


def by_phrase(kind: str) -> Damage:
    """A whole caption by a phrase of this kind."""
    known = phrases()[kind]

    def damage(one: True_, others: Sequence[True_], rng: np.random.Generator) -> str:
        return put_in(known[int(rng.integers(len(known)))], one)

    return damage


def with_claim(kind: str) -> Damage:
    """The caption with a claim behind it."""
    known = phrases()[kind]

    def damage(one: True_, others: Sequence[True_], rng: np.random.Generator) -> str:
        return f"{one.caption.rstrip('.')}{known[int(rng.integers(len(known)))]}."

    return damage


def too_long(one: True_, others: Sequence[True_], rng: np.random.Generator) -> str:
    text = one.caption.rstrip(".")
    while len(text.split()) <= 20:
        text += f" and {others[int(rng.integers(len(others)))].said.rstrip('.')}"
    return f"{text}."


def two_sentences(one: True_, others: Sequence[True_], rng: np.random.Generator) -> str:
    known = phrases()["two_sentences"]
    return f"{one.caption} {known[int(rng.integers(len(known)))]}"


def wrong_name(one: True_, others: Sequence[True_], rng: np.random.Generator) -> str | None:
    wrong = [other for other in others if other.taxon != one.taxon]
    return f"{wrong[int(rng.integers(len(wrong)))].name}: {one.said}"


def missing_name(one: True_, others: Sequence[True_], rng: np.random.Generator) -> str:
    return one.plain.text


def copied(one: True_, others: Sequence[True_], rng: np.random.Generator) -> str | None:
    """Sentences of the description, up to twenty words."""
    sentences = [s.text.rstrip(".") for s in one.sentences if s.is_visible and len(s.text.split()) >= 8]
    if not sentences:
        return None
    text = sentences[int(rng.integers(len(sentences)))]
    return " ".join(f"{one.name}: {text[0].lower()}{text[1:]}".split()[:20]) + "."


def _basics(name: str) -> frozenset[str]:
    senses = general().senses
    found = [senses[(stem,)].colours for stem in stems_of(name) if (stem,) in senses]
    return frozenset().union(*found)


def wrong_colour(one: True_, others: Sequence[True_], rng: np.random.Generator) -> str | None:
    """A colour of the coat by another that nobody would take for either of its two."""
    told = [fact for fact in one.plain.facts if fact.name in ("colour", "mark_colour")]
    worn = frozenset().union(*(_basics(f.value) for f in one.known if f.name in ("colour", "mark_colour")))
    far = [name for name in COLOUR_NAMES if not may_be_one(_basics(name), worn)]
    if not told or not far:
        return None
    fact = told[int(rng.integers(len(told)))]
    return _with(one, fact, far[int(rng.integers(len(far)))])


def _with(one: True_, fact: Fact, value: str) -> str:
    changed = tuple(replace(other, value=value) if other is fact else other for other in one.plain.facts)
    text = replace(one.plain, facts=changed).text
    return f"{one.name}: {text[0].lower()}{text[1:]}"


def contradiction(trait: str) -> Damage:
    """Another value of a trait that the description speaks of firmly; none that any form of the species has."""

    def damage(one: True_, others: Sequence[True_], rng: np.random.Generator) -> str | None:
        told = [fact for fact in one.plain.facts if fact.name == trait]
        if not told or ("hue" if trait == "colour" else trait) not in one.firm_traits:
            return None
        if trait == "colour":
            return wrong_colour(one, others, rng)
        forms = (one.account.female, one.account.male, one.account.juvenile, one.account.winter)
        taken = {told[0].value, *(_value(trait, getattr(looks, trait)) for looks in forms)}
        left = [value for value in values_of(trait) if value not in taken]
        return _with(one, told[0], left[int(rng.integers(len(left)))]) if left else None

    return damage


def is_decidable(trait: str, text: str, one: True_) -> bool:
    """Whether the two texts alone decide that a caption so spoilt contradicts the description.

    What is said of the young, a sex or a season may be so. A colour is decided if it is the body's, the only one that
    the caption names, and one that nobody would take for any colour in the description.
    """
    if CONDITION.search(one.plain.text):
        return False
    if trait != "colour":
        return True
    lexicon = words_of_world_and_english()
    said = named_colours(without_names(text, subject_of(one)), lexicon)
    described = frozenset().union(*named_colours(one.description, lexicon).values())
    told = [fact.name for fact in one.plain.facts if fact.name in ("colour", "mark_colour")]
    return told == ["colour"] and len(said) == 1 and not may_be_one(next(iter(said.values())), described)


def _value(trait: str, value: object) -> str:
    if trait in SHARES:
        return "low" if float(str(value)) < 0.5 else "high"
    return str(value)


def of_another(one: True_, others: Sequence[True_], rng: np.random.Generator) -> str:
    """What is true of a picture of another species, under this one's name."""
    wrong = [other for other in others if other.taxon != one.taxon]
    return f"{one.name}: {wrong[int(rng.integers(len(wrong)))].said}"


_LANGUAGES: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "de": (
        ("{n} mit {p} auf {g}.", "{n}, von der Seite gesehen, mit {p}.", "Auf {g} sitzt {n}.", "{p} und {n} vor {g}."),
        ("ein roter Vogel", "eine blaue Blume", "ein brauner Pilz", "ein gr\u00fcner Fisch", "eine gelbe Schnecke"),
        ("langem Schnabel", "kurzem Schwanz", "breiten Streifen", "dunklen Flecken", "spitzen Stacheln"),
        ("steinigem Boden", "hellem Sand", "einem gr\u00fcnen Blatt", "ruhigem Wasser"),
    ),
    "es": (
        ("{n} con {p} sobre {g}.", "{n} que muestra {p}.", "Sobre {g} hay {n}.", "{n}, visto de lado, con {p}."),
        ("un ave roja", "una flor azul", "un hongo marr\u00f3n", "un pez verde", "un caracol amarillo"),
        ("el pico largo", "cola corta", "rayas anchas", "manchas oscuras", "espinas agudas"),
        ("suelo pedregoso", "arena clara", "una hoja verde", "agua tranquila"),
    ),
    "fr": (
        ("{n} avec {p} sur {g}.", "{n} aux {p}.", "Sur {g} se trouve {n}.", "{n}, vu de profil, montre {p}."),
        ("un oiseau rouge", "une fleur bleue", "un champignon brun", "un poisson vert", "un escargot jaune"),
        ("longues ailes", "larges bandes", "taches sombres", "\u00e9pines pointues", "raies fines"),
        ("un sol pierreux", "du sable clair", "une feuille verte", "une eau calme"),
    ),
    "pt": (
        ("{n} com {p} sobre {g}.", "{n} que tem {p}.", "Sobre {g} est\u00e1 {n}.", "{n}, de perfil, mostrando {p}."),
        ("uma ave vermelha", "uma flor azul", "um cogumelo marrom", "um peixe verde", "um caracol amarelo"),
        ("bico longo", "cauda curta", "faixas largas", "manchas escuras", "espinhos agudos"),
        ("solo pedregoso", "areia clara", "uma folha verde", "\u00e1gua calma"),
    ),
    "it": (
        ("{n} con {p} su {g}.", "{n} che mostra {p}.", "Su {g} si vede {n}.", "{n}, di profilo, dotato di {p}."),
        ("un uccello rosso", "un fiore azzurro", "un fungo bruno", "un pesce verde", "una lumaca gialla"),
        ("becco lungo", "coda corta", "strisce larghe", "macchie scure", "spine aguzze"),
        ("terreno sassoso", "sabbia chiara", "una foglia verde", "acqua calma"),
    ),
    "nl": (
        ("{n} met {p} op {g}.", "{n} die {p} laat zien.", "Op {g} zit {n}.", "{n}, van opzij gezien, met {p}."),
        ("een rode vogel", "een blauwe bloem", "een bruine paddenstoel", "een groene vis", "een gele slak"),
        ("een lange snavel", "een korte staart", "brede strepen", "donkere vlekken", "scherpe stekels"),
        ("een stenige bodem", "licht zand", "een groen blad", "rustig water"),
    ),
    "sv": (
        (
            "{n} med {p} p\u00e5 {g}.",
            "{n} som visar {p}.",
            "P\u00e5 {g} sitter {n}.",
            "{n}, sedd fr\u00e5n sidan, med {p}.",
        ),
        ("en r\u00f6d f\u00e5gel", "en bl\u00e5 blomma", "en brun svamp", "en gr\u00f6n fisk", "en gul snigel"),
        ("l\u00e5ng n\u00e4bb", "kort stj\u00e4rt", "breda r\u00e4nder", "m\u00f6rka fl\u00e4ckar", "vassa taggar"),
        ("stenig mark", "ljus sand", "ett gr\u00f6nt blad", "lugnt vatten"),
    ),
    "pl": (
        ("{n} z widocznym wzorem na tle: {g}.", "{n}, a obok {g}.", "Na zdj\u0119ciu {n} oraz {g}."),
        ("czerwony ptak", "niebieski kwiat", "br\u0105zowy grzyb", "zielona ryba", "\u017c\u00f3\u0142ty \u015blimak"),
        ("",),
        ("kamienista gleba", "jasny piasek", "zielony li\u015b\u0107", "spokojna woda"),
    ),
}


def other_language(one: True_, others: Sequence[True_], rng: np.random.Generator) -> str:
    """A sentence in one of eight languages behind the name."""
    frames, nouns, parts, grounds = _LANGUAGES[str(rng.choice(list(_LANGUAGES)))]
    text = str(rng.choice(frames)).format(n=rng.choice(nouns), p=rng.choice(parts), g=rng.choice(grounds))
    return f"{one.name}: {text}"


CLAIMS: Final = (
    "sound", "smell", "behaviour", "diet", "distribution", "measurement", "abundance", "use", "season", "generality",
)  # fmt: skip
TRAITS: Final = ("colour", *DISCRETE, *SHARES)
