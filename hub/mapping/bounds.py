"""What an expression can give, told from its parse tree alone: types, length, the few texts it may be.

Where the fields of what is read are known, such as those of a Lead's signal, their types are followed. Whatever cannot
be told is left open, so that nothing is ever said against a mapping that works.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple, Self

from msgspec import inspect

from hub.domain import Handoff, MappedField
from hub.mapping.registry import FUNCTIONS, type_name
from hub.mapping.syntax import Node

FEW = 40  # texts that are still listed
MOMENT_UNITS = 32  # of a time in ISO 8601, at most
NO_LONGER = {"single_line", "trim", "printable", "blank_to_null"}  # what comes out is at most as long as what goes in
PLAIN = {"http_url", "fingerprint", "say_number", "parse_time", "epoch_to_time", "say_time", "say_date"}  # ASCII alone
FIRST_OF = {"if_blank", "not_null"}  # one of the arguments comes out
SAME_ITEMS = {"compact", "unique", "reverse", "sort"}
PER_UNIT = {"utf16": 1, "characters": 2, "bytes": 1}  # UTF-16 units, at most, of one unit of `cut`


class Reach(NamedTuple):
    """What may come out of a part of an expression, nulls aside."""

    types: tuple[str, ...] = ()  # empty: not known
    longest: int | None = None
    texts: tuple[str, ...] | None = None
    plain: bool = False  # texts of ASCII alone: one unit for each character
    items: "Reach | None" = None  # of an array
    fields: "dict[str, Reach] | None" = None  # of an object

    def or_(self, other: "Reach") -> "Reach":
        """Either of the two."""
        both = self.types + tuple(name for name in other.types if name not in self.types)
        lengths = [one.longest for one in (self, other)]
        texts = None if self.texts is None or other.texts is None else (*self.texts, *other.texts)
        return Reach(
            types=both if self.types and other.types else (),
            longest=max(length for length in lengths if length is not None) if None not in lengths else None,
            texts=tuple(dict.fromkeys(texts)) if texts and len(texts) <= FEW else None,
            plain=self.plain and other.plain,
            items=self.items.or_(other.items) if self.items and other.items else None,
        )

    def within(self, longest: int) -> Self:
        """The same, and no longer than this."""
        return self._replace(longest=longest if self.longest is None else min(self.longest, longest))


OPEN = Reach()


def bounds_of(node: Node, reads: str = "") -> MappedField:
    """What this expression may give when it is applied to a `reads`: a Lead, Case or Alert, or a record unknown."""
    reach = reach_of(node, _of_type(inspect.type_info(Handoff)) if reads in KINDS else OPEN)
    return MappedField(types=reach.types, longest=reach.longest, texts=reach.texts)


def reach_of(node: Node, subject: Reach) -> Reach:
    """What comes out of one node when it is applied to `subject`."""
    step = STEPS.get(node["type"])
    return step(node, subject) if step else OPEN


def _literal(node: Node, _: Reach) -> Reach:
    return _constant(node["value"])


def _constant(value: Any) -> Reach:
    if isinstance(value, str):
        return Reach(("string",), units(value), (value,), value.isascii())
    if isinstance(value, list) and value:
        return Reach(("array",), items=_any_of([_constant(each) for each in value]))
    return OPEN if value is None else Reach((type_name(value),))


def _field(node: Node, subject: Reach) -> Reach:
    return (subject.fields or {}).get(node["value"], OPEN)


def _chain(node: Node, subject: Reach) -> Reach:
    for child in node["children"]:
        subject = reach_of(child, subject)
    return subject


def _index(_: Node, subject: Reach) -> Reach:
    return subject.items or OPEN


def _either(node: Node, subject: Reach) -> Reach:
    """`a || b`: of what is false in `a`, nothing comes out."""
    left, right = node["children"]
    return reach_of(left["children"][1] if left["type"] == "and_expression" else left, subject).or_(
        reach_of(right, subject)
    )


def _both(node: Node, subject: Reach) -> Reach:
    """`a && b`: where `a` is false it comes out itself, and it may be of any type that can be false."""
    left, right = (reach_of(child, subject) for child in node["children"])
    return right._replace(types=right.types if _never_false(left) else ())


def _never_false(reach: Reach) -> bool:
    """Whether what is false in it can only be null, which is left out."""
    return reach.types == ("number",) or (reach.types == ("object",) and bool(reach.fields))


def _truth(_: Node, __: Reach) -> Reach:
    return Reach(("boolean",))


def _list(node: Node, subject: Reach) -> Reach:
    return Reach(("array",), items=_any_of([reach_of(child, subject) for child in node["children"]]))


def _projection(node: Node, subject: Reach) -> Reach:
    source, each = node["children"][:2]
    items = reach_of(source, subject).items or OPEN
    return Reach(("array",), items=reach_of(each, items))


def _flatten(node: Node, subject: Reach) -> Reach:
    """Lists within the list become one with it."""
    items = reach_of(node["children"][0], subject).items or OPEN
    if not items.types or (len(items.types) > 1 and "array" in items.types):
        items = OPEN  # some of them may be lists
    return Reach(("array",), items=items.items or OPEN if items.types == ("array",) else items)


def _filter(node: Node, subject: Reach) -> Reach:
    """A list of what fulfils a condition; of conditions, those on the length of each are understood."""
    source, each, condition = node["children"]
    items = reach_of(source, subject).items or OPEN
    most = _most_characters(condition)
    if most is not None:
        items = items.within(most if items.plain else 2 * most)
    return Reach(("array",), items=reach_of(each, items))


def _most_characters(condition: Node) -> int | None:
    """N of `length(@) <= N`."""
    if condition["type"] != "comparator" or condition["value"] not in ("lte", "lt"):
        return None
    measured, limit = condition["children"]
    of_itself = measured["type"] == "function_expression" and measured["value"] == "length"
    if not of_itself or measured["children"][0]["type"] != "current":
        return None
    most = limit["value"] if limit["type"] == "literal" else None
    return most if isinstance(most, int) else None


def _function(node: Node, subject: Reach) -> Reach:
    name, given = node["value"], node["children"]
    first = reach_of(given[0], subject) if given else OPEN
    if name in ("cut", "shorten"):
        return _cut(given, first)
    if name in NO_LONGER:
        return first._replace(types=("string",), texts=None, items=None, fields=None)
    if name in FIRST_OF:
        return _any_of([reach_of(child, subject) for child in given])
    if name in SAME_ITEMS:
        return Reach(("array",), items=first.items)
    if name == "http_url":
        return _address(given, first)
    types = tuple(each for each in FUNCTIONS[name].returns if each != "null")
    return Reach(types, plain=name in PLAIN)


def _address(given: Sequence[Node], first: Reach) -> Reach:
    """`http_url(url, longest)`; networks write their addresses in ASCII."""
    most = given[1]["value"] if len(given) > 1 and given[1]["type"] == "literal" else None
    reach = Reach(("string",), first.longest, plain=True)
    return reach.within(most) if isinstance(most, int) else reach


def _cut(given: Sequence[Node], first: Reach) -> Reach:
    """`cut(text, length, unit)`, where length and unit are written out."""
    length, unit = (each["value"] if each["type"] == "literal" else None for each in (*given[1:], *UNIT)[:2])
    reach = Reach(("string",), first.longest, plain=first.plain)
    return reach.within(length * PER_UNIT[unit]) if isinstance(length, int) and unit in PER_UNIT else reach


UNIT: tuple[Node, ...] = ({"type": "literal", "value": "characters", "children": []},)


def _any_of(reaches: Sequence[Reach]) -> Reach:
    """Any of these."""
    if not reaches:
        return OPEN
    found = reaches[0]
    for reach in reaches[1:]:
        found = found.or_(reach)
    return found


STEPS: dict[str, Callable[[Node, Reach], Reach]] = {
    "literal": _literal, "field": _field, "current": lambda _, subject: subject, "identity": lambda _, subject: subject,
    "subexpression": _chain, "pipe": _chain, "index_expression": _chain, "index": _index, "or_expression": _either,
    "and_expression": _both, "not_expression": _truth, "comparator": _truth, "multi_select_list": _list,
    "projection": _projection, "flatten": _flatten, "filter_projection": _filter, "function_expression": _function,
}  # fmt: skip


# What is read.

KINDS = ("Lead", "Case", "Alert")


@cache
def _struct(cls: type) -> Reach:
    return Reach(("object",), fields={one.encode_name: _of_type(one.type) for one in msgspec_fields(cls)})


def msgspec_fields(cls: type) -> Sequence[inspect.Field]:
    """The fields of one of our nouns, with their types."""
    told = inspect.type_info(cls)
    return told.fields if isinstance(told, inspect.StructType) else ()


def _of_type(told: inspect.Type) -> Reach:
    """What a value of this type can be."""
    if isinstance(told, inspect.Metadata):
        return _of_type(told.type)
    if isinstance(told, inspect.UnionType):
        return _any_of([_of_type(one) for one in told.types if not isinstance(one, inspect.NoneType)])
    if isinstance(told, inspect.StructType):
        return _struct(told.cls)
    if isinstance(told, inspect.LiteralType):
        return _any_of([_constant(value) for value in told.values])
    if isinstance(told, inspect.VarTupleType | inspect.ListType):
        return Reach(("array",), items=_of_type(told.item_type))
    if isinstance(told, inspect.DateTimeType):
        return Reach(("string",), MOMENT_UNITS, plain=True)
    return next((reach for kind, reach in SIMPLE.items() if isinstance(told, kind)), OPEN)


SIMPLE: dict[type[inspect.Type], Reach] = {
    inspect.StrType: Reach(("string",)), inspect.IntType: Reach(("number",)),
    inspect.FloatType: Reach(("number",)), inspect.BoolType: Reach(("boolean",)),
}  # fmt: skip


def units(text: str) -> int:
    """Length in UTF-16 units, as most systems count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
