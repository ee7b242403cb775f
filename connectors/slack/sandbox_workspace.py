"""The played workspace: who is asking, what the token may do, how often, and which channels there are.

Limits are the published ones: so many calls a minute for each method by its tier, one message a second for a channel
with a short burst allowed, several hundred a minute in all. Everything else that goes wrong is a word inside a 200.
"""

from datetime import datetime
from typing import Any

import orjson

from sandbox.kit import Reply, Request, System, route

TOKEN, APP_TOKEN = "xoxb-sandbox", "xapp-sandbox"
BOT = {"user_id": "U0HUB", "bot_id": "B0HUB", "team_id": "T00000ACME", "team": "Acme", "user": "hub"}
CHANNELS = {"C0ALERTS": "social-alerts", "C0OPS": "social-ops", "C0ALL": "all-acme"}
TEAM = BOT["team_id"]
USERS: dict[str, dict[str, Any]] = {  # who is in the workspace, and in shared channels of it
    "U0HUB": {"name": "hub", "is_bot": True},
    "U0ANA": {"name": "ana", "real_name": "Ana Lima"},
    "U0BEN": {"name": "ben", "real_name": "Ben Okoro"},
    "U0CEM": {"name": "cem", "real_name": "Cem Aydin"},
    "U0GUEST": {"name": "guest", "real_name": "Gil Guest", "is_restricted": True},
    "U0PARTNER": {"name": "partner", "real_name": "Pia Partner", "team_id": "T0000OTHER", "is_stranger": True},
    "U0ROBOT": {"name": "robot", "is_bot": True},
}
MEMBERS = {
    "C0ALERTS": ["U0HUB", "U0ANA", "U0BEN", "U0GUEST", "U0PARTNER", "U0ROBOT"],
    "C0OPS": ["U0HUB", "U0BEN"], "C0ALL": [id for id in USERS if id != "U0HUB"],
}  # fmt: skip
GROUPS = {"S0PRESS": ["U0BEN", "U0CEM"]}
URL = "https://acme.slack.com/"
TIERS = {
    "conversations.list": 20, "conversations.history": 50, "conversations.replies": 50, "conversations.info": 50,
    "chat.update": 50, "chat.delete": 50, "files.getUploadURLExternal": 100, "files.completeUploadExternal": 100,
}  # fmt: skip
DISTRIBUTED = {"conversations.history", "conversations.replies"}  # once a minute for apps sold outside the marketplace
DISTRIBUTED_PAGE = 15
BURST = 5  # messages that a channel takes at once; after that, one a second
MESSAGES_PER_MINUTE = 300  # in all channels together
SCOPES = {
    "chat.postMessage": "chat:write", "chat.update": "chat:write", "chat.delete": "chat:write",
    "conversations.history": "channels:history", "conversations.replies": "channels:history",
    "conversations.list": "channels:read", "conversations.info": "channels:read",
    "files.getUploadURLExternal": "files:write", "files.completeUploadExternal": "files:write",
    "chat.postEphemeral": "chat:write", "users.info": "users:read", "conversations.members": "channels:read",
    "usergroups.users.list": "usergroups:read",
}  # fmt: skip
GRANTED = "chat:write,channels:history,channels:read,files:write,users:read,usergroups:read"

Row = dict[str, Any]


