"""From a mapped record to a typed Post: ids become keys, watch and moment are added, types are checked.

The mapping says what the words mean; it gives native ids. Only here are they made into keys (decision
16), so that no mapping can spell a key in its own way.
"""

from datetime import datetime
from typing import Any

import msgspec

from hub.domain import Post, make_key
from hub.errors import Unmappable
from hub.quality.rows import check_row


class PostMaker:
    """Makes posts of one kind of record, found by one watch."""

    def __init__(self, *, network: str, record_type: str, watch: str, collected_at: datetime) -> None:
        self.network = network
        self.record_type = record_type
        self.collected_at = collected_at
        self.seen_by = (watch,)

    def make(self, mapped: dict[str, Any]) -> Post:
        """The post that a mapped record says; Unmappable, with a reason code, where it says none."""
        scope = mapped.pop("scope", None)
        self._name(mapped, scope)
        mapped, flags = check_row(mapped, self.collected_at)
        if flags:
            mapped["flags"] = tuple(flags)
        mapped["network"] = self.network
        mapped["collected_at"] = self.collected_at
        mapped["seen_by"] = self.seen_by
        mapped.setdefault("text", "")
        try:
            return msgspec.convert(mapped, Post)
        except msgspec.ValidationError as wrong:
            raise Unmappable(f"A field is not as expected: {wrong}.", reason=_reason(str(wrong))) from None

    def _name(self, mapped: dict[str, Any], scope: str | None) -> None:
        native_id = mapped.get("native_id")
        author = mapped.get("author") or {}
        if not native_id:
            raise Unmappable("The record has no id; check the mapping's `native_id`.", reason="id_missing")
        if not author.get("native_id"):
            raise Unmappable(
                "The record has no author; check the mapping's `author.native_id`.", reason="author_missing"
            )
        network, record_type = self.network, self.record_type
        mapped["native_id"] = native_id = str(native_id)
        mapped["key"] = make_key(network, record_type, native_id, scope)
        mapped["author"] = author = dict(author, native_id=str(author["native_id"]))
        author["key"] = make_key(network, "account", author["native_id"], author.pop("scope", None) or scope)
        for field in ("in_reply_to", "shared"):
            if mapped.get(field):
                mapped[field] = make_key(network, record_type, str(mapped[field]), scope)
        if mapped.get("thread"):
            mapped["thread"] = make_key(network, "thread", str(mapped["thread"]), scope)


def _reason(message: str) -> str:
    """A stable code for a broken field: `field_published_at`."""
    path = message.rpartition("$.")[2].rstrip("`") if "$." in message else ""
    missing = message.partition("missing required field `")[2].rstrip("`")
    name = (missing or path or "record").split(".")[-1].split("[")[0]
    return f"field_{name}"
