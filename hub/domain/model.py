"""What all our nouns share: frozen, keyword-only, aware times, and one way in and out of plain data."""

from datetime import datetime
from typing import Annotated, Any, Self, dataclass_transform

import msgspec

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""An aware time; naive ones are refused when a model is made from plain data."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Frozen(msgspec.StructMeta):
    """Tells type checkers what `Model` passes on to every noun: frozen and keyword-only."""


class Model(
    msgspec.Struct,
    metaclass=Frozen,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """A frozen value. Change makes a new one: `later = cursor.with_(position="7")`."""

    def with_(self, **changes: Any) -> Self:
        """A copy in which the named fields have other values."""
        return msgspec.structs.replace(self, **changes)

    def plain(self) -> dict[str, Any]:
        """Only what JSON knows (times as ISO 8601 text); fields at their default are left out."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data

    @classmethod
    def from_plain(cls, data: Any) -> Self:
        """Plain data, checked; raises `msgspec.ValidationError` naming the path of what is wrong."""
        return msgspec.convert(data, cls)
