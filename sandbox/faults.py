"""The switchboard: what goes wrong, for which requests, how often. Played systems know nothing of it."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from threading import Lock
from typing import Annotated, Any, Literal

import msgspec

Kind = Literal["drop_before", "drop_after", "late", "status", "truncate", "drip", "garbage"]
Count = Annotated[int, msgspec.Meta(ge=0)]
Keep = Callable[[list[dict[str, Any]]], None]


class Rule(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One fault. `after` matching requests pass first, then `times` are hit.

    drop_before: hang up, nothing was done. drop_after: done, then hang up. late: done, answered `seconds` later.
    status: refused with `status`, `headers` and `body`, nothing was done. truncate: done, half the body is sent.
    drip: done, one byte every `seconds`. garbage: done, answered 200 with a page in place of the answer.
    """

    system: str
    kind: Kind
    method: str | None = None
    path_glob: str = "*"
    times: Count = 1
    after: Count = 0
    seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 1.0
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] = 503
    headers: dict[str, str] = {}
    body: Any = None


class Switchboard:
    """All rules in force. `keep` is told what is left of them after each change."""

    def __init__(self, keep: Keep | None = None) -> None:
        self._rules: list[Rule] = []
        self._lock = Lock()
        self._keep = keep

    def restore(self, rules: list[dict[str, Any]]) -> None:
        """Take over the rules of the process before this one."""
        self._rules = msgspec.convert(rules, type=list[Rule])

    def add(self, rule: Rule) -> None:
        """Put a rule in force."""
        with self._lock:
            self._rules.append(rule)
            self._tell()

    def clear(self) -> None:
        """Everything works again."""
        with self._lock:
            self._rules.clear()
            self._tell()

    def pick(self, system: str, method: str, path: str) -> Rule | None:
        """The fault that hits this request, counted; None for most."""
        if not self._rules:
            return None
        with self._lock:
            for rule in self._rules:
                if rule.system != system or rule.times <= 0 or rule.method not in (None, method):
                    continue
                if not fnmatchcase(path, rule.path_glob):
                    continue
                if rule.after > 0:
                    rule.after -= 1
                    continue
                rule.times -= 1
                self._tell()
                return rule
        return None

    def listing(self) -> list[dict[str, Any]]:
        """The rules that still have something to hit."""
        with self._lock:
            return self._left()

    def _left(self) -> list[dict[str, Any]]:
        return [msgspec.to_builtins(rule) for rule in self._rules if rule.times > 0]

    def _tell(self) -> None:
        """Rules without a hit left are forgotten, so that a mended sandbox is a fast one."""
        self._rules = [rule for rule in self._rules if rule.times > 0]
        if self._keep:
            self._keep(self._left())
