"""Zendesk, played: tickets, comments, audits, end users, idempotency keys and tokens that end.

True to what was observed: a key is kept two hours by the sandbox's clock and belongs to one body; a PUT has no key;
`external_id` is not unique; lists are exact while search lags a minute; a closed ticket takes no change but
may be followed up; `safe_update` answers 409 when the ticket is newer than the stamp; `/users/me` knows nobody
without credentials and says so with a 200; `{{...}}` in a text is expanded, and noted, so that injection shows.

Agents use the same API with the account's legacy token.
"""

from base64 import b64decode
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from connectors.zendesk import sandbox_desk as desk
from connectors.zendesk.sandbox_desk import API, fault, invalid, missing, page, shown
from sandbox.kit import Reply, Request, System, route

CLIENT = ("hub", "sandbox-zendesk-secret")
LEGACY = ("bot@acme.test/token", "sandbox-zendesk-token")
BOT_ID = 46_400_000_000_001
TOKEN_SECONDS = 1_800
KEY_SECONDS = 7_200
SEARCH_LAG = timedelta(seconds=60)
CALLS_PER_MINUTE = 700

Row = dict[str, Any]


class Zendesk(System):
    """One account with one bot, which is also the agents' stand-in."""

    hosts = ("*.zendesk.com",)

    def start(self) -> None:
        users = self.table("users")
        if BOT_ID not in users:
            users.insert({"id": BOT_ID, "name": "Hub", "email": "bot@acme.test", "role": "agent", "suspended": False})

    def handle(self, request: Request) -> Reply:
        """Paths mean the same with and without `.json`."""
        return super().handle(replace(request, path=request.path.removesuffix(".json")))

    def admit(self, request: Request) -> Reply | None:
        """Who is asking, within which scopes, and how often."""
        if not request.path.startswith(API):
            return None
        scopes = self.scopes_of(request)
        if scopes is None:
            if "authorization" not in request.headers and request.path == f"{API}/users/me":
                return None
            return Reply.json({"error": "Couldn't authenticate you"}, status=401)
        if not desk.allowed(request, scopes):
            return Reply.json({"error": {"title": "Forbidden", "message": "Missing scope"}}, status=403)
        window = self.take("calls", limit=CALLS_PER_MINUTE, seconds=60)
        if window.exceeded:
            wait = str(window.seconds_left(self.clock.now()))
            return Reply.json({"error": "APIRateLimitExceeded"}, status=429, headers={"Retry-After": wait})
        return None

    def seal(self, request: Request, reply: Reply) -> None:
        window = self.take("calls", limit=CALLS_PER_MINUTE, seconds=60, cost=0)
        left = {"limit": window.limit, "remaining": window.remaining, "reset": window.seconds_left(self.clock.now())}
        reply.headers |= {f"ratelimit-{name}": str(value) for name, value in left.items()}
        reply.headers |= {"x-rate-limit": str(window.limit), "x-rate-limit-remaining": str(window.remaining)}

    def not_found(self, request: Request) -> Reply:
        return Reply.json({"error": "InvalidEndpoint", "description": "Not found"}, status=404)

    def scopes_of(self, request: Request) -> str | None:
        """What the caller may do; nothing for a stranger."""
        token = self.table("tokens").get(request.bearer or "")
        if token and datetime.fromisoformat(token["ends_at"]) > self.clock.now():
            return str(token["scope"])
        scheme, _, basic = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic" and b64decode(basic).decode() == ":".join(LEGACY):
            return "read write"
        return None

    @route("POST", "/oauth/tokens")
    def token(self, request: Request) -> Reply:
        """OAuth client credentials: a token of half an hour."""
        form = request.json()
        if (form.get("client_id"), form.get("client_secret")) != CLIENT:
            return Reply.json({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)
        tokens = self.table("tokens")
        value = f"sandbox-access-{tokens.next_id()}"
        ends_at = self.clock.now() + timedelta(seconds=TOKEN_SECONDS)
        scope = form.get("scope", "read write")
        tokens.insert({"ends_at": ends_at.isoformat(), "scope": scope}, id=value)
        self.journal("logged in")
        return Reply.json(
            {"access_token": value, "token_type": "bearer", "scope": scope, "expires_in": TOKEN_SECONDS}, status=201
        )

    # Users.

    @route("GET", f"{API}/users/me")
    def me(self, request: Request) -> Reply:
        if "authorization" not in request.headers:
            return Reply.json({"user": {"id": None, "name": "Anonymous user"}})
        return Reply.json({"user": self.table("users").get(BOT_ID)})

    @route("POST", f"{API}/users/create_or_update")
    def create_or_update_user(self, request: Request) -> Reply:
        given = request.json()["user"]
        if not str(given.get("name") or "").strip():
            return invalid({"name": [fault("Name: is too short (minimum is 1 characters)", "TooShort")]})
        known = self.user_by(given)
        fields = {name: value for name, value in given.items() if name != "id"}
        if known:
            return Reply.json({"user": self.table("users").update(known["id"], **fields)})
        id = self.number()
        row = {"id": id, "email": None, "role": "end-user", "suspended": False, "created_at": self.stamp(), **fields}
        self.table("users").insert(row)
        for name in {str(row.get(field) or "").lower() for field in ("external_id", "email")} - {""}:
            self.table("user_names").insert({"user_id": id}, id=name)
        self.journal("user created", id=id, external_id=given.get("external_id"))
        return Reply.json({"user": row}, status=201)

    @route("PUT", f"{API}/users/{{id}}")
    def update_user(self, request: Request, id: str) -> Reply:
        if int(id) not in self.table("users"):
            return missing()
        return Reply.json({"user": self.table("users").update(int(id), **request.json()["user"])})

    # Tickets.

    @route("POST", f"{API}/tickets")
    def create(self, request: Request) -> Reply:
        key = request.headers.get("idempotency-key")
        body = sha256(request.body).hexdigest()
        if key and len(key) > 255:
            return Reply.json({"error": "InvalidIdempotencyKey", "description": "Key is too long"}, status=400)
        known = self.table("keys").get(key) if key else None
        if known and datetime.fromisoformat(known["ends_at"]) > self.clock.now():
            if known["body"] != body:
                return desk.key_mismatch()
            return Reply.json(known["answer"], status=201, headers={"x-idempotency-lookup": "hit"})
        reply, answer = self.create_ticket(request)
        if key and answer:
            ends_at = self.clock.now() + timedelta(seconds=KEY_SECONDS)
            self.table("keys").delete(key)
            self.table("keys").insert({"body": body, "answer": answer, "ends_at": ends_at.isoformat()}, id=key)
            reply.headers["x-idempotency-lookup"] = "miss"
        return reply

    def create_ticket(self, request: Request) -> tuple[Reply, Row | None]:
        """A new ticket with its first comment, or what is wrong with it."""
        given = request.json()["ticket"]
        faults = desk.faults_of(given, new=True) or self.people_at_fault(given)
        source = self.table("tickets").get(given.get("via_followup_source_id") or 0)
        if given.get("via_followup_source_id") and (source is None or source["status"] != "closed"):
            faults["via_followup_source_id"] = [fault("Source ticket is not closed", "InvalidValue")]
        if faults:
            return invalid(faults), None
        comment = given.get("comment") or {"body": given.get("description"), "public": True}
        subject, words = self.expanded(given.get("subject") or ""), self.expanded(comment["body"])
        id, now = self.table("tickets").next_id(), self.stamp()
        row = desk.ticket_of(
            given, comment, id=id, at=now, subject=subject, words=words, bot_id=BOT_ID, follow_up=bool(source)
        )
        self.table("tickets").insert(row)
        if source:
            self.table("tickets").update(source["id"], followup_ids=[*source["followup_ids"], row["id"]])
        created = {"id": self.number(), "type": "Create", "field_name": "status", "value": row["status"]}
        author_id = comment.get("author_id") or row["requester_id"]
        audit = self.add_audit(row, given, [self.add_comment(row, comment, author_id), created])
        self.journal("ticket created", id=row["id"], external_id=row["external_id"])
        answer = {"ticket": shown(row, request.host), "audit": audit}
        return Reply.json(answer, status=201, headers={"Location": answer["ticket"]["url"]}), answer

    @route("GET", f"{API}/tickets")
    def list_tickets(self, request: Request) -> Reply:
        wanted = request.param("external_id")
        rows = self.table("tickets").where(external_id=wanted) if wanted else self.table("tickets").all()
        return page(request, "tickets", [shown(row, request.host) for row in rows])

    @route("GET", f"{API}/tickets/{{id}}")
    def show(self, request: Request, id: str) -> Reply:
        row = self.table("tickets").get(int(id))
        return Reply.json({"ticket": shown(row, request.host)}) if row else missing()

    @route("PUT", f"{API}/tickets/{{id}}")
    def update(self, request: Request, id: str) -> Reply:
        """Change fields, add a comment, or both."""
        row = self.table("tickets").get(int(id))
        if row is None:
            return missing()
        given = request.json()["ticket"]
        if row["status"] == "closed":
            return invalid({"status": [{"description": "closed prevents ticket update"}]})
        if given.get("safe_update") and given.get("updated_stamp", "") < row["updated_at"]:
            return desk.conflict()
        comment = given.get("comment")
        faults = desk.faults_of(given, new=False) or self.people_at_fault(given)
        if comment and len(self.table("comments").where(ticket_id=row["id"])) >= desk.MOST_COMMENTS:
            faults["comment"] = [fault("Ticket has too many comments", "TooManyComments")]
        if faults:
            return invalid(faults)
        names = ("subject", "priority", "status", "tags", "custom_fields", "external_id", "requester_id", "group_id")
        changes = {name: given[name] for name in names if name in given}
        events = [
            {"id": self.number(), "type": "Change", "field_name": name, "value": value, "previous_value": row[name]}
            for name, value in changes.items()
        ]
        row = self.table("tickets").update(row["id"], **changes, updated_at=self.stamp())
        if comment:
            events.insert(0, self.add_comment(row, comment, comment.get("author_id") or BOT_ID))
        audit = self.add_audit(row, given, events)
        self.journal("ticket updated", id=row["id"], external_id=row["external_id"])
        return Reply.json({"ticket": shown(row, request.host), "audit": audit})

    @route("DELETE", f"{API}/tickets/{{id}}")
    def delete(self, request: Request, id: str) -> Reply:
        row = self.table("tickets").get(int(id))
        if row is None:
            return missing()
        self.table("tickets").delete(int(id))
        self.table("deleted_tickets").insert(row)
        self.journal("ticket deleted", id=int(id), external_id=row["external_id"])
        return Reply.empty()

    @route("GET", f"{API}/tickets/{{id}}/comments")
    def comments(self, request: Request, id: str) -> Reply:
        return self.below(request, id, "comments")

    @route("GET", f"{API}/tickets/{{id}}/audits")
    def audits(self, request: Request, id: str) -> Reply:
        return self.below(request, id, "audits")

    @route("GET", f"{API}/search")
    def search(self, request: Request) -> Reply:
        """Tickets by `external_id:...`, a minute late."""
        words = [word for word in request.param("query").split() if word.startswith("external_id:")]
        wanted = words[0].partition(":")[2] if words else None
        until = f"{self.clock.now() - SEARCH_LAG:%Y-%m-%dT%H:%M:%SZ}"
        rows = [row for row in self.table("tickets").where(external_id=wanted) if row["created_at"] <= until]
        results = [shown(row, request.host) for row in rows]
        return Reply.json({"results": results, "count": len(rows), "next_page": None})

    # The work.

    def below(self, request: Request, id: str, kind: str) -> Reply:
        """What belongs to one ticket, oldest first."""
        if int(id) not in self.table("tickets"):
            return missing()
        return page(request, kind, self.table(kind).where(ticket_id=int(id)))

    def add_comment(self, row: Row, comment: Row, author_id: int) -> Row:
        """Keep a comment and return it as the event that an audit tells."""
        first = self.table("comments").where(ticket_id=row["id"])[:1]
        inherited = bool(first[0]["public"]) if first else True
        words = self.expanded(str(comment.get("body") or comment.get("html_body") or ""))
        public = bool(comment["public"]) if "public" in comment else inherited
        event = desk.comment_of(id=self.number(), author_id=author_id, words=words, public=public)
        self.table("comments").insert({**event, "ticket_id": row["id"], "created_at": self.stamp()})
        return event

    def add_audit(self, row: Row, given: Row, events: list[Row]) -> Row:
        """Keep the audit of one change."""
        custom = given.get("metadata") or {}
        audit = desk.audit_of(row, id=self.number(), at=self.stamp(), author_id=BOT_ID, custom=custom, events=events)
        self.table("audits").insert(audit)
        return audit

    def people_at_fault(self, given: Row) -> Row:
        """A requester who does not exist or was suspended."""
        if given.get("requester_id") is None:
            return {}
        user = self.table("users").get(given["requester_id"])
        if user and not user.get("suspended"):
            return {}
        return {"requester": [fault("Requester: is suspended." if user else "Requester: is invalid", "InvalidValue")]}

    def user_by(self, given: Row) -> Row | None:
        """The user whom an external id or a mail address names; both ignore case."""
        for name in ("external_id", "email"):
            known = self.table("user_names").get(str(given.get(name) or "").lower())
            if known:
                return self.table("users").get(known["user_id"])
        return None

    def expanded(self, text: str) -> str:
        """What agents see; a placeholder from outside is noted, for it should never have come this far."""
        words, count = desk.expand(text)
        if count:
            self.journal("placeholder expanded", count=count)
        return words

    def number(self) -> int:
        """The next of the 13-digit ids that all but tickets have."""
        return BOT_ID + self.table("numbers").next_id()

    def stamp(self) -> str:
        """Now, to the second, as Zendesk writes it."""
        return f"{self.clock.now():%Y-%m-%dT%H:%M:%SZ}"
