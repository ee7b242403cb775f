"""From a mapped record to a typed Post: ids become keys, watch and moment are added, types are checked.

The mapping says what the words mean; it gives native ids. Only here are they made into keys (decision
16), so that no mapping can spell a key in its own way.
"""

import re
from datetime import datetime
from typing import Any

import msgspec

from hub.domain import Post, make_key
from hub.domain.keys import key_start
from hub.errors import Unmappable
from hub.quality.rows import check_row, checked_id

PLACE = re.compile(r"\$\.(\w+)")  # the post's own field in a complaint such as `$.media[0].kind`
NAMED = re.compile(r"field `(\w+)`")  # the complaint is about the post itself: a field is missing, or unknown


class PostMaker:
    """Makes posts of one kind of record, found by one watch."""

    def __init__(self, *, network: str, record_type: str, watch: str, collected_at: datetime) -> None:
        self.network = network
        self.record_type = record_type
        self.collected_at = collected_at
        self.seen_by = (watch,)
        self._scope: Any = None
        self._starts = self._starts_in(None)

    def make(self, mapped: dict[str, Any]) -> Post:
        """The post that a mapped record says; Unmappable, with a reason code, where it says none."""
        row, flags = check_row(mapped, self.collected_at)
        self._name(row)
        if "flags" in row and (told := row.pop("flags")):  # what the connector found odd
            flags = sorted({*flags, *(map(str, told) if type(told) is list else ("bad_type",))})
        if flags:
            row["flags"] = tuple(flags)
        row["network"] = self.network
        row["collected_at"] = self.collected_at
        row["seen_by"] = self.seen_by
        try:
            return msgspec.convert(row, Post)
        except msgspec.ValidationError as wrong:
            raise Unmappable(f"A field is not as expected: {wrong}.", reason=_reason(str(wrong))) from None
        except UnicodeEncodeError:  # of half a character where no text is due
            raise Unmappable("A field that should be no text holds one that cannot be.", reason="bad_type") from None

    def key_of(self, mapped: dict[str, Any]) -> str:
        """The key of the post that a mapped record is about, for records that only say that it is gone."""
        return make_key(self.network, self.record_type, checked_id(mapped.get("native_id")), mapped.get("scope"))

    def _name(self, row: dict[str, Any]) -> None:
        """Native ids, which were checked, become keys."""
        author, scope = row["author"], row.pop("scope", None)
        if scope != self._scope or type(scope) is not type(self._scope):  # mostly it is that of the row before
            self._scope, self._starts = scope, self._starts_in(scope)
        here, account, talk = self._starts
        row["key"] = here + row["native_id"]
        author["key"] = account + author["native_id"]
        for field, start in (("in_reply_to", here), ("shared", here), ("thread", talk)):
            if field in row:
                native_id = str(row.pop(field) or "")
                if native_id.isprintable() and native_id:  # what no database takes is no id, and no reason to lose it
                    row[field] = start + native_id

    def _starts_in(self, scope: Any) -> tuple[str, str, str]:
        """What the keys of posts, accounts and threads begin with."""
        here, account, talk = (key_start(self.network, kind, scope) for kind in (self.record_type, "account", "thread"))
        return here, account, talk


def _reason(message: str) -> str:
    """A stable code for a broken field: `field_published_at`, `field_media`."""
    fault, _, path = message.partition(" - at ")
    place = PLACE.search(path)
    name = place or NAMED.search(fault)
    return f"field_{name[1] if name else 'record'}"
