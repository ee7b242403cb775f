"""What a connector's `sandbox.py` is made of.

    class Mastodon(System):
        hosts = ("mastodon.test",)

        @route("GET", "/api/v1/timelines/tag/{tag}")
        def tag_timeline(self, request: Request, tag: str) -> Reply: ...

A system is found by its folder and defines exactly one subclass of `System`. The server calls `handle` with
the system's lock held, writes what changed and the journal in one transaction, and only then answers: what a
client may have seen is on disk.
"""

import re
from collections.abc import Callable
from email.utils import format_datetime
from threading import RLock
from typing import Any, ClassVar, NamedTuple, cast
from urllib.parse import unquote

from sandbox.clock import Clock
from sandbox.limits import Limits, Window
from sandbox.messages import Headers, Reply, Request
from sandbox.shelf import Shelves
from sandbox.state import State
from sandbox.table import Table
from sandbox.websocket import WebSocket, handshake
from sandbox.world import Person, World, WorldPost

__all__ = [
    "Clock", "Headers", "Person", "Reply", "Request", "Shelves", "System", "Table", "WebSocket", "Window", "World",
    "WorldPost", "handshake", "route",
]  # fmt: skip

Handler = Callable[..., Reply]
_ROUTES = "_sandbox_routes"


class Route(NamedTuple):
    """One way into a system."""

    method: str
    template: str
    host: str | None


class Pattern(NamedTuple):
    """A route with parameters, compiled."""

    method: str
    path: re.Pattern[str]
    host: str | None
    handler: str


def route(method: str, template: str, *, host: str | None = None) -> Callable[[Handler], Handler]:
    """Answer `method` on paths like `/users/{id}`; `{rest:path}` also takes slashes. May be stacked.

    Parameters reach the handler by name, percent-decoded. `host` narrows a route to one of the system's hosts.
    """

    def mark(handler: Handler) -> Handler:
        routes = cast("list[Route]", handler.__dict__.setdefault(_ROUTES, []))
        routes.append(Route(method.upper(), template, host))
        return handler

    return mark


class System:
    """One outside system, played. Everything a subclass keeps between requests belongs in a `table`."""

    hosts: ClassVar[tuple[str, ...]] = ()  # exact, or `*.suffix`; the same as in the manifest
    _exact: ClassVar[dict[tuple[str, str, str | None], str]]
    _patterns: ClassVar[list[Pattern]]

    def __init__(self, *, name: str, world: World, clock: Clock, state: State, limits: Limits) -> None:
        self.name = name
        self.world = world
        self.clock = clock
        self.lock = RLock()
        self._state = state
        self._limits = limits
        self.start()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._exact, cls._patterns = {}, []
        for handler in dir(cls):
            for way in getattr(getattr(cls, handler, None), _ROUTES, ()):
                if "{" in way.template:
                    cls._patterns.append(Pattern(way.method, _compile(way.template), way.host, handler))
                else:
                    cls._exact[way.method, way.template, way.host] = handler
        cls._patterns.sort(key=lambda pattern: pattern.path.pattern.count("(?P<"))

    # What a subclass may define.

    def start(self) -> None:
        """Called once, when the sandbox starts and after each reset: fill tables that must not be empty."""

    def admit(self, request: Request) -> Reply | None:
        """Refuse a request before any route sees it: wrong secret, too many calls."""
        return None

    def seal(self, request: Request, reply: Reply) -> None:
        """Add to every reply, refusals too, what this system says on each: limits, request ids."""

    def not_found(self, request: Request) -> Reply:
        """This system's words for a path it does not have."""
        return Reply.json({"error": "Not found"}, status=404)

    def address_of(self, post: WorldPost) -> str:
        """The public address of a post on this network; nothing where there is none."""
        return ""

    # What a subclass may use.

    def table(self, name: str) -> Table:
        """Rows that outlive the process; the inspector and `GET /state/<system>/<table>` show them."""
        return self._state.table(self.name, name)

    def journal(self, event: str, **facts: Any) -> None:
        """Note a change of state, such as `lead created`, with its ids; never with a text or a secret."""
        self._state.note(self.name, event, facts)

    def take(self, bucket: str, *, limit: int, seconds: float, cost: int = 1) -> Window:
        """Count one call against a limit; `exceeded` says that it should be answered with a 429."""
        return self._limits.take(f"{self.name}:{bucket}", limit=limit, seconds=seconds, cost=cost)

    # What the server calls.

    def plays(self, host: str) -> bool:
        """Whether a host, in lower case, is one of this system's."""
        return any(host == name or (name.startswith("*.") and host.endswith(name[1:])) for name in self.hosts)

    def takes(self, request: Request) -> bool:
        """Whether a request to one of its hosts is meant for it, where several systems share the host."""
        return True

    def handle(self, request: Request) -> Reply:
        """The answer to one request; the caller holds `lock`."""
        reply = self.admit(request) or self._answer(request)
        self.seal(request, reply)
        reply.headers.setdefault("Date", format_datetime(self.clock.now(), usegmt=True))
        return reply

    def _answer(self, request: Request) -> Reply:
        wanted = "GET" if request.method == "HEAD" else request.method
        exact = self._exact.get((wanted, request.path, None)) or self._exact.get((wanted, request.path, request.host))
        if exact:
            return cast(Reply, getattr(self, exact)(request))
        for method, path, host, handler in self._patterns:
            if method == wanted and host in (None, request.host):
                match = path.fullmatch(request.path)
                if match:
                    named = {name: unquote(value) for name, value in match.groupdict().items()}
                    return cast(Reply, getattr(self, handler)(request, **named))
        return self.not_found(request)


def _compile(template: str) -> re.Pattern[str]:
    """`/users/{id}` as an expression; a parameter is one segment or, as `{id:path}`, the rest."""
    parts = re.split(r"(\{\w+(?::path)?\})", template)
    return re.compile("".join(_segment(part) for part in parts))


def _segment(part: str) -> str:
    parameter = re.fullmatch(r"\{(\w+)(:path)?\}", part)
    if not parameter:
        return re.escape(part)
    return f"(?P<{parameter[1]}>{'.+' if parameter[2] else '[^/]+'})"
