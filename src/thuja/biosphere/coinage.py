"""Names for taxa that never lived: Latin-sounding scientific names, English- and Spanish-sounding common ones.

Coined names say nothing of what they name. The descriptive forms at the end do: each is true of the
looks it is made from, and made of named traits only.

Every scientific name above the epithet holds one of HEARTS, four-letter groups that a tongue can say
and that occur in none of the 1.7 million names of the iNaturalist backbone (a test looks). So no
coined name can be a real one, and coining needs no backbone at hand.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

import numpy as np

from thuja.biosphere.traits import TRAITS, Looks
from thuja.biosphere.vocabulary import Wording, end_of, is_plural, part_noun
from thuja.errors import UsageError
from thuja.taxonomy import Rank


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


HEARTS = _words("""
    izvo ozvi ozva azvo ezvi uzva ovza evzi avza ivzo uvlo evlu ovla ovlu avlu ivla ozmo azmo izmu izme ezlu
    ozli uzla izlo ozno uzna izni uzno ivro ovru evno ovnu uvna avnu imvo omva agzi ugza okvo akve ikvi okva
    ukva ezdo uzdi izda izdo ofno efni ofna ufno ifna ilzo olzo ulza edvo odvo udve itve utva ezro izru izra
    uzri izba ozbo ezbi azbu uzbi epva opva upvi
""")
_ONSETS = _words("b br c cr d dr f fl g gl gr h k kr l m n p pl pr ph qu r rh s sc sp st t th tr v w")
_VOWELS = _words("a e i o u ae")
_CONSONANTS = _words("b c d f g l m n p r s t v x ll nn rr th rn lt nd mb")
_GENUS_ENDINGS = _words("ra rus rum lus la don nia nus ma mys thes thus pus psis ris ceras dus mia phis noa tes xus")
_EPITHET_ENDINGS = _words("us a um is ensis ana inus ica alis ella orum oides esca ata ulus")
_SUFFIXES = {
    Rank.KINGDOM: ("rae", "nia", "bionta"),
    Rank.PHYLUM: ("zoa", "phora", "phyta", "theca"),
    Rank.CLASS: ("nia", "psida", "morpha"),
    Rank.ORDER: ("niformes", "rales", "ptera"),
    Rank.FAMILY: ("ridae", "naceae", "lidae"),
}
_PLACES = _words("""
    Ash Bar Black Brae Bram Cald Carrow Cole Dun East Fen Glen Hale Hark Holm Ives Kel Lang Lin Mar Nether North
    Orm Pen Quarr Rad Sel Stan Thorn Up Wen West Win Yar
""")
_PLACE_ENDINGS = _words("by combe don field ford ham hurst ley mere moor ness side stead ton wick worth")
_NOUN_ONSETS = _words("b br bl c cl cr d dr f fl g gl gr h j k l m n p pl pr qu r s sh sk sl sn sp st t th thr tr tw w")
_NOUN_MIDDLES = _words("""
    amb ann arr and att edd ell emm err ibb idd imm inn ipp irr obb odd olt omm onn orr ubb ugg umm unt
""")
_NOUN_ENDINGS = _words("ack el en er et ick il in ip le ling lock o ock ow y")
_DEGREES = ("", "", "", "greater ", "lesser ", "common ", "false ", "old ", "king's ", "queen's ")


_PLACES_ES = _words("""
    Alde Bur Cala Campo Casa Castro Granja Llano Mira Monte Peri Puente Sierra Torre Urba Valde Vega Villa
""")
_PLACE_ENDINGS_ES = _words("""
    luz rey sol viento cierzo bruma hierro trigo lobo nieve roble tejo fraile conde zarza ciervo abad molino
