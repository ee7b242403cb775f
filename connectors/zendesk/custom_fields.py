"""Custom fields: our names for them, and the numbers that this account has given them.

`hub setup zendesk` makes them. Where it was never run, or an administrator has put one away, a ticket goes without it.
A field of ours is known by the mark at the end of its description for agents, whatever it is called by now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.zendesk.desk import Desk

REMEMBER_SECONDS = 86_400.0
Row = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """One custom field as it is made."""

    key: str  # in the mapping
    title: str
    type: str
    says: str  # to agents

    @property
    def mark(self) -> str:
        """By which it is recognised."""
        return f"({self.key})"

    def row(self) -> Row:
        """As Zendesk takes it; end users neither see nor fill it in."""
        return {
            "type": self.type, "title": self.title, "agent_description": f"{self.says} {self.mark}", "active": True,
            "required": False, "visible_in_portal": False, "editable_in_portal": False,
        }  # fmt: skip


FIELDS = (
    Field("hub_network", "Social network", "text", "Where it was said."),
    Field("hub_intent", "Social intent", "text", "What the hub takes it for."),
    Field("hub_sentiment", "Social sentiment", "text", "How it was said: positive, neutral or negative."),
    Field("hub_score", "Social score", "decimal", "How sure the hub is of the intent, 0 to 1."),
    Field("hub_reach", "Social reach", "integer", "Followers of whoever said it, when they said it."),
    Field("hub_author", "Social author", "text", "The account's handle."),
    Field("hub_post", "Social post", "text", "Where the post is read."),
    Field("hub_link", "Hub page", "text", "Why this ticket exists: the rule, the versions, the raw post."),
)


class CustomFields:
    """The account's numbers for our fields."""

    def __init__(self, desk: Desk, memory_id: str) -> None:
        self._desk = desk
        self._key = f"{memory_id}:ticket_fields"

    def named(self, values: Mapping[str, Any]) -> list[Row]:
        """These values as Zendesk takes them, those whose field is there; empty ones say nothing."""
        numbers = self.numbers()
        return [{"id": numbers[key], "value": value} for key, value in values.items() if key in numbers]

    def numbers(self) -> dict[str, int]:
        """By key; asked for once a day, in one call."""
        known = self._desk.services.memory.get(self._key)
        return known if isinstance(known, dict) else self.learn(self._desk.pages("ticket_fields"))

    def learn(self, rows: list[Row]) -> dict[str, int]:
        """Remember the numbers of our fields among all that the account has."""
        found = {field.key: int(row["id"]) for field in FIELDS if (row := held(field, rows)) and row.get("active")}
        self._desk.services.memory.set(self._key, found, keep_seconds=REMEMBER_SECONDS)
        return found


def held(field: Field, rows: list[Row]) -> Row | None:
    """The row that is this field, if there is one."""
    return next((row for row in rows if str(row.get("agent_description") or "").endswith(field.mark)), None)
