"""Puts the sandbox together: the world, the systems found by folder, the proxy and the control pages."""

import importlib
import os
import signal
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import connectors
from hub.errors import SetupError
from sandbox.authority import Authority
from sandbox.clock import Clock
from sandbox.control import ControlPages
from sandbox.credentials import environment, mail_connection
from sandbox.faults import Switchboard
from sandbox.gateway import Gateway
from sandbox.invention import Talk, invent
from sandbox.kit import System
from sandbox.limits import Limits
from sandbox.loading import load_posts, read_rows
from sandbox.mail import Mailbox, MailServer
from sandbox.messages import Request
from sandbox.place import listen, lock, write_note
from sandbox.scenario import load_scenario
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
    fresh: bool = False
    ready_file: Path | None = None

    @property
    def world(self) -> dict[str, Any]:
        """What decides which world is played; the same again goes on with the one that there is."""
        if self.load:
            return {"load": str(self.load.resolve()), "keep_times": self.keep_times}
        return {"scenario": self.scenario, "seed": self.seed}


class Sandbox:
    """A running sandbox; `serve` blocks until `close`."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._stopped = threading.Event()
        with ExitStack() as held:  # given back when the rest fails
            listener = held.enter_context(listen(plan.port))
            held.enter_context(lock(plan.var))
            self.port: int = listener.getsockname()[1]
            self._open(plan, held)
            self.server = Server(
                listener, find=self.find, gateway=self.gateway, control=ControlPages(self),
                authority=self.authority, state=self.state, switchboard=self.switchboard,
            )  # fmt: skip
            self._held = held.pop_all()

    def _open(self, plan: Plan, held: ExitStack) -> None:
        self.clock = Clock()
        self.state = State(plan.var / "state.db", self.clock)
        held.callback(self.state.close)
        if plan.fresh:
            self.state.reset()
        self.clock.offset_seconds = float(self.state.fact("offset_seconds", 0.0))
        self.limits = Limits(self.clock, enforced=plan.enforce_limits)
        self.world = World(self.state, self.clock)
        self.switchboard = Switchboard(keep=lambda rules: self.state.set_fact("faults", rules))
        self.gateway = _gateway(plan.live)
        self.authority = Authority(plan.var, outside=bool(self.gateway.names))
        modules = played_modules()
        self._networks = [name for name, _ in modules]
        self.titles = {manifest.name: manifest.title for manifest in connectors.manifests()} | {"email": "E-mail"}
        self._resume()
        self.systems = [self._play(name, module) for name, module in modules]
        self.mailbox = Mailbox(name="email", world=self.world, clock=self.clock, state=self.state, limits=self.limits)
        self.systems.append(self.mailbox)
        self.mail = MailServer(
            self.mailbox, self.switchboard, self.authority,
            port=int(self.state.fact("mail_port", 0)), tls_port=int(self.state.fact("mail_tls_port", 0)),
        )  # fmt: skip
        held.callback(self.mail.close)
        self.state.set_fact("mail_port", self.mail.port)
        self.state.set_fact("mail_tls_port", self.mail.tls_port)
        self.state.commit()

    @property
    def env(self) -> dict[str, str]:
        """Variables that lead a process into this sandbox."""
        limited = self.plan.enforce_limits
        mail = {
            "smtp_default": mail_connection(self.mail.port),
            "smtp_tls": mail_connection(self.mail.tls_port, tls=True),
        }
        return environment(self.port, self.authority.bundle, live=self.gateway.names, limited=limited, more=mail)

    def find(self, host: str, request: Request | None = None) -> System | None:
        """The system that plays this host, unless it is let through; of several, the one that takes the request."""
        playing = [system for system in self.systems if system.plays(host)]
        taking = [system for system in playing if request is None or system.takes(request)]
        system = next(iter(taking or playing), None)
        return None if system is None or system.name in self.gateway.names else system

    def serve(self) -> None:
        """Answer until closed."""
        if self.plan.ready_file:
            write_note(self.plan.ready_file, {"port": self.port, "pid": os.getpid(), "env": self.env})
        if self.plan.live_per_minute > 0:
            talk = Talk(self.world, self.state, seed=self.plan.seed, per_minute=self.plan.live_per_minute)
            threading.Thread(target=talk.go_on, args=(self._stopped,), daemon=True).start()
        self.server.serve()

    def close(self) -> None:
        """Stop; what was answered is on disk."""
        self._stopped.set()
        self.server.close()
        if self.plan.ready_file:
            self.plan.ready_file.unlink(missing_ok=True)
        self._held.close()

    def reset(self) -> None:
        """The same world at its beginning: destinations are empty, clock and faults are back.

        Waits until every request that is being answered is done, and lets none begin: nothing of before the reset
        can be written after it.
        """
        rows = self._rows()  # a file that cannot be read any more must not cost the world that there is
        with ExitStack() as everybody:
            for system in self.systems:
                everybody.enter_context(system.lock)
            everybody.enter_context(self.world.lock)
            self.state.reset()
            self.clock.offset_seconds = 0.0
            self.limits.forget()
            self.switchboard.clear()
            self.world.load()
            self._populate(rows)
            for system in self.systems:
                system.start()
            self.state.commit()

    def _resume(self) -> None:
        """Go on with the world that there is, or make the one that is wanted."""
        if self.world.empty:
            self._populate(self._rows())
            return
        known = self.state.fact("plan", self.plan.world)
        if known != self.plan.world:
            facts = ", ".join(f"{name} {value}" for name, value in known.items())
            raise SetupError(
                f"{self.plan.var} holds another world ({facts}) and what was made in it; "
                "--fresh begins anew there; another folder (--var, HUB_VAR) leaves it as it is."
            )
        self.switchboard.restore(self.state.fact("faults", []))

    def _rows(self) -> list[dict[str, Any]] | None:
        return read_rows(self.plan.load, networks=self._networks) if self.plan.load else None

    def _populate(self, rows: list[dict[str, Any]] | None) -> None:
        if rows is not None:
            load_posts(self.world, rows, keep_times=self.plan.keep_times)
        else:
            scenario = load_scenario(self.plan.scenario)
            invent(self.world, scenario, seed=self.plan.seed)
            for rule in scenario.faults:
                self.switchboard.add(rule)
        self.state.set_fact("plan", self.plan.world)
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


def _gateway(names: tuple[str, ...]) -> Gateway:
    """The way out for these networks."""
    known = {manifest.name: manifest.hosts for manifest in connectors.manifests(kind="network")}
    for name in names:
        if name not in known:
            raise SetupError(f"--live takes networks: {', '.join(known)}; {name!r} is none.")
    return Gateway({name: known[name] for name in names})


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
