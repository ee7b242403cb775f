"""Authors as end users: made or found by our id for them, many at once where that is open to us, then remembered.

An end user is saved by our digest of the author's key, so saving one twice is saving it once. Zendesk takes a hundred
in one background job, but only on accounts whose owner has asked for bulk imports (else 403, remembered for a day);
one by one it takes one a second. Each account is an end user of its own: who is one person with whom is never merged.

Somebody who calls themselves otherwise by now is renamed, unless an agent has: with the number of an end user, a digest
of the name that we wrote last is remembered, and nothing is written over any other name.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.zendesk.answers import Forbidden, Refused
from connectors.zendesk.desk import Desk
from connectors.zendesk.jobs import MOST_ROWS, Jobs
from hub.domain import Budget, Delivery
from hub.domain import external_id as digest_of
from hub.errors import AccessDenied

CLOSED_SECONDS = 86_400.0  # after which bulk imports are tried again
BULK_FROM = 3  # so many unknown authors cost fewer calls in a job
LONGEST_NAME = 64  # of those that are asked for together, in an address
ONE_A_SECOND = Budget(requests=60, per_minutes=1)

NOBODY = 0  # in place of an id that is of no use

Users = dict[str, int | Refused]  # by external id: the end user, or why there is none
Requester = Mapping[str, Any]


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
        for external_id, requester in wanted.items():
            id, wrote = self._known(external_id)
            if id:
                users[external_id] = id
                if wrote != mark_of(requester["name"]):
                    self._rename(id, requester, wrote)
        unknown = [wanted[each] for each in wanted if each not in users]
        together = [one for one in unknown if len(one["external_id"]) <= LONGEST_NAME]
        if len(together) >= BULK_FROM and not self._memory.get(f"{self._memory_id}:no_bulk_users"):
            users |= self._saved_together(together)
        return users | {one["external_id"]: self._saved(one) for one in unknown if one["external_id"] not in users}

    def forget(self, delivery: Delivery) -> None:
        """The remembered end user is of no use (suspended, deleted): ask anew next time."""
        requester = requester_of(delivery)
        if requester:
            self._memory.set(self._key(requester["external_id"]), NOBODY)

    def _saved_together(self, requesters: Sequence[Requester]) -> Users:
        """Those that jobs have saved; nothing where bulk imports are closed to us."""
        rows = [row_of(one) for one in requesters]
        names_of = {row["external_id"]: row["name"] for row in rows}
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
                if user.get("external_id") in names_of:
                    found[user["external_id"]] = self._remembered(
                        user["external_id"], int(user["id"]), names_of[user["external_id"]]
                    )
        return found  # whoever is missing is saved singly, and that says why

    def _saved(self, requester: Requester) -> int | Refused:
        from zenpy.lib.api_objects import User

        budgets = self._desk.services.budgets
        budgets.acquire(f"{self._desk.name}:create-or-update-user", ONE_A_SECOND)
        try:
            user = self._desk.ask(self._desk.library.users.create_or_update, User(**row_of(requester)))
        except Refused as refused:
            return refused
        finally:
            self._desk.pace("create-or-update-user", gap_seconds=1)
        return self._remembered(requester["external_id"], int(user.id), requester["name"])

    def _rename(self, id: int, requester: Requester, wrote: str) -> None:
        """Say their new name, where the one we wrote still stands. Either way this name is not tried again."""
        try:
            held = self._desk.fetch("GET", f"users/{id}.json").get("user") or {}
            if mark_of(str(held.get("name") or "")) == wrote:
                self._desk.fetch("PUT", f"users/{id}.json", sent={"user": {"name": requester["name"]}})
        except (Refused, AccessDenied):
            pass  # the ticket matters more; whoever is gone or closed to us is told by the ticket's own answer
        self._remembered(requester["external_id"], id, requester["name"])

    def _remembered(self, external_id: str, user_id: int, name: str) -> int:
        self._memory.set(self._key(external_id), {"id": user_id, "wrote": mark_of(name)})
        return user_id

    def _known(self, external_id: str) -> tuple[int, str]:
        """The end user's number, or NOBODY, and the mark of the name that we told Zendesk last."""
        known = self._memory.get(self._key(external_id))
        if isinstance(known, dict):
            return int(known["id"]), str(known["wrote"])
        return int(known or NOBODY), ""  # as it was remembered before names were

    @property
    def _memory(self) -> Any:
        return self._desk.services.memory

    def _key(self, external_id: str) -> str:
        return f"{self._memory_id}:user:{external_id}"


def mark_of(name: str) -> str:
    """What is kept of a name to recognise it by; no name is kept."""
    return digest_of("name", " ".join(name.split()))


def requester_of(delivery: Delivery) -> Requester:
    """The author, as the mapping says it."""
    requester: Requester = delivery.body.get("requester") or {}
    return requester if requester.get("external_id") else {}


def row_of(requester: Requester) -> dict[str, Any]:
    """The end user to be; without an e-mail address, since nobody gave us one."""
    told = {name: requester[name] for name in ("name", "external_id", "details") if requester.get(name)}
    return {**told, "role": "end-user"}
