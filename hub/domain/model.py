"""What all our nouns share: frozen, keyword-only, aware times, and one way in and out of plain data."""

from datetime import datetime
from functools import cache
from typing import Annotated, Any, Self, dataclass_transform

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
        data: dict[str, Any] = _decode(_encode(self))  # `to_builtins` leaves tuples, which JMESPath takes for no array
        return data

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


@cache
def _defaults(kind: type[Model]) -> dict[str, Any]:
    """The defaults of a noun's fields, in JSON's words; never handed out, only copied from."""
    fields = (field for field in msgspec.structs.fields(kind) if not field.required)
    made = {field.encode_name: field.default_factory() if _is_made(field) else field.default for field in fields}
    plain: dict[str, Any] = _decode(_encode(made))
    return plain


def _is_made(field: msgspec.structs.FieldInfo) -> bool:
    return field.default_factory is not msgspec.NODEFAULT
