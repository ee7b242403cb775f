"""What all our nouns share: frozen, keyword-only, aware times, and one way in and out of plain data."""

from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Self, Union, dataclass_transform, get_args, get_origin

import msgspec

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""An aware time; naive ones are refused when a model is made from plain data."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Frozen(msgspec.StructMeta):
    """Passes on to every noun, and tells type checkers, that it is frozen and made by keywords."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any) -> "Frozen":
        """A noun; msgspec itself would let `kw_only` end with the class that says it."""
        return super().__new__(mcls, name, bases, namespace, **{"kw_only": True, **config})


class Model(
    msgspec.Struct,
    metaclass=Frozen,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,
):
    """A frozen value. Change makes a new one: `later = cursor.with_(position="7")`."""

    def with_(self, **changes: Any) -> Self:
        """A copy in which the named fields have other values."""
        return msgspec.structs.replace(self, **changes)

    def plain(self) -> dict[str, Any]:
        """Only what JSON knows: times as ISO 8601 text, lists for tuples; fields at their default are left out."""
        tuples = _tuples_in(type(self))
        data: dict[str, Any] = msgspec.to_builtins(self) if tuples is not None else _decode(_encode(self))
        return _listed(data, tuples) if tuples else data

    def whole(self) -> dict[str, Any]:
        """As `plain()`, with its own fields at their default as well: what expressions may ask for."""
        return self.made_whole(self.plain())

    @classmethod
    def made_whole(cls, plain: dict[str, Any]) -> dict[str, Any]:
        """What `whole()` gives, of what `plain()` gave."""
        return _defaults(cls) | plain

    @classmethod
    def from_plain(cls, data: Any) -> Self:
        """Plain data, checked; raises `msgspec.ValidationError` naming the path of what is wrong."""
        return msgspec.convert(data, cls)


Tuples = tuple[tuple[str, bool, "Tuples"], ...]  # fields: whether one is a tuple itself, and what there is in it
PLAIN_TYPES = {str, int, float, bool, datetime, None, NoneType}


@cache
def _tuples_in(kind: type[Model]) -> Tuples | None:
    """Where in a noun there are tuples, which JMESPath takes for no array; None where it is not for us to say."""
    try:
        found = [(field.encode_name, *_tuples_of(field.type)) for field in msgspec.structs.fields(kind)]
    except TypeError:
        return None
    return tuple(each for each in found if each[1] or each[2])


def _tuples_of(kind: Any) -> tuple[bool, Tuples]:
    """Whether a type is a tuple, and where there are tuples in it; a TypeError for what may hold anything."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _tuples_of(inner[0])
    if origin in (Union, UnionType):
        alone = {_tuples_of(each) for each in inner if each is not NoneType}
        return alone.pop() if len(alone) == 1 else _unknown(kind)
    if origin is tuple and inner[1:] == (...,):
        is_tuple, there = _tuples_of(inner[0])
        return (True, there) if not is_tuple else _unknown(kind)
    if isinstance(kind, type) and issubclass(kind, Model):
        nested = _tuples_in(kind)
        return (False, nested) if nested is not None else _unknown(kind)
    if origin is dict and all(each in PLAIN_TYPES for each in inner):
        return False, ()
    return (False, ()) if origin is Literal or kind in PLAIN_TYPES else _unknown(kind)


def _unknown(kind: Any) -> Any:
    raise TypeError(f"Nobody knows what a {kind} holds.")


def _listed(data: dict[str, Any], tuples: Tuples) -> dict[str, Any]:
    """The same data with lists in place of tuples."""
    for name, is_tuple, inner in tuples:
        there: Any = data.get(name)
        if there is None:
            continue
        if is_tuple:
            there = data[name] = list(there)
        for each in (there if is_tuple else (there,)) if inner else ():
            _listed(each, inner)
    return data


@cache
def _defaults(kind: type[Model]) -> dict[str, Any]:
    """The defaults of a noun's fields, in JSON's words; never handed out, only copied from."""
    fields = (field for field in msgspec.structs.fields(kind) if not field.required)
    made = {field.encode_name: field.default_factory() if _is_made(field) else field.default for field in fields}
    plain: dict[str, Any] = _decode(_encode(made))
    return plain


def _is_made(field: msgspec.structs.FieldInfo) -> bool:
    return field.default_factory is not msgspec.NODEFAULT
