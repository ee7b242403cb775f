"""The played admin centre: ticket fields, views, triggers and webhooks, as an administrator or `hub setup` makes them.

True to the reference and to what was recorded: a field without a title, a view without one of five conditions, or a
trigger without an action is a 422; titles are no keys, so the same may be made twice; a webhook's id is a ULID.
"""

from typing import Any

from connectors.zendesk.sandbox_account import BOT_ID, Account
from connectors.zendesk.sandbox_desk import API, fault, invalid, missing, page
from sandbox.kit import Reply, Request, route

FIELD_TYPES = (
    "text", "textarea", "checkbox", "date", "integer", "decimal", "regexp", "tagger", "multiselect", "lookup",
)  # fmt: skip
ONE_OF = ("status", "type", "group_id", "assignee_id", "requester_id")  # that a view must ask about
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

Row = dict[str, Any]


class Office(Account):
    """What administrators make once."""

    @route("GET", f"{API}/ticket_fields")
    @route("GET", f"{API}/views")
    @route("GET", f"{API}/triggers")
    @route("GET", f"{API}/webhooks")
    def list_made(self, request: Request) -> Reply:
        """All of one kind."""
        kind = request.path.rpartition("/")[2]
        return page(request, kind, self.table(kind).all())

    @route("POST", f"{API}/ticket_fields")
    def make_field(self, request: Request) -> Reply:
        given = request.json()["ticket_field"]
        if not str(given.get("title") or "").strip():
            return invalid({"title": [fault("Title: cannot be blank", "BlankValue")]})
        if given.get("type", "text") not in FIELD_TYPES:
            return invalid({"type": [fault("Type: is invalid", "InvalidValue")]})
        title, says = given["title"], given.get("description") or given["title"]
        return self.made(request, "ticket_field", {
            "type": given.get("type", "text"), "title": title, "raw_title": title, "description": says,
            "raw_description": says, "position": 9999, "active": given.get("active", True),
            "required": given.get("required", False), "collapsed_for_agents": False, "regexp_for_validation": None,
            "title_in_portal": title, "raw_title_in_portal": title,
            "visible_in_portal": given.get("visible_in_portal", False),
            "editable_in_portal": given.get("editable_in_portal", False), "required_in_portal": False, "tag": None,
            "removable": True, "key": None, "agent_description": given.get("agent_description"),
        })  # fmt: skip

    @route("PUT", f"{API}/ticket_fields/{{id}}")
    def change_field(self, request: Request, id: str) -> Reply:
        if int(id) not in self.table("ticket_fields"):
            return missing()
        return Reply.json(
            {"ticket_field": self.table("ticket_fields").update(int(id), **request.json()["ticket_field"])}
        )

    @route("POST", f"{API}/views")
    def make_view(self, request: Request) -> Reply:
        given = request.json()["view"]
        asked = given.get("all") or []
        if not str(given.get("title") or "").strip():
            return invalid({"title": [fault("Title: cannot be blank", "BlankValue")]})
        if not any(condition.get("field") in ONE_OF for condition in asked):
            return invalid({"base": [fault(f"Conditions: must check one of {', '.join(ONE_OF)}", "InvalidValue")]})
        output = given.get("output") or {}
        return self.made(request, "view", {
            "title": given["title"], "raw_title": given["title"], "description": given.get("description"),
            "active": given.get("active", True), "default": False, "position": 10_000, "restriction": None,
            "conditions": {"all": asked, "any": given.get("any") or []},
            "execution": {
                "columns": [{"id": name, "title": str(name).title()} for name in output.get("columns", ())],
                "sort_by": output.get("sort_by"), "sort_order": output.get("sort_order", "desc"),
                "group_by": output.get("group_by"), "group_order": output.get("group_order", "desc"),
            },
        })  # fmt: skip

    @route("POST", f"{API}/triggers")
    def make_trigger(self, request: Request) -> Reply:
        given = request.json()["trigger"]
        if not given.get("actions"):
            return invalid({"base": [fault("Actions: cannot be blank", "BlankValue")]})
        return self.made(request, "trigger", {
            "title": given["title"], "raw_title": given["title"], "description": given.get("description"),
            "active": given.get("active", True), "default": False, "position": 1, "actions": given["actions"],
            "conditions": {name: (given.get("conditions") or {}).get(name) or [] for name in ("all", "any")},
        })  # fmt: skip

    @route("POST", f"{API}/webhooks")
    def make_webhook(self, request: Request) -> Reply:
        given = request.json()["webhook"]
        if not str(given.get("endpoint") or "").startswith("https://"):
            return Reply.json({"errors": [{"code": "InvalidEndpoint", "title": "Invalid", "detail": "endpoint"}]}, 400)
        id = "01" + "".join(CROCKFORD[self.number() // 32**place % 32] for place in range(24))
        kept = ("name", "endpoint", "http_method", "request_format", "status", "subscriptions", "description")
        row = {
            "id": id, **{name: given.get(name) for name in kept}, "created_at": self.stamp(),
            "created_by": str(BOT_ID),
        }  # fmt: skip
        self.table("webhooks").insert(row)
        self.journal("webhook made", id=id)
        return Reply.json({"webhook": row}, status=201)

    def made(self, request: Request, kind: str, facts: Row) -> Reply:
        """Keep one of them and answer with it."""
        id, now = self.number(), self.stamp()
        url = f"https://{request.host}{API}/{kind}s/{id}.json"
        row = {"url": url, "id": id, **facts, "created_at": now, "updated_at": now}
        self.table(f"{kind}s").insert(row)
        self.journal(f"{kind} made", id=id)
        return Reply.json({kind: row}, status=201)
