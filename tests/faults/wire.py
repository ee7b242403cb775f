"""The sandbox in this process: its systems, its switchboard, and a wire to them that breaks where a test says so.

A request costs a fraction of a millisecond and no real time, so that hundreds of cells fit into a minute. What is
answered is what the sandbox answers over its socket: the same systems, the same rules of the switchboard.
"""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import ProtocolError

from hub.errors import HubError
from hub.kit.playback import answer
from hub.store.faults import Ended
from sandbox.app import played_modules
from sandbox.damage import PAGE, refusal
from sandbox.faults import Rule, Switchboard
from sandbox.kit import System
from sandbox.limits import Limits
from sandbox.messages import Headers, Reply, Request
from sandbox.server import facts_of
from sandbox.state import State
from sandbox.world import World

Ask = Callable[[Request], tuple[Reply | None, Rule | None]]
Twist = Callable[[Ask, Request], tuple[Reply | None, Rule | None]]  # changes a question or its answer on the way
SECONDS_PER_REQUEST = 0.02  # so that no two requests happen at the same moment


class Clock:
    """One time for both sides; it moves when somebody sleeps, a request is made, or a test says so."""

    offset_seconds = 0.0  # between the sandbox's time and ours: they are the same here

    def __init__(self, start: datetime) -> None:
        self.moment = start
        self.slept = 0.0

    def __call__(self) -> datetime:
        return self.moment

    def now(self) -> datetime:
        """This moment."""
        return self.moment

    def sleep(self, seconds: float) -> None:
        """Let time pass without waiting."""
        self.slept += seconds
        self.forward(seconds)

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += timedelta(seconds=seconds)


class Skewed:
    """The hub's clock: the world's, off by so many seconds."""

    def __init__(self, true: Clock) -> None:
        self.true = true
        self.off = 0.0

    def __call__(self) -> datetime:
        return self.now()

    def now(self) -> datetime:
        """This moment, as the hub's machine has it."""
        return self.true.now() + timedelta(seconds=self.off)

    def sleep(self, seconds: float) -> None:
        """Let time pass without waiting."""
        self.true.sleep(seconds)


class Played:
    """All systems of the sandbox, in memory."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.state = State(None, clock)  # type: ignore[arg-type]  # it only asks for now()
        self.limits = Limits(clock)  # type: ignore[arg-type]
        self.world = World(self.state, clock)  # type: ignore[arg-type]
        self.switchboard = Switchboard()
        self.systems: list[System] = [
            _system(module)(
                name=name,
                world=self.world,
                clock=clock,  # type: ignore[arg-type]
                state=self.state,
                limits=self.limits,
            )
            for name, module in played_modules()
        ]

    def close(self) -> None:
        """Let go of the state."""
        self.state.close()

    def system(self, name: str) -> System:
        """The system of this name."""
        return next(system for system in self.systems if system.name == name)

    def rows(self, system: str, table: str) -> list[dict[str, Any]]:
        """What a system holds."""
        return self.state.table(system, table).all()

    def fault(self, system: str, kind: str, **rule: Any) -> None:
        """Let something go wrong there."""
        self.switchboard.add(Rule(system=system, kind=kind, **rule))  # type: ignore[arg-type]

    def requests(self, system: str | None = None, *, since: int = 0) -> list[dict[str, Any]]:
        """The requests that reached a system, by its journal, but for log-ins."""
        return [
            line
            for line in self.state.journal(since)
            if line["event"] == "request" and system in (None, line["system"]) and not _is_log_in(line["path"])
        ]

    def writes(self, system: str, *, since: int = 0) -> list[dict[str, Any]]:
        """The requests by which something may have been changed there."""
        return [line for line in self.requests(system, since=since) if not is_read(line)]

    def log_ins(self, system: str, *, since: int = 0) -> int:
        """How often somebody asked for a session or a token."""
        lines = self.state.journal(since)
        return sum(1 for line in lines if line["system"] == system and _is_log_in(str(line.get("path", ""))))

    def events(self, system: str, event: str, *, since: int = 0) -> list[dict[str, Any]]:
        """Changes of state of one kind."""
        return [line for line in self.state.journal(since) if (line["system"], line["event"]) == (system, event)]

    def ask(self, request: Request) -> tuple[Reply | None, Rule | None]:
        """What the sandbox's server does with one request."""
        playing = [one for one in self.systems if one.plays(request.host)]
        system = next((one for one in playing if one.takes(request)), None) or next(iter(playing), None)
        if system is None:
            raise requests.ConnectionError(f"nothing plays {request.host}")
        fault = self.switchboard.pick(system.name, request.method, request.path)
        with system.lock:
            reply: Reply | None = None
            if fault and fault.kind == "status":
                reply = refusal(fault)
            elif not (fault and fault.kind == "drop_before"):
                reply = system.handle(request)
            self.state.note(system.name, "request", facts_of(request, reply, fault))
            self.state.commit()
        return reply, fault


