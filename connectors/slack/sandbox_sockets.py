"""Socket Mode, played: connections that Slack hands envelopes to, and people who press buttons.

True to the documents: an address from `apps.connections.open` serves once; a connection begins with `hello`; of
several connections one gets an envelope; an envelope is acknowledged by its id; before a connection is renewed it is
told `disconnect`, and stays open for a while; there are at most ten.

The workspace's people act below `/sandbox/`, all by POST:

- `press` with JSON {channel, ts, action_id, user}, and for a menu {option}: the number of the choice. Whatever else a
  forger would send may stand there too: {value}, {action_ts}, {team}. Answers with the envelope's id.
- `envelopes/<id>/again` hands it over once more, to the next connection; `envelopes` hands over what is in the body.
- `sockets/refresh`, `sockets/warning`: all connections are told to be renewed; `sockets/drop`: they end without a word;
  `sockets/count` says how many there are.
"""

import socket
from typing import Any
from uuid import uuid4

import orjson

from connectors.slack.sandbox_workspace import TEAM, USERS, Workspace, arguments_of, no, yes
from sandbox.kit import Reply, Request, WebSocket, handshake, route

GATE = "wss-primary.slack.com"
APP = "A0HUB"
MOST_CONNECTIONS = 10

Row = dict[str, Any]