class Workspace(System):
    """One workspace, one bot, who is a member of every channel but #all-acme."""

    def start(self) -> None:
        channels = self.table("channels")
        for id, name in CHANNELS.items():
            if id not in channels:
                channels.insert({"id": id, "name": name, "is_archived": False, "is_member": id != "C0ALL"})

    def admit(self, request: Request) -> Reply | None:
        """A token in the header or the form; the old methods had no other way."""
        if not request.path.startswith("/api/"):
            return None
        token = request.bearer or arguments_of(request).get("token")
        if not token:
            return no("not_authed")
        method = request.path.removeprefix("/api/")
        if method == "apps.connections.open":
            return None if token == APP_TOKEN else no("not_allowed_token_type" if token == TOKEN else "invalid_auth")
        if token == APP_TOKEN:
            return no("not_allowed_token_type")
        if token != TOKEN or self.text("token_word"):
            return no(self.text("token_word") if token == TOKEN else "invalid_auth")
        granted, needed = self.text("granted") or GRANTED, SCOPES.get(method)
        if needed and needed not in granted.split(","):
            return no("missing_scope", needed=needed, provided=granted)
        return self.over_the_tier(method)

    def over_the_tier(self, method: str) -> Reply | None:
        """Refuse what the method's tier does not grant."""
        calls = 1 if method in DISTRIBUTED and self.setting("distributed") else TIERS.get(method)
        if calls is None:
            return None
        window = self.take(f"tier:{method}", limit=calls, seconds=60)
        return self.too_fast(window.seconds_left(self.clock.now())) if window.exceeded else None

    def over_the_channel(self, channel: Row) -> Reply | None:
        """Refuse a message that comes too soon after the others; counts it if not."""
        window = self.take("messages", limit=MESSAGES_PER_MINUTE, seconds=60)
        if window.exceeded:
            return self.too_fast(window.seconds_left(self.clock.now()))
        row, now = self.table("buckets").get(channel["id"]), self.clock.now()
        level = max(0.0, row["level"] - (now - datetime.fromisoformat(row["at"])).total_seconds()) if row else 0.0
        if level > BURST - 1 and self.limited:
            return self.too_fast(max(1, round(level - BURST + 1)))
        self.table("buckets").delete(channel["id"])
        self.table("buckets").insert({"level": level + 1, "at": now.isoformat()}, id=channel["id"])
        return None

    @property
    def limited(self) -> bool:
        """Whether limits are enforced in this sandbox."""
        return self._limits.enforced

    def seal(self, request: Request, reply: Reply) -> None:
        """A JSON body without a charset earns a warning; each answer tells the scopes."""
        kind = request.headers.get("content-type", "").lower()
        if request.path.startswith("/api/"):
            reply.headers["x-oauth-scopes"] = self.text("granted") or GRANTED
            if kind.startswith("application/json") and "charset" not in kind and reply.status == 200:
                facts = orjson.loads(reply.body)
                meta = {**facts.get("response_metadata", {}), "warnings": ["missing_charset"]}
                reply.body = orjson.dumps({**facts, "warning": "missing_charset", "response_metadata": meta})

    def not_found(self, request: Request) -> Reply:
        return no("unknown_method")

    @route("POST", "/api/auth.test")
    def auth_test(self, request: Request) -> Reply:
        return yes(url=URL, **BOT, is_enterprise_install=False)

    @route("POST", "/api/team.info")
    def team_info(self, request: Request) -> Reply:
        return yes(team={"id": BOT["team_id"], "name": BOT["team"], "domain": "acme", "url": URL})

    @route("POST", "/api/users.info")
    def users_info(self, request: Request) -> Reply:
        """Somebody of the workspace, or of a channel that it shares."""
        id = str(arguments_of(request).get("user"))
        if id not in USERS:
            return no("user_not_found")
        plain = {
            "team_id": TEAM,
            "deleted": False,
            "is_bot": False,
            "is_restricted": False,
            "is_ultra_restricted": False,
        }
        facts = {"id": id, **plain, **USERS[id]}
        profile = {"real_name": facts.get("real_name", ""), "display_name": ""}
        return yes(user={**facts, "profile": profile})

    @route("POST", "/api/conversations.members")
    @route("GET", "/api/conversations.members")
    def members(self, request: Request) -> Reply:
        """Who is in a channel; bots are members like people."""
        given = arguments_of(request)
        channel = self.channel_of(given.get("channel"))
        if channel is None:
            return no("channel_not_found")
        return page(given, "members", MEMBERS[channel["id"]])

    @route("POST", "/api/usergroups.users.list")
    @route("GET", "/api/usergroups.users.list")
    def group(self, request: Request) -> Reply:
        """Who is in a user group."""
        found = GROUPS.get(str(arguments_of(request).get("usergroup")))
        return no("no_such_subteam") if found is None else yes(users=found)

    @route("POST", "/api/conversations.list")
    @route("GET", "/api/conversations.list")
    def conversations(self, request: Request) -> Reply:
        given = arguments_of(request)
        rows = [{**row, "is_channel": True, "is_private": False} for row in self.table("channels").all()]
        return page(given, "channels", rows)

    @route("POST", "/api/conversations.info")
    def conversation(self, request: Request) -> Reply:
        channel = self.channel_of(arguments_of(request).get("channel"))
        return yes(channel=channel) if channel else no("channel_not_found")

    # The workspace's owner.

    @route("POST", "/sandbox/{name}")
    def change_setting(self, request: Request, name: str) -> Reply:
        """`history_lag?seconds=3`, `scopes?granted=chat:write`, `token?word=token_revoked`, `distribution?sold=1`."""
        wanted = {
            "history_lag": ("history_lag_seconds", "seconds"), "scopes": ("granted", "granted"),
            "token": ("token_word", "word"), "distribution": ("distributed", "sold"),
        }  # fmt: skip
        if name not in wanted:
            return no("unknown_method")
        key, parameter = wanted[name]
        self.table("settings").delete(key)
        self.table("settings").insert({"value": request.param(parameter)}, id=key)
        return yes()

    @route("POST", "/sandbox/channels/{id}/{act}")
    def change_channel(self, request: Request, id: str, act: str) -> Reply:
        """`archive`, `unarchive`, `remove` the bot from it or `invite` it."""
        changes = {
            "archive": {"is_archived": True}, "unarchive": {"is_archived": False},
            "remove": {"is_member": False}, "invite": {"is_member": True},
        }  # fmt: skip
        return yes(channel=self.table("channels").update(id, **changes[act]))

    # The work.

    def text(self, name: str) -> str:
        """A setting in words; nothing where it was never set."""
        row = self.table("settings").get(name)
        return str(row["value"]) if row else ""

    def setting(self, name: str) -> float:
        """A setting in figures."""
        return float(self.text(name) or 0)

    def channel_of(self, name: Any) -> Row | None:
        """A channel by id, `#name` or bare name."""
        known = self.table("channels").get(str(name))
        return known or next(iter(self.table("channels").where(name=str(name).removeprefix("#"))), None)

    def closed_to_us(self, channel: Row | None) -> str | None:
        """Why the bot may not write there."""
        if channel is None:
            return "channel_not_found"
        if channel["is_archived"]:
            return "is_archived"
        return None if channel["is_member"] else "not_in_channel"

    def too_fast(self, seconds: int) -> Reply:
        reply = no("ratelimited")
        reply.status, reply.headers["Retry-After"] = 429, str(seconds)
        return reply


def arguments_of(request: Request) -> Row:
    """The arguments of a method: JSON, a form, or the query."""
    if request.headers.get("content-type", "").startswith("application/json"):
        return dict(request.json()) if request.body else {}
    return {name: values[0] for name, values in request.query.items()} | request.form()


def page(given: Row, kind: str, rows: list[Any]) -> Reply:
    """A stretch of the rows, and the cursor of the next."""
    size, start = int(given.get("limit") or 100), int(given.get("cursor") or 0)
    more = start + size < len(rows)
    following = {"next_cursor": str(start + size) if more else ""}
    return yes(**{kind: rows[start : start + size]}, has_more=more, response_metadata=following)


def truth(value: Any) -> bool:
    """True as JSON, a form or slack-sdk spell it."""
    return value in (True, 1, "1", "true", "True")


def yes(**facts: Any) -> Reply:
    return Reply.json({"ok": True, **facts})


def no(word: str, **facts: Any) -> Reply:
    return Reply.json({"ok": False, "error": word, **facts})
