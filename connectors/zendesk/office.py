"""What `hub setup zendesk` makes: custom fields, views, a trigger and a webhook, each once.

Zendesk takes a title twice, so a thing of ours bears a mark in its description, by which it is found again whatever
an administrator calls it by now. What is there is left as it is, also where it was put away. Nothing that is made
here writes to an end user: the trigger mails agents, and its words hold none of a stranger's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from connectors.zendesk.answers import Forbidden
from connectors.zendesk.custom_fields import FIELDS, CustomFields
from connectors.zendesk.desk import Desk
from hub.errors import AccessDenied, SetupError
from hub.kit import Step

FOR_SET_UP = ("read", "write")  # no narrower scope opens fields and views; the token is for this alone
CALLBACK = "/hub-callbacks/zendesk"
OURS = {"field": "current_tags", "operator": "includes", "value": "social"}
COLUMNS = ["priority", "subject", "requester", "created", "updated", "group", "assignee"]

Row = dict[str, Any]


@dataclass(frozen=True)
class Thing:
    """One thing to be made, and how it is recognised."""

    kind: str  # ticket_field, view, trigger, webhook
    title: str
    says: str  # what it is for
    mark: str
    row: Row
    told_in: str = "description"  # where its mark stands

    def is_it(self, row: Row) -> bool:
        """Whether a row of the account is this thing."""
        return str(row.get(self.told_in) or "").endswith(self.mark)


def view(key: str, title: str, says: str, *conditions: Row, sort_by: str, order: str) -> Thing:
    """A list of tickets for agents."""
    output = {"columns": COLUMNS, "sort_by": sort_by, "sort_order": order}
    row = {"title": title, "description": f"{says} ({key})", "all": [OURS, *conditions], "output": output}
    return Thing("view", title, says, f"({key})", row)


def status(operator: str, value: str) -> Row:
    """A condition on how far a ticket is."""
    return {"field": "status", "operator": operator, "value": value}


VIEWS = (
    view("hub_open", "Social: open by priority", "Everything that is not solved, the most pressing first.",
         status("less_than", "solved"), sort_by="priority", order="desc"),
    view("hub_waiting", "Social: waiting for us", "New and open, whoever waits longest first.",
         status("less_than", "pending"), sort_by="updated", order="asc"),
    view("hub_answered", "Social: waiting for them", "Answered, not solved yet.",
         status("is", "pending"), sort_by="updated", order="asc"),
)  # fmt: skip

TELLS = "Mails the ticket's group when a pressing case comes in."
TRIGGER = Thing(
    "trigger", "Social: tell the group of an urgent case", TELLS, "(hub_urgent)",
    {
        "title": "Social: tell the group of an urgent case", "description": f"{TELLS} (hub_urgent)",
        "conditions": {"all": [
            {"field": "update_type", "operator": "is", "value": "Create"}, OURS,
            {"field": "priority", "operator": "is", "value": "urgent"},
            {"field": "group_id", "operator": "is_not", "value": ""},
        ], "any": []},
        "actions": [{"field": "notification_group", "value": [
            "group_id", "An urgent social case", "A pressing case has come in: {{ticket.link}}",
        ]}],
    },
)  # fmt: skip


class Office:
    """The account as its administrators see it."""

    def __init__(self, desk: Desk, custom: CustomFields) -> None:
        self._desk = desk
        self._custom = custom

    def prepare(self, address: str | None, *, apply: bool) -> Iterator[Step]:
        """What is there, is missing, or was made just now."""
        there: dict[str, list[Row]] = {}
        for thing in things(address):
            path = f"{thing.kind}s"
            if path not in there:
                there[path] = self._desk.pages(path)
            if any(thing.is_it(row) for row in there[path]):
                yield Step(what=named(thing), state="there", detail=thing.says)
            elif not apply:
                yield Step(what=named(thing), state="missing", detail=thing.says)
            else:
                yield self._made(thing, there[path])
        self._custom.learn(there["ticket_fields"])

    def _made(self, thing: Thing, rows: list[Row]) -> Step:
        try:
            answer = self._desk.fetch("POST", f"{thing.kind}s.json", sent={thing.kind: thing.row})
        except (Forbidden, AccessDenied):
            detail = f"{thing.says} The OAuth client may not make it: give it the scope `write`, or make it by hand."
            return Step(what=named(thing), state="by hand", detail=detail)
        rows.append(answer.get(thing.kind) or {})
        return Step(what=named(thing), state="made", detail=thing.says)


def named(thing: Thing) -> str:
    """Such as: view Social: waiting for us."""
    return f"{thing.kind.replace('_', ' ')} {thing.title}"


def things(address: str | None) -> Iterator[Thing]:
    """Everything, in the order in which it is made; the webhook only where there is an address for it."""
    for field in FIELDS:
        yield Thing("ticket_field", field.title, field.says, field.mark, field.row(), told_in="agent_description")
    yield from VIEWS
    yield TRIGGER
    if address:
        yield webhook(address)


def webhook(address: str) -> Thing:
    """Tells us of changes; made switched off, until both sides want it (design, decision 21)."""
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise SetupError("callback_url in the connection's extra must be an address such as https://hub.acme.example.")
    says = "Tells the hub what agents change. It is switched off; switch it on where the hub takes callbacks."
    row = {
        "name": "Social Intelligence Hub", "description": f"{says} (hub_callback)", "http_method": "POST",
        "endpoint": f"https://{parts.netloc}{parts.path.rstrip('/')}{CALLBACK}", "request_format": "json",
        "status": "inactive", "subscriptions": ["conditional_ticket_events"],
    }  # fmt: skip
    return Thing("webhook", "Social Intelligence Hub", says, "(hub_callback)", row)
