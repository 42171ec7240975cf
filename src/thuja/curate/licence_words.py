"""The words in which licences are written, and what each says; a text with any other word says nothing that is known.

Texts come as `plain_words` leaves them: lower case, no accents, one space between words, digits apart from letters.
"""

import re
import unicodedata
from typing import Final

CC_WORDS: Final = {
    "nc": (
        "nc", "non ?commercial", "no ?comercial", "nao ?comercial", "non ?commerciale", "nicht ?kommerziell",
        "niet ?commercieel", "pas d utilisations? commerciales?",
    ),
    "sa": (
        "sa", "share ?alike", "compartir ?igual", "compartilha ?igual", "condividi allo stesso modo", "gelijk ?delen",
        "weitergabe unter gleichen bedingungen", "partage dans les memes conditions", "partage a l identique",
    ),
    "nd": (
        "nd", "no ?deriv(?:s|ative|atives|ates|ative works?)?", "sin ?(?:obra ?)?derivad[ao]s?",
        "sem ?derivac(?:ao|oes)", "non opere derivate", "keine bearbeitung(?:en)?", "geen ?afgeleide ?werken",
        "pas de modifications?",
    ),
    "by": (
        "by", "attribution", "atribucion", "atribuicao", "reconocimiento", "namensnennung", "attribuzione",
        "naamsvermelding", "paternite",
    ),
    "cc": ("cc", "creative ?commons"),
}  # fmt: skip
"""What a Creative Commons licence asks for, in its codes and in the languages in which its deeds are most cited."""

WHOLE: Final = {
    "cc0": (
        "(?:cc|creative ?commons) (?:0|zero)", "public ?domain zero", "public domain dedication", "no rights reserved",
    ),
    "no-known-restrictions": (
        "no known copyright(?: restrictions?)?", "no known restrictions?(?: on publication)?", "no restrictions", "nkc",
    ),
    "public-domain": (
        "public ?domain(?: mark)?", "pdm", "domaine public", "dominio publico", "gemeinfrei",
        "pd(?: (?:self|user|author|art|us|usgov|ineligible|shape|textlogo|old(?: \\d{2,3})?(?: expired)?))?",
    ),
    "all-rights-reserved": ("all rights(?: are)? reserved", "in copyright", "copyrighted"),
}  # fmt: skip
"""What says a whole licence. The `pd` words are Wikimedia Commons' templates."""

_PORTS: Final = (
    "ar|at|au|az|be|bg|br|ca|ch|cl|cn|co|cr|cz|de|dk|ec|ee|eg|es|fi|fr|ge|gr|gt|hk|hr|hu|ie|igo|il|in|it|jp|kr|lu|mk|mt|"
    "mx|my|nl|no|nz|pe|ph|pl|pr|pt|ro|rs|scotland|se|sg|si|th|tw|ug|uk|us|ve|vn|za|deed|australia|austria|brazil|canada|"
    "france|germany|italy|japan|netherlands|new zealand|poland|portugal|spain|sweden|switzerland|united kingdom|"
    "united states"
)
FILLING: Final = (
    rf"(?:v |version )?[1-4](?: \d)?(?: (?:{_PORTS}))?",
    "unported", "international", "int", "intl", "generic", "universal", "licen[cs]ed?", "legal ?code",
    "public licen[cs]e", "some rights reserved", "this (?:work|image|photo|file) is", "under", "the", "a", "and", "or",
    "terms of", "required",
)  # fmt: skip
"""What may stand beside a licence and changes nothing: its version, the country it was made for, the word itself."""

LIMITS: Final = re.compile(
    r"\b(?:not?|non?|nc|nd|sa|nicht|niet|geen|keine?|pas|sans|sin|sem|nao|except\w*|excluding|prohibit\w*|forbid\w*|without|"
    r"permission|restrict\w*|only|interdit\w*|prohibid\w*|commerci\w*|comercial\w*|kommerzi\w*|profit|reserved?|deriv\w*|"
    r"modif\w*|copyright\w*|reuse)\b"
)
"""A word by which a text that is not understood may take back what another text grants."""

_ADDRESSES: Final = (
    (r"creativecommons\.org/licen[sc]es/((?:by|nc|nd|sa)(?:-(?:by|nc|nd|sa))*)", r" cc \1 "),
    (r"creativecommons\.org/(?:publicdomain/zero|licen[sc]es/(?:cc)?(?:0|zero))", " cc zero "),
    (r"creativecommons\.org/(?:publicdomain/mark|licen[sc]es/publicdomain)", " public domain "),
    (r"rightsstatements\.org/(?:vocab|page)/nkc", " nkc "),
    (r"rightsstatements\.org/(?:vocab|page)/inc(?:-[a-z]+)?", " in copyright "),
    (r"flickr\.com/commons/usage", " nkc "),
    (r"en\.wikipedia\.org/wiki/public_domain", " public domain "),
)
_PORT: Final = r"(?!(?:by|nc|nd|sa)\b)[a-z]{2,8}(?:[-_][a-z]{2,4})?"
_TAIL: Final = rf"(?:/\d(?:\.\d)?)?(?:/{_PORT})?(?:/(?:deed|legalcode))?(?:\.{_PORT})?/?(?=[\s,;|)\]>\"']|$)"
_KNOWN_ADDRESSES: Final = [
    (re.compile(rf"<?(?:https?:)?(?://)?(?:www\.)?{path}{_TAIL}>?"), to) for path, to in _ADDRESSES
]

_CREDIT: Final = re.compile(
    r"^(?P<whose>.{1,200}?), (?P<said>(?:some|no|all) rights reserved(?: \([^()]*\))?|no known copyright restrictions"
    r"(?: \(public domain\))?)(?:, uploaded by (?P<by>.{1,100}))?$"
)


def plain_words(text: str) -> str:
    """The words of a text, known addresses as the words of their licence; of a photo's credit what follows the name.

    >>> plain_words("http://creativecommons.org/licenses/by-nc/4.0/legalcode"), plain_words("CC-BY-NC4.0")
    ('cc by nc', 'cc by nc 4 0')
    """
    low = text.casefold().strip()
    for pattern, words in _KNOWN_ADDRESSES:
        low = pattern.sub(words, low)
    credit = _CREDIT.match(low)
    if credit and not LIMITS.search(_words(f"{credit['whose']} {credit['by'] or ''}")):
        low = credit["said"]
    return _words(low)


def _words(text: str) -> str:
    plain = "".join(mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark))
    apart = re.sub(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)", " ", plain)
    return re.sub(r"[\W_]+", " ", apart).strip()
