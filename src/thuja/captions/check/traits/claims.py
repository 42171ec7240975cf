"""What a text says of which part: a small parser of noun phrases, of what follows a noun, and of `long-tailed`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from thuja.captions.check.traits.lexicon import COLOUR, PATTERN, WHOLE, Lexicon
from thuja.captions.check.traits.tokens import BEARING, COMMA, OTHER, STOP, Item, items_of

PRESENCE: Final = "presence"
COUNT: Final = "count"
PAIRS: Final = "pairs"
_PLACES: Final = frozenset({"tip", "base", "center", "side", "margin", "underparts", "upperparts", "back"})
"""Parts that `of` makes a part of another: the tip of the tail."""
_TRANSPARENT: Final = frozenset({"degree", "determiner"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """That a part has a value in a dimension; colours stand beside their words. `key` leads from whole to part.

    `is_conditional` marks what is said of a sex, an age, a season or of some only.
    """

    key: tuple[str, ...]
    dimension: str
    value: str
    colours: frozenset[str] = frozenset()
    is_conditional: bool = False

    def __str__(self) -> str:
        part = " ".join(self.key) if self.key != (WHOLE,) else "it"
        return (
            f"{part}: {self.value}"
            if self.dimension in (COLOUR, PRESENCE)
            else f"{part}: {self.dimension} {self.value}"
        )


@dataclass(slots=True)
class _Modifier:
    """A value that waits for its part; `is_parted` says that a comma or `and` stands before it."""

    dimension: str
    value: str
    colours: frozenset[str]
    is_parted: bool


@dataclass(slots=True)
class _State:
    """Where the parser stands within one clause."""

    part: tuple[str, ...] = ()
    run: list[_Modifier] = field(default_factory=list)
    position: str = ""
    is_behind: bool = False
    """The run follows its part, directly or behind `is`."""
    is_parted: bool = False
    is_denied: bool = False
    is_dressed: bool = False
    """`in` stands before: colours without a part behind them are worn, as in "bands in red and blue"."""
    is_bearing: bool = False
    """`with` stands before: a mark sits on the part before."""
    is_elsewhere: bool = False
    """A preposition stands before: a whole body behind it is another one's, as in "on a brown tree"."""
    unit: str = COUNT


def claims_of(text: str, lexicon: Lexicon) -> list[Claim]:
    """All claims of a text, sentence by sentence."""
    claims: list[Claim] = []
    clause: list[Item] = []
    for item in [*items_of(text, lexicon), Item(STOP, ".")]:
        if item.kind != STOP:
            clause.append(item)
            continue
        claims += _Parser(clause).parse()
        clause = []
    return claims


