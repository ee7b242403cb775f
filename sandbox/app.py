"""Puts the sandbox together: the world, the systems found by folder, the proxy and the control pages."""

import importlib
import json
import os
import signal
import socket
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import connectors
from hub.errors import SetupError
from sandbox.authority import Authority
from sandbox.clock import Clock
from sandbox.control import ControlPages
from sandbox.credentials import environment
from sandbox.faults import Switchboard
from sandbox.invention import Scenario, invent, keep_talking, load_scenario
from sandbox.kit import System
from sandbox.limits import Limits
from sandbox.loading import load_posts
from sandbox.server import Server
from sandbox.state import State
from sandbox.world import World


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to play, and where."""

    port: int
    var: Path
    seed: int = 1
    scenario: str = "crisis"
    live: tuple[str, ...] = ()
    load: Path | None = None
    keep_times: bool = False
    live_per_minute: float = 0.0
    enforce_limits: bool = True
    ready_file: Path | None = None


class Sandbox:
    """A running sandbox; `serve` blocks until `close`."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        plan.var.mkdir(parents=True, exist_ok=True)
        self._listener = _listen(plan.port)
        self.port: int = self._listener.getsockname()[1]
        self.clock = Clock()
        self.state = State(plan.var / "state.db", self.clock)
        self.clock.offset_seconds = float(self.state.fact("offset_seconds", 0.0))
        self.limits = Limits(self.clock, enforced=plan.enforce_limits)
        self.world = World(self.state, self.clock)
        self.authority = Authority(plan.var)
        self.switchboard = Switchboard()
        self._stopped = threading.Event()
        self._populate()
        self.systems = [self._play(name, module) for name, module in played_modules()]
        self.state.commit()
        self._live = _live_names(plan.live)
        self.server = Server(
            self._listener, find=self.find, is_live=self.is_live, control=ControlPages(self),
            authority=self.authority, state=self.state, switchboard=self.switchboard,
        )  # fmt: skip

    @property
    def env(self) -> dict[str, str]:
        """Variables that lead a process into this sandbox."""
        return environment(self.port, self.authority.bundle, live=self._live.names)

    def find(self, host: str) -> System | None:
        """The system that plays this host, unless it is let through."""
        host = host.lower()
        for system in self.systems:
            if system.name not in self._live.names and any(_matches(host, pattern) for pattern in system.hosts):
                return system
        return None

    def is_live(self, host: str) -> bool:
        """Whether this host is let through to the real one."""
        return self._live.open and "." in host and not host.endswith((".test", ".invalid", ".localhost"))

    def serve(self) -> None:
        """Answer until closed."""
        if self.plan.ready_file:
            _write(self.plan.ready_file, {"port": self.port, "pid": os.getpid(), "env": self.env})
        if self.plan.live_per_minute > 0:
            talk = (self.world, self.plan.seed, self.plan.live_per_minute, self._stopped, self.state)
            threading.Thread(target=keep_talking, args=talk, daemon=True).start()
        self.server.serve()

    def close(self) -> None:
        """Stop; what was answered is on disk."""
        self._stopped.set()
        self.server.close()
        if self.plan.ready_file:
            self.plan.ready_file.unlink(missing_ok=True)
        self.state.close()

    def reset(self) -> None:
        """The same world at its beginning: destinations are empty, clocks and faults are back."""
        self.state.reset()
        self.clock.offset_seconds = 0.0
        self.limits.forget()
        self.switchboard.clear()
        self.world.load()
        self._populate()
        for system in self.systems:
            with system.lock:
                system.start()
        self.state.commit()

    def _populate(self) -> None:
        if not self.world.empty:
            return
        if self.plan.load:
            load_posts(self.world, self.plan.load, keep_times=self.plan.keep_times)
        else:
            scenario: Scenario = load_scenario(self.plan.scenario)
            invent(self.world, scenario, seed=self.plan.seed)
            for rule in scenario.faults:
                self.switchboard.add(rule)
        self.state.commit()

    def _play(self, name: str, module: ModuleType) -> System:
        classes = [
            each
            for each in vars(module).values()
            if isinstance(each, type) and issubclass(each, System) and each.__module__ == module.__name__
        ]
        if len(classes) != 1:
            raise SetupError(f"connectors/{name}/sandbox.py must define exactly one System, not {len(classes)}.")
        return classes[0](name=name, world=self.world, clock=self.clock, state=self.state, limits=self.limits)


@dataclass
class _Live:
    names: tuple[str, ...] = ()
    open: bool = field(default=False)


def _live_names(names: tuple[str, ...]) -> _Live:
    known = [manifest.name for manifest in connectors.manifests(kind="network")]
    for name in names:
        if name not in known:
            raise SetupError(f"--live takes networks: {', '.join(known)}; {name!r} is none.")
    return _Live(names, bool(names))


def played_modules() -> list[tuple[str, ModuleType]]:
    """Each connector's `sandbox.py`, found by folder."""
    folders = sorted(path.parent.name for path in Path(connectors.__file__).parent.glob("*/sandbox.py"))
    return [(name, importlib.import_module(f"connectors.{name}.sandbox")) for name in folders]


def serve(plan: Plan) -> None:
    """Play until SIGTERM or Ctrl-C."""
    sandbox = Sandbox(plan)

    def stop(*_: object) -> None:
        sandbox.server.close()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"The sandbox plays {', '.join(system.name for system in sandbox.systems)}.", file=sys.stderr)
    print(f"Look inside at http://127.0.0.1:{sandbox.port}/ and stop it with Ctrl-C.", file=sys.stderr, flush=True)
    sandbox.serve()
    sandbox.close()


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.close()
        raise SetupError(
            f"Port {port} is taken, so the sandbox cannot start; free it, or choose another with HUB_SANDBOX_PORT."
        ) from None
    listener.listen(256)
    return listener


def _matches(host: str, pattern: str) -> bool:
    return host == pattern or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def _write(path: Path, note: dict[str, object]) -> None:
    new = path.with_suffix(".new")
    new.write_text(json.dumps(note), encoding="utf-8")
    os.replace(new, path)
