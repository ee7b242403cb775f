"""Slack, played: a workspace with channels, messages in threads, metadata and a history that may lag.

True to what was observed: everything but a 429 is HTTP 200 with `ok`; a repeated post is a second message; `ts` is
text and unique in its channel; history is newest first and holds no replies; metadata comes only when asked
for; a JSON body without a charset earns a warning. Active mentions are counted in each message.

The workspace's owner works below `/sandbox/`: `history_lag?seconds=3` and `channels/<id>/archive`.
"""

from collections.abc import Callable
from typing import Any

from connectors.slack.sandbox_message import mentions_in, refusal_of
from sandbox.kit import Reply, Request, System, route

TOKEN = "xoxb-sandbox"
BOT = {"user_id": "U0HUB", "bot_id": "B0HUB", "team_id": "T0ACME", "team": "Acme", "user": "hub"}
CHANNELS = {"C0ALERTS": "social-alerts", "C0OPS": "social-ops", "C0ALL": "all-acme"}
URL = "https://acme.slack.com/"
POSTS_PER_MINUTE = 60  # one a second for a channel, bursts allowed
READS_PER_MINUTE = 50

Row = dict[str, Any]


class Slack(System):
    """One workspace, one bot, who is a member of every channel but #all-acme."""

    hosts = ("slack.com", "www.slack.com")

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
        return None if token == TOKEN else no("invalid_auth")

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
        if arguments_of(request).get("user") != BOT["user_id"]:
            return no("user_not_found")
        return yes(user={"id": BOT["user_id"], "name": "hub", "is_bot": True, "team_id": BOT["team_id"]})

    # Writing.

    @route("POST", "/api/chat.postMessage")
    def post(self, request: Request) -> Reply:
        """A message, or a reply when `thread_ts` is given."""
        given = arguments_of(request)
        channel = self.channel_of(given.get("channel"))
        problem = self.closed_to_us(channel) or refusal_of(given)
        if channel is None or problem:
            return no(problem or "channel_not_found")
        window = self.take(f"post:{channel['id']}", limit=POSTS_PER_MINUTE, seconds=60)
        if window.exceeded:
            return self.too_fast(window.seconds_left(self.clock.now()))
        thread_ts = given.get("thread_ts")
        if thread_ts and f"{channel['id']}/{thread_ts}" not in self.table("messages"):
            return no("thread_not_found")
        ts = self.next_ts(channel)
        row = {
            "id": f"{channel['id']}/{ts}", "channel": channel["id"], "ts": ts, "type": "message",
            "text": given.get("text", ""), "blocks": given.get("blocks") or [],
            "user": BOT["user_id"], "bot_id": BOT["bot_id"], "team": BOT["team_id"],
            "metadata": given.get("metadata"), "mentions": mentions_in(given),
            "unfurls": truth(given.get("unfurl_links", True)) or truth(given.get("unfurl_media", True)),
        }  # fmt: skip
        self.table("messages").insert(row | ({"thread_ts": thread_ts} if thread_ts else {}))
        external_id = payload_of(row).get("external_id")
        self.journal("message posted", id=row["id"], external_id=external_id, mentions=row["mentions"])
        reply = yes(channel=channel["id"], ts=ts, message=told(row, with_metadata=True))
        reply.notes["external_id"] = external_id
        return reply

    @route("POST", "/api/chat.update")
    def update(self, request: Request) -> Reply:
        """Other words for a message of ours."""
        given = arguments_of(request)
        channel = self.channel_of(given.get("channel"))
        row = self.table("messages").get(f"{(channel or {}).get('id')}/{given.get('ts')}")
        problem = self.closed_to_us(channel) or (None if row else "message_not_found") or refusal_of(given)
        if row is None or problem:
            return no(problem or "message_not_found")
        changes = {name: given[name] for name in ("text", "metadata") if name in given}
        edited = {"user": BOT["bot_id"], "ts": f"{self.clock.now().timestamp():.6f}"}
        row = self.table("messages").update(
            row["id"], **changes, blocks=given.get("blocks") or [], edited=edited, mentions=mentions_in(given)
        )
        self.journal("message updated", id=row["id"], external_id=payload_of(row).get("external_id"))
        return yes(channel=row["channel"], ts=row["ts"], text=row["text"], message=told(row, with_metadata=True))

    @route("POST", "/api/chat.delete")
    def delete(self, request: Request) -> Reply:
        given = arguments_of(request)
        row = self.table("messages").get(f"{given.get('channel')}/{given.get('ts')}")
        if row is None:
            return no("message_not_found")
        self.table("messages").delete(row["id"])
        self.journal("message deleted", id=row["id"], external_id=payload_of(row).get("external_id"))
        return yes(channel=row["channel"], ts=row["ts"])

    # Reading.

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

    @route("POST", "/api/conversations.history")
    @route("GET", "/api/conversations.history")
    def history(self, request: Request) -> Reply:
        """What was posted in a channel, newest first, without the replies."""
        return self.read(request, lambda row: "thread_ts" not in row, newest_first=True)

    @route("POST", "/api/conversations.replies")
    @route("GET", "/api/conversations.replies")
    def replies(self, request: Request) -> Reply:
        """A thread: the first message, whatever its age, then the replies in order."""
        given = arguments_of(request)
        ts = given.get("ts")
        if f"{given.get('channel')}/{ts}" not in self.table("messages"):
            return no("thread_not_found")
        return self.read(request, lambda row: ts in (row["ts"], row.get("thread_ts")), newest_first=False)

    def read(self, request: Request, belongs: Callable[[Row], bool], *, newest_first: bool) -> Reply:
        """One page of a channel's messages, as far as the history has caught up."""
        given = arguments_of(request)
        channel = self.channel_of(given.get("channel"))
        if channel is None or not channel["is_member"]:
            return no("channel_not_found" if channel is None else "not_in_channel")
        window = self.take("reads", limit=READS_PER_MINUTE, seconds=60)
        if window.exceeded:
            return self.too_fast(window.seconds_left(self.clock.now()))
        until = self.clock.now().timestamp() - self.setting("history_lag_seconds")
        rows = [row for row in self.table("messages").where(channel=channel["id"])
                if belongs(row) and float(row["ts"]) <= until and within(row["ts"], given)]  # fmt: skip
        rows.sort(key=lambda row: float(row["ts"]), reverse=newest_first)
        with_metadata = truth(given.get("include_all_metadata"))
        return page(given, "messages", [told(row, with_metadata=with_metadata) for row in rows])

    # The workspace's owner.

    @route("POST", "/sandbox/history_lag")
    def set_history_lag(self, request: Request) -> Reply:
        self.table("settings").delete("history_lag_seconds")
        self.table("settings").insert({"value": float(request.param("seconds"))}, id="history_lag_seconds")
        return yes()

    @route("POST", "/sandbox/channels/{id}/archive")
    def archive(self, request: Request, id: str) -> Reply:
        return yes(channel=self.table("channels").update(id, is_archived=True))

    # The work.

    def setting(self, name: str) -> float:
        row = self.table("settings").get(name)
        return float(row["value"]) if row else 0.0

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

    def next_ts(self, channel: Row) -> str:
        """A moment that no message of this channel has."""
        moment = self.clock.now().timestamp()
        while f"{channel['id']}/{moment:.6f}" in self.table("messages"):
            moment += 0.000001
        return f"{moment:.6f}"

    def too_fast(self, seconds: int) -> Reply:
        reply = no("ratelimited")
        reply.status, reply.headers["Retry-After"] = 429, str(seconds)
        return reply


def arguments_of(request: Request) -> Row:
    """The arguments of a method: JSON, a form, or the query."""
    if request.headers.get("content-type", "").startswith("application/json"):
        return dict(request.json()) if request.body else {}
    return {name: values[0] for name, values in request.query.items()} | request.form()


def told(row: Row, *, with_metadata: bool) -> Row:
    """A message as the API tells it."""
    hidden = {"id", "channel", "mentions", "unfurls"} | (
        set() if with_metadata and row.get("metadata") else {"metadata"}
    )
    return {name: value for name, value in row.items() if name not in hidden}


def payload_of(row: Row) -> Row:
    """What a bot wrote into the metadata."""
    return (row.get("metadata") or {}).get("event_payload") or {}


def within(ts: str, given: Row) -> bool:
    """Whether a message lies between `oldest` and `latest`, the ends counting only when `inclusive`."""
    oldest, latest = float(given.get("oldest") or 0), float(given.get("latest") or "inf")
    if truth(given.get("inclusive")):
        return oldest <= float(ts) <= latest
    return oldest < float(ts) < latest


def page(given: Row, kind: str, rows: list[Row]) -> Reply:
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


def no(word: str) -> Reply:
    return Reply.json({"ok": False, "error": word})