class Wire(BaseAdapter):
    """Stands where the network adapter would: one request, one answer, or what a broken wire gives instead."""

    def __init__(self, played: Played, *, read_seconds: float = 30.0) -> None:
        super().__init__()
        self.played, self.read_seconds = played, read_seconds
        self.down: set[str] = set()  # systems, or `*`, that nobody reaches
        self.twists: list[Twist] = []  # stand before the systems, the last one first
        self.ends_after: Callable[[Request], bool] | None = None  # the process ends when such a request was answered

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """The answer, as whole as the fault leaves it."""
        self.played.clock.forward(SECONDS_PER_REQUEST)
        asked = read_request(request)
        if self.down and self._is_down(asked.host):
            raise requests.ConnectionError(ConnectionRefusedError(111, "refused"))
        ask: Ask = self.played.ask
        for twist in self.twists:
            ask = partial(twist, ask)
        reply, fault = ask(asked)
        if self.ends_after is not None and self.ends_after(asked):
            self.ends_after = None
            raise Ended
        return self._damaged(request, reply, fault)

    def close(self) -> None:
        """Nothing to hang up."""

    def _is_down(self, host: str) -> bool:
        return "*" in self.down or any(one.plays(host) for one in self.played.systems if one.name in self.down)

    def _damaged(self, request: requests.PreparedRequest, reply: Reply | None, fault: Rule | None) -> requests.Response:
        kind = fault.kind if fault else None
        if reply is None or kind == "drop_after":
            raise requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")))
        if kind == "late" and fault is not None and fault.seconds < self.read_seconds:
            self.played.clock.forward(fault.seconds)
        elif kind in ("late", "drip"):
            self.played.clock.forward(self.read_seconds)
            raise requests.ReadTimeout("no answer in time")
        elif kind == "truncate":
            raise requests.exceptions.ChunkedEncodingError("half of it")
        elif kind == "garbage":
            reply = Reply(200, {"Content-Type": "text/html"}, PAGE)
        packed = reply.headers.get("Content-Encoding") == "gzip"
        return answer(request, reply.status, reply.headers, gzip.decompress(reply.body) if packed else reply.body)


def read_request(request: requests.PreparedRequest) -> Request:
    """A prepared request as a played system reads it."""
    address = urlsplit(request.url or "")
    body = request.body or b""
    if not isinstance(body, str | bytes):
        body = b"".join(piece.encode() if isinstance(piece, str) else piece for piece in body)
    return Request(
        method=request.method or "GET",
        host=(address.hostname or "").lower(),
        path=address.path or "/",
        query=parse_qs(address.query, keep_blank_values=True),
        headers=Headers({str(name): _text(value) for name, value in request.headers.items()}),
        body=body.encode() if isinstance(body, str) else body,
        scheme=address.scheme,
    )


@contextmanager
def restored(wire: Wire) -> Iterator[None]:
    """Everything is reached again at the end."""
    try:
        yield
    finally:
        wire.down.clear()


class Hanging(BaseAdapter):
    """For the loopback proxy, through which libraries without a session go: a broken wire is a hang-up there."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """The wire's answer; HubError is what the loopback hangs up for."""
        try:
            return self._wire.send(request)
        except requests.RequestException as broken:
            raise HubError("broken") from broken

    def close(self) -> None:
        """Nothing to hang up."""


def is_read(line: dict[str, Any]) -> bool:
    """Whether a request only asks."""
    return (
        line["method"] in ("GET", "HEAD")
        or line.get("reads") is True
        or line["path"].startswith(("/api/conversations.", "/api/auth.", "/api/team.", "/api/users."))
    )


def _is_log_in(path: str) -> bool:
    return path.startswith(("/oauth", "/services/oauth2", "/services/Soap"))


def _system(module: Any) -> type[System]:
    return next(
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, System) and each.__module__ == module.__name__
    )


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
