"""Names for taxa that never lived: Latin-sounding scientific names and English-sounding common ones.

Every scientific name above the epithet holds one of HEARTS, four-letter groups that a tongue can say
and that occur in none of the 1.7 million names of the iNaturalist backbone (a test looks). So no
coined name can be a real one, and coining needs no backbone at hand.
"""

from collections.abc import Callable

import numpy as np

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


def unique(coin: Callable[[], str], taken: set[str]) -> str:
    """The first coined name that is not taken yet; it is taken then."""
    while True:
        name = coin()
        if name.lower() not in taken:
            taken.add(name.lower())
            return name


def stem(generator: np.random.Generator) -> str:
    """What a genus and the family named after it share: an opening, then a heart."""
    opening = _pick(generator, _ONSETS) + _pick(generator, _VOWELS) + _pick(generator, _CONSONANTS)
    return (opening + _pick(generator, HEARTS)).capitalize()


def genus(generator: np.random.Generator, own_stem: str) -> str:
    """A genus from its stem."""
    return own_stem + _pick(generator, _GENUS_ENDINGS)


def group(generator: np.random.Generator, own_stem: str, rank: Rank, kingdom: int) -> str:
    """A name from kingdom to family; within a kingdom a rank has one ending, as in real codes."""
    endings = _SUFFIXES[rank]
    return own_stem + endings[kingdom % len(endings)]


def epithet(generator: np.random.Generator) -> str:
    """A species epithet; it describes nothing."""
    middle = "".join(_pick(generator, _VOWELS) + _pick(generator, _CONSONANTS) for _ in range(generator.integers(1, 3)))
    return _pick(generator, _ONSETS) + middle + _pick(generator, _EPITHET_ENDINGS)


def common_noun(generator: np.random.Generator) -> str:
    """What English speakers might call a family: "thrimble", "garrock"."""
    return _pick(generator, _NOUN_ONSETS) + _pick(generator, _NOUN_MIDDLES) + _pick(generator, _NOUN_ENDINGS)


def common_name(generator: np.random.Generator, noun: str) -> str:
    """A species' common name: a place, and the noun of its family; it describes nothing."""
    place = _pick(generator, _PLACES) + _pick(generator, _PLACE_ENDINGS)
    return f"{_pick(generator, _DEGREES)}{place} {noun}"


def _pick(generator: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[int(generator.integers(len(choices)))]
