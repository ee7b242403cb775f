"""The played end users: made or found by an external id or an address, both without regard to case."""

from typing import Any

from connectors.zendesk.sandbox_account import BOT_ID
from connectors.zendesk.sandbox_desk import API, fault, invalid, missing, too_many_values
from connectors.zendesk.sandbox_office import Office
from sandbox.kit import Reply, Request, route

MOST_SHOWN = 100
LONGEST_NAME = 255

Row = dict[str, Any]


class Users(Office):
    """Who writes and who answers."""

    @route("GET", f"{API}/users/me")
    def me(self, request: Request) -> Reply:
        if "authorization" not in request.headers:
            return Reply.json({"user": {"id": None, "name": "Anonymous user"}})
        return Reply.json({"user": self.table("users").get(BOT_ID)})

    @route("POST", f"{API}/users/create_or_update")
    def create_or_update_user(self, request: Request) -> Reply:
        row, faults, new = self.saved_user(request.json()["user"])
        if row is None:
            return invalid(faults)
        return Reply.json({"user": row}, status=201 if new else 200)

    @route("GET", f"{API}/users/show_many")
    def show_users(self, request: Request) -> Reply:
        """Users by their ids or their external ids, up to a hundred."""
        names = [name for name in request.param("external_ids").split(",") if name]
        ids = [int(id) for id in request.param("ids").split(",") if id]
        if len(names) + len(ids) > MOST_SHOWN:
            return too_many_values(MOST_SHOWN)
        found = [self.user_by({"external_id": name}) for name in names] + [self.table("users").get(id) for id in ids]
        rows = [row for row in found if row]
        return Reply.json({"users": rows, "next_page": None, "previous_page": None, "count": len(rows)})

    @route("GET", f"{API}/users/{{id}}")
    def show_user(self, request: Request, id: str) -> Reply:
        row = self.table("users").get(int(id)) if id.isdigit() else None
        return Reply.json({"user": row}) if row else missing()

    @route("PUT", f"{API}/users/{{id}}")
    def update_user(self, request: Request, id: str) -> Reply:
        if int(id) not in self.table("users"):
            return missing()
        return Reply.json({"user": self.table("users").update(int(id), **request.json()["user"])})

    def saved_user(self, given: Row) -> tuple[Row | None, Row, bool]:
        """The user after this was saved, or what is wrong with it; and whether it is a new one."""
        if not str(given.get("name") or "").strip():
            return None, {"name": [fault("Name: is too short (minimum is 1 characters)", "TooShort")]}, False
        long = [name for name in ("name", "external_id") if len(str(given.get(name) or "")) > LONGEST_NAME]
        if long:
            return None, {name: [fault(f"{name}: is too long", "TooLong")] for name in long}, False
        fields = {name: value for name, value in given.items() if name != "id"}
        known = self.user_by(given)
        if known:
            return self.table("users").update(known["id"], **fields), {}, False
        id, now = self.number(), self.stamp()
        row = {
            "id": id, "email": None, "role": "end-user", "suspended": False, "active": True, "verified": False,
            "details": None, "notes": None, "created_at": now, "updated_at": now, **fields,
        }  # fmt: skip
        self.table("users").insert(row)
        for name in {str(row.get(field) or "").lower() for field in ("external_id", "email")} - {""}:
            self.table("user_names").insert({"user_id": id}, id=name)
        self.journal("user created", id=id, external_id=given.get("external_id"))
        return row, {}, True

    def user_by(self, given: Row) -> Row | None:
        """The user whom an external id or a mail address names; both ignore case."""
        for name in ("external_id", "email"):
            known = self.table("user_names").get(str(given.get(name) or "").lower())
            if known:
                return self.table("users").get(known["user_id"])
        return None

    def people_at_fault(self, given: Row) -> Row:
        """A requester who does not exist or was suspended."""
        if given.get("requester_id") is None:
            return {}
        user = self.table("users").get(given["requester_id"])
        if user and not user.get("suspended"):
            return {}
        return {"requester": [fault("Requester: is suspended." if user else "Requester: is invalid", "InvalidValue")]}