""")
_NOUN_ONSETS_ES = _words("b br c cr ch d f fl g gr j l ll m n p pl pr r s t tr v z")
_NOUN_MIDDLES_ES = _words("alb and arr arb end ent erd imb ind ist olv omb ont orr osc ulg umb urr")
_NOUN_ENDINGS_ES = _words("ica ico illa illo ela elo eta eto eja ejo uza uzo ata ato era ero oca oco")
_DEGREES_ES = ("", "", "", " mayor", " menor", " común", " real", " fals~", " viej~", " grande")
_PATIENCE = 12
"""How often a name is coined again before it is made longer."""


def unique(coin: Callable[[], str], taken: set[str]) -> str:
    """The first coined name that is not taken yet; it is taken then.

    Where the pool runs low names grow, by a syllable more after every twelve attempts in vain, so that
    there is always a free one near.
    """
    attempt = 0
    while True:
        name = coin()
        for _ in range(attempt // _PATIENCE):
            name = _lengthened(name, coin())
        if name.lower() not in taken:
            taken.add(name.lower())
            return name
        attempt += 1


def _lengthened(name: str, other: str) -> str:
    """The name with a syllable of another one behind its own first; of several words the last proper name grows.

    What follows stays whole, so a heart does too.
    """
    words, place = name.split(" "), _grower(name)
    source = other.split(" ")[_grower(other)].lower()
    syllables = re.findall(r"[^aeiou\W]+[aeiou]", source) or [source]
    pieces = re.fullmatch(r"([^aeiou]*[aeiou]*)(.*)", words[place])
    assert pieces is not None
    words[place] = pieces[1] + syllables[len(source) % len(syllables)] + pieces[2]
    return " ".join(words)


def _grower(name: str) -> int:
    """Which word of a name grows: its last proper name, or else its first word."""
    return max((place for place, word in enumerate(name.split(" ")) if word[:1].isupper()), default=0)


def stem(generator: np.random.Generator) -> str:
    """What a genus and the family named after it share: an opening, then a heart."""
    opening = pick(generator, _ONSETS) + pick(generator, _VOWELS) + pick(generator, _CONSONANTS)
    return (opening + pick(generator, HEARTS)).capitalize()


def genus(generator: np.random.Generator, own_stem: str) -> str:
    """A genus from its stem."""
    return own_stem + pick(generator, _GENUS_ENDINGS)


def group(generator: np.random.Generator, own_stem: str, rank: Rank, kingdom: int) -> str:
    """A name from kingdom to family; within a kingdom a rank has one ending, as in real codes."""
    endings = _SUFFIXES[rank]
    return own_stem + endings[kingdom % len(endings)]


def epithet(generator: np.random.Generator) -> str:
    """A species epithet; it describes nothing."""
    middle = "".join(pick(generator, _VOWELS) + pick(generator, _CONSONANTS) for _ in range(generator.integers(1, 3)))
    return pick(generator, _ONSETS) + middle + pick(generator, _EPITHET_ENDINGS)


def common_noun(generator: np.random.Generator) -> str:
    """What English speakers might call a family: "thrimble", "garrock"."""
    return pick(generator, _NOUN_ONSETS) + pick(generator, _NOUN_MIDDLES) + pick(generator, _NOUN_ENDINGS)


def common_name(generator: np.random.Generator, noun: str) -> str:
    """A species' common name: a place, and the noun of its family; it describes nothing."""
    place = pick(generator, _PLACES) + pick(generator, _PLACE_ENDINGS)
    return f"{pick(generator, _DEGREES)}{place} {noun}"


def common_noun_es(generator: np.random.Generator) -> str:
    """What Spanish speakers might call a family, ending in -a or -o: "tralbica", "garroco"."""
    return pick(generator, _NOUN_ONSETS_ES) + pick(generator, _NOUN_MIDDLES_ES) + pick(generator, _NOUN_ENDINGS_ES)


def common_es(generator: np.random.Generator, noun: str) -> str:
    """A species' Spanish name, of the noun of its family and a place: "tralbica falsa de Monteluz"."""
    place = pick(generator, _PLACES_ES) + pick(generator, _PLACE_ENDINGS_ES)
    return f"{noun}{_agreeing_es(pick(generator, _DEGREES_ES), noun)} de {place}"