class _Parser:
    """Reads one clause from left to right."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._claims: list[Claim] = []
        self._state = _State()
        self._is_conditional = any(item.kind == "circumstance" for item in items)

    def parse(self) -> list[Claim]:
        """The claims of the clause."""
        place = 0
        while place < len(self._items):
            place = self._step(place)
        self._close()
        return self._claims

    def _step(self, place: int) -> int:
        """Take the item at `place`; the place to go on from."""
        item, state = self._items[place], self._state
        match item.kind:
            case "part":
                return self._take_part(place)
            case "value" | "colour" | "number":
                self._take_value(item, place)
            case kind if kind == BEARING:
                self._take_bearing(item)
            case "tipped":
                self._take_tipped(item)
            case kind if kind == COMMA or kind == "join":
                state.is_parted = True
                if not state.run:
                    state.is_behind = False
            case "copula":
                self._close()
                self._state = _State(part=state.part or (WHOLE,), is_behind=True)
            case "everywhere" | "above" | "below":
                self._take_place(item, place)
            case "negation":
                is_some = place > 0 and self._items[place - 1].kind == "join"
                self._close()
                self._state = _State(part=state.part, is_denied=not is_some)
            case "not":
                return self._skip_denied(place)
            case "position":
                state.position = item.text
            case "unit":
                state.unit = PAIRS
            case "with":
                self._close()
                self._state = _State(part=state.part, is_bearing=True)
            case "of":
                if state.unit != PAIRS and not self._is_number_run():
                    self._close()
            case kind if kind in _TRANSPARENT:
                pass
            case "preposition" | "on":
                self._close()
                is_dressed = item.text == "in" and bool(state.part)
                self._state = _State(part=state.part, is_dressed=is_dressed, is_elsewhere=True)
            case _:
                self._close(is_before_noun=item.kind == OTHER)
        return place + 1

    def _skip_denied(self, place: int) -> int:
        """Behind `not`: the values that are denied."""
        self._close()
        place += 1
        while place < len(self._items) and self._items[place].kind in ("value", "colour", "number", "degree"):
            place += 1
        return place

    def _is_number_run(self) -> bool:
        return bool(self._state.run) and all(one.dimension == COUNT for one in self._state.run)

    def _take_value(self, item: Item, place: int) -> None:
        state = self._state
        before = self._items[place - 1] if place else None
        if item.kind == "colour":
            if state.run and state.run[-1].dimension == COLOUR and not state.is_parted and before is not None:
                last = state.run[-1]
                last.colours |= item.sense.colours
                last.value = f"{last.value} {item.text}"
                return
            one = _Modifier(COLOUR, item.text, item.sense.colours, state.is_parted)
        elif item.kind == "number":
            one = _Modifier(COUNT, item.sense.value, frozenset(), state.is_parted)
        else:
            one = _Modifier(item.sense.dimension, item.sense.value, frozenset(), state.is_parted)
        if not state.run:
            is_next = before is not None and before.kind in ("part", "degree", "copula")
            state.is_behind = state.is_behind or (bool(state.part) and is_next and not state.is_parted)
        state.run.append(one)
        state.is_parted = False

    def _take_bearing(self, item: Item) -> None:
        """The values directly before `-tailed` are the tail's."""
        state = self._state
        own: list[_Modifier] = []
        while state.run and not (own and own[-1].is_parted):
            own.append(state.run.pop())
        for one in own:
            self._claim(item.sense.part, one)

    def _take_tipped(self, item: Item) -> None:
        """A colour before `-tipped` is the tip's, of a part that is not known yet: nothing is claimed."""
        if item.is_joined and self._state.run:
            self._state.run.pop()

    def _take_place(self, item: Item, place: int) -> None:
        """`brown above`: the upperparts; `above the eye` is a preposition."""
        following = self._items[place + 1].kind if place + 1 < len(self._items) else ""
        if item.kind != "everywhere" and following in ("determiner", "part", "position"):
            self._close()
            return
        key = {"everywhere": (WHOLE,), "above": ("upperparts",), "below": ("underparts",)}[item.kind]
        run, self._state.run = self._state.run, []
        for one in run:
            self._claim(key, one)
        self._state.is_parted = False

    def _take_part(self, place: int) -> int:
        """A noun, with the nouns before and behind it, takes the values before it."""
        state = self._state
        key = list(self._items[place].sense.part)
        place += 1
        while place < len(self._items) and self._items[place].kind == "part" and key[-1:] != [WHOLE]:
            key += [name for name in self._items[place].sense.part if name != WHOLE]
            place += 1
        mark = self._items[place - 1].sense.value
        is_mark = self._items[place - 1].sense.dimension == PATTERN
        key, place = self._placed(key, place, is_mark=is_mark)
        if state.position:
            key = [state.position, *key]
        run, own = self._split(state)
        if key == [WHOLE] and state.is_elsewhere:
            self._state = _State(part=state.part)
            return place
        for one in run:
            self._claim(state.part, one)
        if state.is_denied:
            is_noun_before_another = place < len(self._items) and self._items[place].kind == "other"
            if key != [WHOLE] and not is_noun_before_another:
                self._claims.append(Claim(key=tuple(key), dimension=PRESENCE, value="none", is_conditional=bool(own)))
        else:
            for one in own:
                dimension = state.unit if one.dimension == COUNT else one.dimension
                self._claim(tuple(key), _Modifier(dimension, one.value, one.colours, False))
            if is_mark:
                holder = tuple(key[:-1]) or (WHOLE,)
                self._claim(holder, _Modifier(PATTERN, mark, frozenset(), False))
            self._claim(tuple(key), _Modifier(PRESENCE, "some", frozenset(), False))
        self._state = _State(part=tuple(key))
        return place

    def _placed(self, key: list[str], place: int, *, is_mark: bool) -> tuple[list[str], int]:
        """The key with where it sits: the tip of the tail, spots on the wings, wings with spots."""
        is_place = key[-1] in _PLACES
        if len(key) == 1 and (is_mark or is_place):
            ahead = place
            links = ("of", "on") if is_place else ("on",)
            if ahead < len(self._items) and self._items[ahead].kind in links:
                ahead += 1
                while ahead < len(self._items) and self._items[ahead].kind in ("determiner", "degree"):
                    ahead += 1
                if ahead < len(self._items) and self._items[ahead].kind == "part":
                    holder = [name for name in self._items[ahead].sense.part if name != WHOLE]
                    return [*(holder or [WHOLE]), *key], ahead + 1
        if is_mark and len(key) == 1:
            holder = list(self._state.part) if self._state.is_bearing and self._state.part else [WHOLE]
            return [*holder, *key], place
        return key, place

    def _split(self, state: _State) -> tuple[list[_Modifier], list[_Modifier]]:
        """The run as what follows the part before, and what precedes the part that comes."""
        if not state.is_behind:
            return [], state.run
        if state.is_parted:
            return state.run, []
        last = max((place for place, one in enumerate(state.run) if one.is_parted), default=0)
        return state.run[:last], state.run[last:]

    def _close(self, *, is_before_noun: bool = False) -> None:
        """What follows the part before is its; what waits for a part that does not come is nobody's."""
        state = self._state
        if state.is_behind and not state.is_denied:
            for one in state.run:
                self._claim(state.part, one)
        elif state.is_dressed and not is_before_noun and all(one.dimension == COLOUR for one in state.run):
            for one in state.run:
                self._claim((WHOLE,) if state.part[0] == WHOLE else state.part, one)
        self._state = _State(part=state.part, is_bearing=state.is_bearing and not state.run)

    def _claim(self, key: tuple[str, ...], one: _Modifier) -> None:
        self._claims.append(
            Claim(
                key=key or (WHOLE,),
                dimension=one.dimension,
                value=one.value,
                colours=one.colours,
                is_conditional=self._is_conditional,
            )
        )
