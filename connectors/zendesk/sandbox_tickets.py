"""The played tickets: made once for a key, changed without one, listed exactly and searched late."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from connectors.zendesk import sandbox_desk as desk
from connectors.zendesk.sandbox_account import BOT_ID
from connectors.zendesk.sandbox_desk import API, fault, invalid, missing, page, shown, too_many_values
from connectors.zendesk.sandbox_users import MOST_SHOWN, Users
from sandbox.kit import Reply, Request, route

KEY_SECONDS = 7_200
LONGEST_KEY = 255
SEARCH_LAG = timedelta(seconds=60)
MOST_FOUND = 1_000
CHANGEABLE = ("subject", "priority", "status", "tags", "custom_fields", "external_id", "requester_id", "group_id")

Row = dict[str, Any]


class Tickets(Users):
    """Tickets with their comments and audits."""

    @route("POST", f"{API}/tickets")
    def create(self, request: Request) -> Reply:
        """One ticket; the same key with the same body is the same ticket for two hours."""
        key = request.headers.get("idempotency-key")
        if key and len(key) > LONGEST_KEY:
            return Reply.json({"error": "InvalidIdempotencyKey", "description": "Key is too long"}, status=400)
        body = sha256(request.body).hexdigest()
        known = self.table("keys").get(key) if key else None
        if known and datetime.fromisoformat(known["ends_at"]) > self.clock.now():
            return self.known(known, body)
        if key and self.setting("create_seconds", 0):
            return self.begin(request, key, body)
        row, answer = self.new_ticket(request.json()["ticket"], request.host)
        if row is None:
            return invalid(answer)
        headers = {"Location": f"https://{request.host}{API}/tickets/{row['id']}.json"}
        if key:
            headers["x-idempotency-lookup"] = "miss"
            self.keep_key(key, body, answer)
        return Reply.json(answer, status=201, headers=headers)

    def known(self, key: Row, body: str) -> Reply:
        """A key that was used before: still at work, for another body, or answered as it was."""
        if key["body"] != body:
            return desk.key_mismatch()
        if key["answer"] is None:
            return desk.in_progress()
        if "details" in key["answer"]:
            return Reply.json(key["answer"], status=422, headers={"x-idempotency-lookup": "hit"})
        return Reply.json(key["answer"], status=201, headers={"x-idempotency-lookup": "hit"})

    def begin(self, request: Request, key: str, body: str) -> Reply:
        """A slow day: the gateway gives up while the ticket is still being made."""
        due_at = self.clock.now() + timedelta(seconds=self.setting("create_seconds", 0))
        given = request.json()["ticket"]
        self.keep_key(key, body, None)
        self.table("begun").insert({"key": key, "given": given, "host": request.host, "due_at": due_at.isoformat()})
        return Reply.text("<html>504 Gateway Time-out</html>", status=504, content_type="text/html")

    def finish(self) -> None:
        """Make the tickets whose time has come."""
        for begun in self.table("begun").all():
            if datetime.fromisoformat(begun["due_at"]) <= self.clock.now():
                self.table("begun").delete(begun["id"])
                row, answer = self.new_ticket(begun["given"], begun["host"])
                self.table("keys").update(begun["key"], answer=answer if row else desk.record_invalid(answer))

    def keep_key(self, key: str, body: str, answer: Row | None) -> None:
        """Remember a key and what was answered under it."""
        ends_at = self.clock.now() + timedelta(seconds=KEY_SECONDS)
        self.table("keys").delete(key)
        self.table("keys").insert({"body": body, "answer": answer, "ends_at": ends_at.isoformat()}, id=key)

    def new_ticket(self, given: Row, host: str) -> tuple[Row | None, Row]:
        """A new ticket with its first comment and the answer that tells of it, or what is wrong with it."""
        faults = desk.faults_of(given, new=True) or self.people_at_fault(given)
        source = self.table("tickets").get(given.get("via_followup_source_id") or 0)
        if given.get("via_followup_source_id") and (source is None or source["status"] != "closed"):
            faults["via_followup_source_id"] = [fault("Source ticket is not closed", "InvalidValue")]
        if faults:
            return None, faults
        comment = given.get("comment") or {"body": given.get("description"), "public": True}
        subject, words = self.expanded(given.get("subject") or ""), self.expanded(comment["body"])
        row = desk.ticket_of(
            given, comment, id=self.table("tickets").next_id(), at=self.stamp(), subject=subject, words=words,
            bot_id=BOT_ID, follow_up=source,
        )  # fmt: skip
        self.table("tickets").insert(row)
        if source:
            self.table("tickets").update(source["id"], followup_ids=[*source["followup_ids"], row["id"]])
        created = {"id": self.number(), "type": "Create", "field_name": "status", "value": row["status"]}
        author_id = comment.get("author_id") or row["requester_id"]
        audit = self.add_audit(row, given, [self.add_comment(row, comment, author_id), created])
        self.journal("ticket created", id=row["id"], external_id=row["external_id"])
        return row, {"ticket": shown(row, host), "audit": audit}

    @route("GET", f"{API}/tickets")
    def list_tickets(self, request: Request) -> Reply:
        wanted = request.param("external_id")
        rows = self.table("tickets").where(external_id=wanted) if wanted else self.table("tickets").all()
        return page(request, "tickets", [shown(row, request.host) for row in rows])

    @route("GET", f"{API}/tickets/show_many")
    def show_many(self, request: Request) -> Reply:
        ids = [int(id) for id in request.param("ids").split(",") if id]
        if len(ids) > MOST_SHOWN:
            return too_many_values(MOST_SHOWN)
        found = [self.table("tickets").get(id) for id in ids]
        rows = [shown(row, request.host) for row in found if row]
        return Reply.json({"tickets": rows, "next_page": None, "previous_page": None, "count": len(rows)})

    @route("GET", f"{API}/tickets/{{id}}")
    def show(self, request: Request, id: str) -> Reply:
        row = self.table("tickets").get(int(id))
        return Reply.json({"ticket": shown(row, request.host)}) if row else missing()

    @route("PUT", f"{API}/tickets/{{id}}")
    def update(self, request: Request, id: str) -> Reply:
        """Change fields, add a comment, or both; a repeat is done again, for there is no key."""
        row = self.table("tickets").get(int(id))
        if row is None:
            return missing()
        given = request.json()["ticket"]
        if (
            given.get("safe_update")
            and given.get("updated_stamp", "") < row["updated_at"]
            and row["status"] != "closed"
        ):
            return desk.conflict()
        faults, audit = self.change(row, given)
        if faults:
            return invalid(faults)
        return Reply.json({"ticket": shown(self.table("tickets").get(row["id"]) or row, request.host), "audit": audit})

    def change(self, row: Row, given: Row) -> tuple[Row, Row]:
        """Do what one update of a ticket asks for: what is wrong with it, or the audit of what was done."""
        if row["status"] == "closed":
            return {"status": [{"description": "closed prevents ticket update"}]}, {}
        comment = given.get("comment")
        faults = desk.faults_of(given, new=False) or self.people_at_fault(given)
        if comment and self.comments_on(row) >= desk.MOST_COMMENTS:
            faults["comment"] = [fault("Comment: this ticket has too many comments", "TooManyComments")]
        if faults:
            return faults, {}
        row, events = self.changed(row, {name: given[name] for name in CHANGEABLE if name in given})
        if comment:
            events.insert(0, self.add_comment(row, comment, comment.get("author_id") or BOT_ID))
        audit = self.add_audit(row, given, events)
        self.journal("ticket updated", id=row["id"], external_id=row["external_id"])
        return {}, audit

    @route("DELETE", f"{API}/tickets/{{id}}")
    def delete(self, request: Request, id: str) -> Reply:
        row = self.table("tickets").get(int(id))
        if row is None:
            return missing()
        self.table("tickets").delete(int(id))
        self.table("deleted_tickets").insert(row)
        self.journal("ticket deleted", id=int(id), external_id=row["external_id"])
        return Reply.empty()

    @route("GET", f"{API}/tickets/{{id}}/comments/count")
    def count_comments(self, request: Request, id: str) -> Reply:
        row = self.table("tickets").get(int(id))
        if row is None:
            return missing()
        return Reply.json({"count": {"refreshed_at": self.stamp(), "value": self.comments_on(row)}})

    @route("GET", f"{API}/tickets/{{id}}/comments")
    @route("GET", f"{API}/tickets/{{id}}/audits")
    def below(self, request: Request, id: str) -> Reply:
        """What belongs to one ticket, oldest first."""
        kind = request.path.rpartition("/")[2]
        if int(id) not in self.table("tickets"):
            return missing()
        return page(request, kind, self.table(kind).where(ticket_id=int(id)))

    @route("GET", f"{API}/search")
    def search(self, request: Request) -> Reply:
        """Tickets by `external_id:...`, a minute late and no more than a thousand."""
        words = [word for word in request.param("query").split() if word.startswith("external_id:")]
        wanted = words[0].partition(":")[2] if words else None
        until = f"{self.clock.now() - SEARCH_LAG:%Y-%m-%dT%H:%M:%SZ}"
        rows = [row for row in self.table("tickets").where(external_id=wanted) if row["created_at"] <= until]
        if int(request.param("page", "1")) * int(request.param("per_page", "100")) > MOST_FOUND:
            words_for_it = "Requested response size was greater than Search Response Limits"
            return Reply.json({"error": "InvalidSearch", "description": words_for_it}, status=422)
        results = [{**shown(row, request.host), "result_type": "ticket"} for row in rows]
        return Reply.json({"results": results, "facets": None, "count": len(rows), "next_page": None})

    def merge(self, source: Row, target: Row) -> None:
        """Close one ticket for the other, as agents do with two about one thing; each says where the other is."""
        tags = [*source["tags"], "closed_by_merge"]
        source, events = self.changed(source, {"status": "closed", "tags": tags})
        self.add_audit(source, {}, events, via=desk.merged(source, {"ticket_id": target["id"]}))
        event = self.add_comment(target, {"body": f"Request #{source['id']} was merged.", "public": False}, BOT_ID)
        self.add_audit(target, {}, [event], via=desk.merged(target, {"ticket_ids": [source["id"]]}))
        self.journal("ticket merged", id=source["id"], into=target["id"])

    # The work.

    def changed(self, row: Row, changes: Row) -> tuple[Row, list[Row]]:
        """The ticket with these changes, and the events that tell of them."""
        events = [
            {"id": self.number(), "type": "Change", "field_name": name, "value": value, "previous_value": row[name]}
            for name, value in changes.items()
        ]
        return self.table("tickets").update(row["id"], **changes, updated_at=self.stamp()), events

    def comments_on(self, row: Row) -> int:
        """How many comments a ticket has, those counted that its owner claims to have written before."""
        return len(self.table("comments").where(ticket_id=row["id"])) + int(row.get("earlier_comments", 0))

    def add_comment(self, row: Row, comment: Row, author_id: int) -> Row:
        """Keep a comment and return it as the event that an audit tells."""
        first = self.table("comments").where(ticket_id=row["id"])[:1]
        inherited = bool(first[0]["public"]) if first else True
        words = self.expanded(str(comment.get("body") or comment.get("html_body") or ""))
        public = bool(comment["public"]) if "public" in comment else inherited
        event = desk.comment_of(id=self.number(), author_id=author_id, words=words, public=public)
        self.table("comments").insert({**event, "ticket_id": row["id"], "created_at": self.stamp()})
        return event

    def add_audit(self, row: Row, given: Row, events: list[Row], *, via: Row | None = None) -> Row:
        """Keep the audit of one change."""
        custom = given.get("metadata") or {}
        audit = desk.audit_of(
            row, id=self.number(), at=self.stamp(), author_id=BOT_ID, custom=custom, events=events, via=via
        )
        self.table("audits").insert(audit)
        return audit

    def expanded(self, text: str) -> str:
        """What agents see; a placeholder from outside is noted, for it should never have come this far."""
        words, count = desk.expand(text)
        if count:
            self.journal("placeholder expanded", count=count)
        return words
