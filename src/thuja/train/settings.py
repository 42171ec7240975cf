"""Nested dataclasses as JSON and as `--set` says them: what recipes are written to and changed by."""

import json
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args, get_origin, get_type_hints

from thuja.errors import UnknownName, UsageError
from thuja.phrasing import TextMixture


def changed(node: Any, key: str, text: str, *, said: str = "", also: Iterable[str] = ()) -> Any:
    """`node` with the field at the dotted `key` changed to `text`, read as JSON or else as it stands.

    An item of a tuple is named by its own `name` or its number: `streams.life.batch_size`. `said`
    is the key as the user wrote it, `also` further words that the caller knows: both for sentences.
    Raises UnknownName for a field that is not there, UsageError for a value of another kind.
    """
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if "." not in key and is_dataclass(node) and key not in (known := [f.name for f in fields(node)]):
        raise _unknown(key, key, [*known, *also])
    return _changed(node, key.split("."), value, key=said or key)


def _changed(node: Any, path: list[str], value: Any, *, key: str) -> Any:
    first, rest = path[0], path[1:]
    if isinstance(node, tuple) and node and is_dataclass(node[0]):
        place = _place_in(node, first, key)
        item = _changed(node[place], rest, value, key=key) if rest else _like(value, type(node[place]), key)
        return (*node[:place], item, *node[place + 1 :])
    known = {f.name: getattr(node, f.name) for f in fields(node)} if is_dataclass(node) else {}
    if first not in known:
        raise _unknown(key, first, known or [".".join(key.split(".")[: -len(path)])])
    if rest and isinstance(known[first], TextMixture) and rest[0] != "weights":
        raise UsageError(f"{key}: a mixture is set whole", hint=f'{first}=\'{{"sci": 1, "com": 2}}\'')
    kind = get_type_hints(type(node))[first]
    item = _changed(known[first], rest, value, key=key) if rest else _like(value, kind, key)
    return replace(node, **{first: item})


def differences(before: Any, after: Any) -> list[str]:
    """What differs between two dataclasses of one kind, as `--set` names it, with both values."""
    first, second = dict(_leaves(before)), dict(_leaves(after))
    keys = [*first, *(key for key in second if key not in first)]
    told = [(key, *(json.dumps(one[key]) if key in one else "not" for one in (first, second))) for key in keys]
    return [f"{key}: {there} there, {here} here" for key, there, here in told if there != here]


def _leaves(node: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of JSON's kinds within, with its dotted key."""
    if isinstance(node, TextMixture):
        yield key, dict(node.weights)
    elif is_dataclass(node):
        for one in fields(node):
            yield from _leaves(getattr(node, one.name), f"{key}.{one.name}" if key else one.name)
    elif isinstance(node, tuple) and any(is_dataclass(item) for item in node):
        for place, item in enumerate(node):
            yield from _leaves(item, f"{key}.{getattr(item, 'name', place)}")
    else:
        yield key, node


def _unknown(key: str, part: str, known: Iterable[str]) -> UnknownName:
    """What to say of a field that is not there, of whose dotted key only this part is wrong."""
    return UnknownName.of("recipe field", key, known, sought=part)


def _place_in(items: tuple[Any, ...], name: str, key: str) -> int:
    if name.isdecimal() and int(name) < len(items):
        return int(name)
    names = [str(getattr(item, "name", place)) for place, item in enumerate(items)]
    if name not in names:
        raise _unknown(key, name, names)
    return names.index(name)


def _like(value: Any, kind: Any, key: str) -> Any:
    """`value` as the field's type; raises UsageError where it is of another kind."""
    try:
        return filled(kind, value)
    except TypeError as error:
        raise UsageError(f"{key} must be {_worded(kind)}, got {json.dumps(value, ensure_ascii=False)}") from error


def _worded(kind: Any) -> str:
    """A field's type in words."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_worded(one) for one in arguments)
    if origin is tuple:
        return "a list" if arguments[-1] is ... else f"a list of {len(arguments)}"
    if kind is TextMixture:
        return 'weights such as {"sci": 1, "com": 2}'
    if is_dataclass(kind):
        return f"an object of {', '.join(one.name for one in fields(kind))}"
    words = {int: "a whole number", float: "a number", bool: "true or false", types.NoneType: "null"}
    return words.get(kind, "text")


def filled(kind: Any, value: Any) -> Any:
    """A JSON value as `kind`: dataclasses from objects, tuples from lists, floats from whole numbers.

    Raises TypeError where it does not fit, UnknownName for a field that is not there.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _filled_union(arguments, value)
    if origin is typing.Literal:
        return _require(value, str)  # which of them is the dataclass's own check, with its own sentence
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise TypeError(f"expected a list, got {value!r}")
        if arguments[-1] is ...:
            return tuple(filled(arguments[0], item) for item in value)
        return tuple(filled(one, item) for one, item in zip(arguments, value, strict=True))
    if kind is TextMixture:
        given = _require(value, dict)
        return TextMixture(weights=given.get("weights", given))
    if is_dataclass(kind):
        return _filled_dataclass(kind, value)
    if kind is float:
        return float(_require(value, float) if isinstance(value, float) else _require(value, int))
    return _require(value, kind)


def _filled_union(kinds: tuple[Any, ...], value: Any) -> Any:
    if value is None and types.NoneType in kinds:
        return None
    for kind in kinds:
        try:
            return filled(kind, value)
        except TypeError:
            continue
    raise TypeError(f"got {value!r}")


def _filled_dataclass(kind: Any, value: Any) -> Any:
    if is_dataclass(value) and isinstance(value, kind):
        return value
    hints = get_type_hints(kind)
    known = [f.name for f in fields(kind)]
    items: Mapping[str, Any] = _require(value, dict)
    for name in items:
        if name not in known:
            raise _unknown(name, name, known)
    return kind(**{name: _filled_named(hints[name], item, name) for name, item in items.items()})


def _filled_named(kind: Any, value: Any, name: str) -> Any:
    try:
        return filled(kind, value)
    except ValueError as error:
        raise TypeError(f"{name}: {error}") from error


def _require(value: Any, kind: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}, got {value!r}")
    return value
