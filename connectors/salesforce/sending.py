"""Writes carried out, call by call, and what trouble on the way means for each of them.

Trouble that meets all of them is raised. Once something was answered, or handed to a job, it is told in receipts: what
may have been written is in doubt, what was not tried is put off.
"""

from collections.abc import Sequence

from connectors.salesforce.answers import name_trouble, read_part, refused, unknown
from connectors.salesforce.org import Org
from connectors.salesforce.writes import (
    Part,
    Write,
    answers_of,
    calls_of,
    collection_of,
    composite_of,
    parts_of,
    single_of,
)
from hub.domain import Receipt
from hub.errors import HubError, RecordRefused, Unavailable
from hub.kit.vendor import NO_ANSWER, deferred

Receipts = dict[int, Receipt]  # by delivery


class Sending:
    """One send's calls."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def send(self, writes: Sequence[Write], *, raising: bool = True) -> Receipts:
        """All of these, in as few calls as they fit in."""
        return self._carry_out(list(calls_of(parts_of(writes))), raising=raising)

    def again(self, writes: Sequence[Write]) -> Receipts:
        """Each of these by itself, to hear of each what a collection does not tell; what was put off says nothing."""
        calls = list(calls_of([single_of(write) for write in writes]))
        told = self._carry_out(calls, raising=False)
        return {delivery: receipt for delivery, receipt in told.items() if receipt.outcome != "deferred"}

    def _carry_out(self, calls: Sequence[Sequence[Part]], *, raising: bool) -> Receipts:
        receipts: Receipts = {}
        for place, call in enumerate(calls):
            try:
                receipts |= self._perform(call)
            except HubError as trouble:
                in_doubt = isinstance(trouble, Unavailable) and trouble.sent
                if raising and not receipts and (len(calls) == 1 or not in_doubt):
                    raise
                for part in call:
                    receipts |= met(part, trouble)
                for part in (part for later in calls[place + 1 :] for part in later if not part.aside):
                    receipts |= {write.delivery.id: deferred(write.delivery, trouble) for write in part.writes}
                break
        return receipts

    def _perform(self, call: Sequence[Part]) -> Receipts:
        """One call; trouble that meets every part of it is raised."""
        receipts: Receipts = {}
        troubles = []
        for part, (status, body) in zip(call, self._exchange(call), strict=True):
            try:
                told = [] if part.aside else read_part(part, status, body, instance=self._org.instance)
                receipts |= {receipt.delivery: receipt for receipt in told}
            except RecordRefused as whole:
                receipts |= self._halved(part, whole)
            except HubError as trouble:
                troubles.append(trouble)
                receipts |= met(part, trouble)
        if troubles and len(troubles) == sum(not part.aside for part in call):
            raise troubles[0]
        return receipts

    def _exchange(self, call: Sequence[Part]) -> list[tuple[int, object]]:
        """Status and body for each part; several parts are one Composite call."""
        if len(call) == 1:
            return [self._org.exchange(call[0].method, call[0].path, call[0].body)]
        body = composite_of(self._org.base, [(part.method, part.path, part.body) for part in call])
        status, told = self._org.exchange("POST", "composite", body)
        if status in (400, 413):  # too large, or not understood as a whole: part by part it is
            return [self._org.exchange(part.method, part.path, part.body) for part in call]
        if status != 200:
            raise name_trouble(status, told, sobject=call[0].writes[0].kind)
        return answers_of(told, len(call))

    def _halved(self, part: Part, whole: RecordRefused) -> Receipts:
        """A collection that was refused as a whole: the record at fault ends up alone."""
        writes = part.writes
        if len(writes) == 1:
            return {writes[0].delivery.id: refused(writes[0].delivery, whole.reason, str(whole))}
        half = len(writes) // 2
        return self._carry_out([[collection_of(writes[:half])], [collection_of(writes[half:])]], raising=False)


def met(part: Part, trouble: HubError) -> Receipts:
    """What trouble with its request means for each record of a part."""
    if part.aside:
        return {}
    if isinstance(trouble, Unavailable) and trouble.sent:
        return {
            write.delivery.id: unknown(write.delivery, NO_ANSWER).with_(detail=str(trouble)) for write in part.writes
        }
    return {write.delivery.id: deferred(write.delivery, trouble) for write in part.writes}
