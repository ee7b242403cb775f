"""The played account: who is asking, how often they may, and what work of it is not done yet.

Limits are the vendor's for one plan: so many calls a minute, changes of tickets apart, one end user a second. A call
that is over one of them is a 429 with `Retry-After`, and every answer tells how far its limits are used up.
"""

from base64 import b64decode
from datetime import datetime, timedelta
from typing import Any

from connectors.zendesk import sandbox_desk as desk
from connectors.zendesk.sandbox_desk import API
from sandbox.kit import Reply, Request, System, Window, route

CLIENT = ("hub", "sandbox-zendesk-secret")
LEGACY = ("bot@acme.test/token", "sandbox-zendesk-token")
BOT_ID = 46_400_000_000_001
TOKEN_SECONDS = 1_800
CALLS_PER_MINUTE = 700
UPDATES_PER_MINUTE = 100
UPDATES_OF_ONE_TICKET = 30  # in ten minutes
SEARCHES_PER_MINUTE = 2_500
USERS_PER_SECOND = 1
TIMES_FOR_ONE_USER = 5  # in a minute

Row = dict[str, Any]
Limit = tuple[str, int, int]  # bucket, calls, seconds


class Account(System):
    """What all parts of the help desk share; `sandbox.py` puts them together."""

    def start(self) -> None:
        users = self.table("users")
        if BOT_ID not in users:
            users.insert({"id": BOT_ID, "name": "Hub", "email": "bot@acme.test", "role": "agent", "suspended": False})

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
        windows = [self.take(bucket, limit=calls, seconds=seconds) for bucket, calls, seconds in limits_of(request)]
        return next((self.too_fast(window) for window in windows if window.exceeded), None)

    def too_fast(self, window: Window) -> Reply:
        """Zendesk's answer to a call over a limit."""
        body = {"error": "APIRateLimitExceeded", "description": "Number of allowed API requests per minute exceeded"}
        wait = str(window.seconds_left(self.clock.now()))
        return Reply.json(body, status=429, headers={"Retry-After": wait})

    def seal(self, request: Request, reply: Reply) -> None:
        window = self.take("calls", limit=CALLS_PER_MINUTE, seconds=60, cost=0)
        left = {"limit": window.limit, "remaining": window.remaining, "reset": window.seconds_left(self.clock.now())}
        reply.headers |= {f"ratelimit-{name}": str(value) for name, value in left.items()}
        reply.headers |= {"x-rate-limit": str(window.limit), "x-rate-limit-remaining": str(window.remaining)}
        for bucket, calls, seconds in limits_of(request)[1:]:
            told = self.take(bucket, limit=calls, seconds=seconds, cost=0)
            resets = told.seconds_left(self.clock.now())
            name = f"zendesk-ratelimit-{bucket.partition(':')[0]}"
            reply.headers[name] = f"total={told.limit}; remaining={told.remaining}; resets={resets}"

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

    def setting(self, name: str, default: float) -> float:
        """What the account's owner has set, else how Zendesk comes."""
        row = self.table("settings").get(name)
        return float(row["value"]) if row else default

    def set(self, name: str, value: str) -> None:
        """Change a setting."""
        self.table("settings").delete(name)
        self.table("settings").insert({"value": float(value)}, id=name)

    def number(self) -> int:
        """The next of the 13-digit ids that all but tickets have."""
        return BOT_ID + self.table("numbers").next_id()

    def stamp(self) -> str:
        """Now, to the second, as Zendesk writes it."""
        return f"{self.clock.now():%Y-%m-%dT%H:%M:%SZ}"


def limits_of(request: Request) -> list[Limit]:
    """The limits that a request counts against: the account's, then those of its endpoint."""
    parts = request.path.removeprefix(f"{API}/").split("/")
    found: list[Limit] = [("calls", CALLS_PER_MINUTE, 60)]
    if request.method == "PUT" and parts[0] == "tickets" and len(parts) == 2 and parts[1].isdigit():
        found.append(("tickets-update", UPDATES_PER_MINUTE, 60))
        found.append((f"per-ticket-updates:{parts[1]}", UPDATES_OF_ONE_TICKET, 600))
    elif parts == ["users", "create_or_update"]:
        user = (request.json() or {}).get("user") or {}
        name = str(user.get("external_id") or user.get("email") or "").lower()
        found.append(("create-or-update-user", USERS_PER_SECOND, 1))
        found.append((f"per-user-create-or-update:{name}", TIMES_FOR_ONE_USER, 60))
    elif parts == ["search"]:
        found.append(("search-index", SEARCHES_PER_MINUTE, 60))
    return found
