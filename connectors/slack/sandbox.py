"""Slack, played: a workspace with channels, messages in threads, metadata and a history that may lag.

True to what was observed: everything but a 429 is HTTP 200 with `ok`; a repeated post is a second message; `ts` is
text and unique in its channel; history is newest first and holds no replies; metadata comes only when asked
for; a JSON body without a charset earns a warning. Active mentions are counted in each message.

The workspace's owner works below `/sandbox/`: `history_lag?seconds=3`, `scopes?granted=chat:write`,
`token?word=token_revoked`, `distribution?sold=1` and `channels/<id>/archive` (`unarchive`, `remove`, `invite`).
People press buttons there, too: see `sandbox_sockets`.
"""

from collections.abc import Callable
from typing import Any

from connectors.slack.sandbox_files import Files
from connectors.slack.sandbox_message import mentions_in, refusal_of
from connectors.slack.sandbox_sockets import GATE, Sockets
from connectors.slack.sandbox_workspace import BOT, DISTRIBUTED_PAGE, arguments_of, no, page, truth, yes
from sandbox.kit import Reply, Request, route

Row = dict[str, Any]


class Slack(Sockets, Files):
    """Messages, written and read."""

    hosts = ("slack.com", "www.slack.com", "files.slack.com", GATE)

    # Writing.

    @route("POST", "/api/chat.postMessage")
    def post(self, request: Request) -> Reply:
        """A message, or a reply when `thread_ts` is given."""
        given = arguments_of(request)
        channel = self.channel_of(given.get("channel"))
        problem = self.closed_to_us(channel) or refusal_of(given)
        if channel is None or problem:
            return no(problem or "channel_not_found")
        if not self.has_pictures(given):
            return no("invalid_blocks")
        if too_soon := self.over_the_channel(channel):
            return too_soon
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
        problem = problem or (None if self.has_pictures(given) else "invalid_blocks")
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
        until = self.clock.now().timestamp() - self.setting("history_lag_seconds")
        rows = [row for row in self.table("messages").where(channel=channel["id"])
                if belongs(row) and float(row["ts"]) <= until and within(row["ts"], given)]  # fmt: skip
        rows.sort(key=lambda row: float(row["ts"]), reverse=newest_first)
        with_metadata = truth(given.get("include_all_metadata"))
        if self.setting("distributed"):
            given["limit"] = min(int(given.get("limit") or DISTRIBUTED_PAGE), DISTRIBUTED_PAGE)
        return page(given, "messages", [told(row, with_metadata=with_metadata) for row in rows])

    def next_ts(self, channel: Row) -> str:
        """A moment that no message of this channel has."""
        moment = self.clock.now().timestamp()
        while f"{channel['id']}/{moment:.6f}" in self.table("messages"):
            moment += 0.000001
        return f"{moment:.6f}"


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