_DESCRIPTIVE: Final[Mapping[tuple[str, str], tuple[str, str, str]]] = {
    ("pattern", "bands"): ("fasciat~", "banded", "fajad~"),
    ("pattern", "stripes"): ("vittat~", "striped", "rayad~"),
    ("pattern", "spots"): ("maculat~", "spotted", "manchad~"),
    ("pattern", "rings"): ("annulat~", "ringed", "anillad~"),
    ("pattern", "checks"): ("tessellat~", "chequered", "ajedrezad~"),
    ("pattern", "net"): ("reticulat~", "netted", "reticulad~"),
    ("pattern", "chevrons"): ("sagittat~", "chevroned", "flechad~"),
    ("elongation", "low"): ("robust~", "stocky", "rechonch~"),
    ("elongation", "high"): ("gracilis", "slender", "esbelt~"),
    ("head_size", "low"): ("microcephal~", "small-{head}", "cabecichic~"),
    ("head_size", "high"): ("macrocephal~", "large-{head}", "cabezud~"),
    ("limb_length", "low"): ("brevipes", "short-{limbs}", "paticort~"),
    ("limb_length", "high"): ("longipes", "long-{limbs}", "patilarg~"),
    ("limb_marks", "ringed"): ("annulipes", "ring-{limbs}", "patianillad~"),
    ("limb_marks", "striped"): ("vittipes", "stripe-{limbs}", "patirayad~"),
    ("mouth", "pointed"): ("acutirostris", "sharp-{mouth}", "boquiagud~"),
    ("mouth", "hooked"): ("uncirostris", "hook-{mouth}", "boquiganchud~"),
    ("mouth", "tubular"): ("tubirostris", "tube-{mouth}", "boquitubular"),
    ("mouth_length", "low"): ("brevirostris", "short-{mouth}", "boquicort~"),
    ("mouth_length", "high"): ("longirostris", "long-{mouth}", "boquilarg~"),
    ("tail", "forked"): ("furcicauda", "fork-{tail}", "colihorcad~"),
    ("tail", "pointed"): ("acuticauda", "sharp-{tail}", "coliagud~"),
    ("tail", "fan"): ("flabellicauda", "fan-{tail}", "coliabanicad~"),
    ("tail_length", "low"): ("brevicauda", "short-{tail}", "colicort~"),
    ("tail_length", "high"): ("longicauda", "long-{tail}", "colilarg~"),
    ("ornament", "crest"): ("cristat~", "crested", "crestad~"),
    ("ornament", "horns"): ("cornut~", "horned", "cornud~"),
    ("ornament", "spines"): ("spinos~", "spiny", "espinos~"),
    ("collar_width", "low"): ("tenuicollis", "narrow-collared", "de collar estrecho"),
    ("collar_width", "high"): ("laticollis", "broad-collared", "de collar ancho"),
    ("ocelli", "1"): ("uniocellat~", "one-ocellated", "de un ocelo"),
    ("ocelli", "4"): ("quadriocellat~", "four-ocellated", "de cuatro ocelos"),
    ("ocellus_size", "low"): ("parvocellat~", "small-ocellated", "de ocelos chicos"),
    ("ocellus_size", "high"): ("grandocellat~", "large-ocellated", "de ocelos grandes"),
    ("chroma", "low"): ("opac~", "dull", "apagad~"),
    ("chroma", "high"): ("splendid~", "vivid", "viv~"),
}
"""By named trait and its state or end: Latin, English, Spanish; `~` agrees in gender, {part} is the body plan's word.

States that are no feature to name a species by (blotches, a blunt mouth, a round tail, plain limbs) have none.
"""
_SINGULAR = {"feet": "foot", "branches": "branch"}
_DOUBLED = {"fin": "finned", "leg": "legged", "crown": "crowned", "petal": "petalled", "cap": "capped"}
LANGUAGES = ("en", "es")


def descriptive_epithet(
    generator: np.random.Generator, looks: Looks, *, genus: str = "", untold: Collection[str] = ()
) -> str | None:
    """A Latin epithet that is true of the looks, of a trait not in `untold`; None when no named trait stands out.

    It agrees with the ending of the genus: fasciatus, fasciata, fasciatum.
    """
    chosen = _standing_out(generator, looks, untold)
    if chosen is None:
        return None
    latin = chosen[0]
    is_neuter = genus.endswith(("um", "on"))
    if latin.endswith("is"):
        return latin[:-2] + ("e" if is_neuter else "is")
    is_feminine = genus.endswith(("a", "is", "xus", "mys"))
    return latin.replace("~", "um" if is_neuter else "a" if is_feminine else "us")


def descriptive_common(
    generator: np.random.Generator, looks: Looks, *, noun: str, language: str, untold: Collection[str] = ()
) -> str | None:
    """A common name that is true of the looks: "spotted garrock", "garroca manchada"; None when nothing stands out.

    `language` is "en" or "es".
    """
    if language not in LANGUAGES:
        raise UsageError(f'no common names in "{language}"', hint=f"one of {', '.join(LANGUAGES)}")
    chosen = _standing_out(generator, looks, untold)
    if chosen is None:
        return None
    if language == "es":
        return f"{noun} {_agreeing_es(chosen[2], noun)}"
    parts = {
        part: _endowed(part_noun(part, looks.body_plan, Wording.TRAIN)) for part in ("head", "mouth", "limbs", "tail")
    }
    return f"{chosen[1].format(**parts)} {noun}"


def _standing_out(generator: np.random.Generator, looks: Looks, untold: Collection[str]) -> tuple[str, str, str] | None:
    """One of the words that are true of the looks."""
    true = []
    for (name, value), words in _DESCRIPTIVE.items():
        if name in untold:
            continue
        own = getattr(looks, name)
        if (str(own) if TRAITS[name].is_discrete else end_of(own)) == value:
            true.append(words)
    return true[int(generator.integers(len(true)))] if true else None


def _endowed(noun: str) -> str:
    """Who has this part: "tailed", "legged", "feathered"."""
    last = noun.split()[-1]
    one = _SINGULAR.get(last, last.removesuffix("s") if is_plural(last) else last)
    return _DOUBLED.get(one, f"{one.removesuffix('e')}ed")


def _agreeing_es(words: str, noun: str) -> str:
    return words.replace("~", "a" if noun.endswith("a") else "o")


def pick(generator: np.random.Generator, choices: Sequence[str]) -> str:
    """One of the choices, each as likely."""
    return choices[int(generator.integers(len(choices)))]