class Sockets(Workspace):
    """The connections of one app."""

    _live: list[WebSocket]

    def start(self) -> None:
        super().start()
        if not hasattr(self, "_live"):
            self._live, self._turn = [], 0

    @route("POST", "/api/apps.connections.open")
    def open_connection(self, request: Request) -> Reply:
        """An address for one connection."""
        ticket = str(uuid4())
        self.table("tickets").insert({"at": self.clock.now().isoformat()}, id=ticket)
        return yes(url=f"wss://{GATE}/link/?ticket={ticket}&app_id={APP}")

    @route("GET", "/link/", host=GATE)
    def link(self, request: Request) -> Reply:
        """The connection itself."""
        ticket = request.param("ticket")
        if ticket not in self.table("tickets"):
            return Reply.text("This address has served its turn.\n", status=404)
        status, headers = handshake(request)
        if status != 101:
            return Reply.text("This is a WebSocket.\n", status=status)
        self.table("tickets").delete(ticket)
        return Reply(101, headers, talk=self._talk)

    def _talk(self, connection: socket.socket) -> None:
        end = WebSocket(connection)
        with self.lock:
            self._live.append(end)
            crowd = len(self._live)
        if crowd > MOST_CONNECTIONS:
            end.say(said(type="disconnect", reason="too_many_websockets", debug_info={"host": "applink-1"}))
            end.close()
        else:
            about = {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18_060}
            end.say(said(type="hello", num_connections=crowd, debug_info=about, connection_info={"app_id": APP}))
        try:
            end.run(self._heard)
        finally:
            with self.lock:
                self._live.remove(end)

    def _heard(self, text: str) -> None:
        """An acknowledgement."""
        envelope = orjson.loads(text).get("envelope_id")
        with self.lock:
            row = self.table("envelopes").get(envelope)
            if row is not None:
                self.table("envelopes").update(envelope, acknowledged=row["acknowledged"] + 1)
                self.journal("envelope acknowledged", id=envelope)
                self._state.commit()

    @route("POST", "/api/chat.postEphemeral")
    def whisper(self, request: Request) -> Reply:
        """Words that one person sees, and no history keeps."""
        given = arguments_of(request)
        channel = self.channel_of(given.get("channel"))
        problem = self.closed_to_us(channel) or (None if given.get("text") or given.get("blocks") else "no_text")
        if problem or channel is None:
            return no(problem or "channel_not_found")
        if given.get("user") not in USERS:
            return no("user_not_in_channel")
        ts = f"{self.clock.now().timestamp():.6f}"
        facts = {name: given.get(name) for name in ("user", "text", "thread_ts")}
        self.table("whispers").insert({**facts, "channel": channel["id"], "ts": ts})
        return yes(message_ts=ts)

    # People, and whoever hands over what they press.

    @route("POST", "/sandbox/press")
    def press(self, request: Request) -> Reply:
        """Somebody presses a button, or chooses from a menu, of a message that is there."""
        given = request.json()
        row = self.table("messages").get(f"{given['channel']}/{given['ts']}")
        found = element_of(row or {}, given["action_id"])
        if row is None or (found is None and "value" not in given):
            return no("no_such_button")
        at = given.get("action_ts") or f"{self.clock.now().timestamp():.6f}"
        action = action_of(found or {}, given) | {"action_id": given["action_id"], "block_id": "b", "action_ts": at}
        user = USERS.get(given["user"], {})
        team = {"id": given.get("team", TEAM), "domain": "acme"}
        container = {"type": "message", "message_ts": row["ts"], "channel_id": row["channel"], "is_ephemeral": False}
        message = {
            "type": "message",
            "user": row["user"],
            "ts": row["ts"],
            "text": row["text"],
            "blocks": row["blocks"],
        }
        if "thread_ts" in row:
            container["thread_ts"] = message["thread_ts"] = row["thread_ts"]
        channel = self.table("channels").get(row["channel"]) or {}
        return self._hand_over({
            "type": "block_actions", "api_app_id": APP, "token": "", "enterprise": None, "is_enterprise_install": False,
            "team": team, "user": {
                "id": given["user"], "username": user.get("name", ""), "name": user.get("name", ""),
                "team_id": user.get("team_id", TEAM),
            },
            "container": container, "trigger_id": "1.2.3", "message": message, "actions": [action],
            "channel": {"id": row["channel"], "name": channel.get("name", "")}, "response_url": "",
        })  # fmt: skip

    @route("POST", "/sandbox/envelopes")
    def forge(self, request: Request) -> Reply:
        """Hand over these very words."""
        return yes(connections=self._say(request.body.decode()))

    @route("POST", "/sandbox/envelopes/{id}/again")
    def again(self, request: Request, id: str) -> Reply:
        """Hand it over once more."""
        row = self.table("envelopes").get(id)
        return no("no_such_envelope") if row is None else yes(connections=self._say(row["words"]))

    @route("POST", "/sandbox/sockets/{act}")
    def trouble(self, request: Request, act: str) -> Reply:
        """Renew or end all connections."""
        reasons = {"refresh": "refresh_requested", "warning": "warning"}
        for end in list(self._live):
            if act in reasons:
                end.say(said(type="disconnect", reason=reasons[act], debug_info={"host": "applink-1"}))
            elif act == "drop":
                end.hang_up()
        return yes(connections=len(self._live))

    def _hand_over(self, payload: Row) -> Reply:
        id = str(uuid4())
        words = said(envelope_id=id, type="interactive", accepts_response_payload=False, payload=payload)
        self.table("envelopes").insert({"words": words, "acknowledged": 0}, id=id)
        return yes(envelope_id=id, connections=self._say(words))

    def _say(self, words: str) -> int:
        """To one connection, each in its turn; returns how many there are."""
        if self._live:
            self._turn += 1
            self._live[self._turn % len(self._live)].say(words)
        return len(self._live)


def element_of(message: Row, action_id: str) -> Row | None:
    """The button or menu of a message."""
    elements = [each for block in message.get("blocks", ()) for each in block.get("elements", ())]
    return next((each for each in elements if each.get("action_id") == action_id), None)


def action_of(element: Row, given: Row) -> Row:
    """What was pressed, or chosen."""
    kind = element.get("type", "button")
    if kind == "static_select":
        option = element["options"][int(given.get("option", 0))]
        if "value" in given:
            option = {**option, "value": given["value"]}
        return {"type": kind, "selected_option": option}
    words: Row = {name: element[name] for name in ("text", "value", "url") if name in element}
    return {"type": kind} | words | ({"value": given["value"]} if "value" in given else {})


def said(**facts: Any) -> str:
    """One message."""
    return orjson.dumps(facts).decode()
