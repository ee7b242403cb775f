"""Authors as end users: made or found by our id for them, many at once where that is open to us, then remembered.

An end user is saved by our digest of the author's key, so saving one twice is saving it once. Zendesk takes a hundred
in one background job, but only on accounts whose owner has asked for bulk imports (else 403, remembered for a day);
one by one it takes one a second.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.zendesk.answers import Forbidden, Refused
from connectors.zendesk.desk import Desk
from connectors.zendesk.jobs import MOST_ROWS, Jobs
from hub.domain import Budget, Delivery

REMEMBER_SECONDS = 30 * 86_400.0
CLOSED_SECONDS = 86_400.0  # after which bulk imports are tried again
BULK_FROM = 3  # so many unknown authors cost fewer calls in a job
LONGEST_NAME = 64  # of those that are asked for together, in an address
ONE_A_SECOND = Budget(requests=60, per_minutes=1)

NOBODY = 0  # in place of an id that is of no use

Users = dict[str, int | Refused]  # by external id: the end user, or why there is none


class EndUsers:
    """Who the authors are there."""

    def __init__(self, desk: Desk, jobs: Jobs, memory_id: str) -> None:
        self._desk = desk
        self._jobs = jobs
        self._memory_id = memory_id

    def of(self, deliveries: Sequence[Delivery]) -> Users:
        """The end user behind each author; TransientError while a job of theirs is not done."""
        wanted = {one["external_id"]: one for one in map(requester_of, deliveries) if one}
        users: Users = {}
        for external_id in wanted:
            known = self._memory.get(self._key(external_id))
            if known:
                users[external_id] = int(known)
        unknown = [wanted[external_id] for external_id in wanted if external_id not in users]
        together = [one for one in unknown if len(one["external_id"]) <= LONGEST_NAME]
        if len(together) >= BULK_FROM and not self._memory.get(f"{self._memory_id}:no_bulk_users"):
            users |= self._saved_together(together)
        return users | {one["external_id"]: self._saved(one) for one in unknown if one["external_id"] not in users}

    def forget(self, delivery: Delivery) -> None:
        """The remembered end user is of no use (suspended, deleted): ask anew next time."""
        requester = requester_of(delivery)
        if requester:
            self._memory.set(self._key(requester["external_id"]), NOBODY)

    def _saved_together(self, requesters: Sequence[Mapping[str, Any]]) -> Users:
        """Those that jobs have saved; nothing where bulk imports are closed to us."""
        rows = [row_of(one) for one in requesters]
        wanted = {row["external_id"] for row in rows}
        parts = [rows[start : start + MOST_ROWS] for start in range(0, len(rows), MOST_ROWS)]
        try:
            self._jobs.run("users/create_or_update_many.json", "users", parts)
        except Forbidden:
            self._memory.set(f"{self._memory_id}:no_bulk_users", True, keep_seconds=CLOSED_SECONDS)
            return {}
        found: Users = {}
        for part in parts:  # results name neither rows nor external ids
            names = ",".join(row["external_id"] for row in part)
            for user in self._desk.fetch("GET", "users/show_many.json", external_ids=names).get("users") or ():
                if user.get("external_id") in wanted:
                    found[user["external_id"]] = self._remembered(user["external_id"], int(user["id"]))
        return found  # whoever is missing is saved singly, and that says why

    def _saved(self, requester: Mapping[str, Any]) -> int | Refused:
        from zenpy.lib.api_objects import User

        budgets = self._desk.services.budgets
        budgets.acquire(f"{self._desk.name}:create-or-update-user", ONE_A_SECOND)
        try:
            user = self._desk.ask(self._desk.library.users.create_or_update, User(**row_of(requester)))
        except Refused as refused:
            return refused
        finally:
            self._desk.pace("create-or-update-user", gap_seconds=1)
        return self._remembered(requester["external_id"], int(user.id))

    def _remembered(self, external_id: str, user_id: int) -> int:
        self._memory.set(self._key(external_id), user_id, keep_seconds=REMEMBER_SECONDS)
        return user_id

    @property
    def _memory(self) -> Any:
        return self._desk.services.memory

    def _key(self, external_id: str) -> str:
        return f"{self._memory_id}:user:{external_id}"


def requester_of(delivery: Delivery) -> Mapping[str, Any]:
    """The author, as the mapping says it."""
    requester: Mapping[str, Any] = delivery.body.get("requester") or {}
    return requester if requester.get("external_id") else {}


def row_of(requester: Mapping[str, Any]) -> dict[str, Any]:
    """The end user to be; without an e-mail address, since nobody gave us one."""
    return {"name": requester["name"], "external_id": requester["external_id"], "role": "end-user"}
