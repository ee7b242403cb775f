"""The switchboard: what goes wrong, for which requests, how often. Played systems know nothing of it."""

from fnmatch import fnmatchcase
from threading import Lock
from typing import Any, Literal

import msgspec

Kind = Literal["drop_before", "drop_after", "late", "status", "truncate", "drip", "garbage"]


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
    times: int = 1
    after: int = 0
    seconds: float = 1.0
    status: int = 503
    headers: dict[str, str] = {}
    body: Any = None


class Switchboard:
    """All rules in force."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = Lock()

    def add(self, rule: Rule) -> None:
        """Put a rule in force."""
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        """Everything works again."""
        with self._lock:
            self._rules.clear()

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
                return rule
        return None

    def listing(self) -> list[dict[str, Any]]:
        """The rules that still have something to hit."""
        with self._lock:
            return [msgspec.to_builtins(rule) for rule in self._rules if rule.times > 0]
