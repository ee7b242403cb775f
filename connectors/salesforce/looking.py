"""The questions that are asked of an organisation: what it holds, who is there, and what became of what is gone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.salesforce.answers import name_trouble, refused
from connectors.salesforce.lookup import (
    QUERIES_PER_CALL,
    address,
    found_of,
    guarded_of,
    merged_queries,
    path_of,
    queries,
)
from connectors.salesforce.org import Org
from connectors.salesforce.people import People
from connectors.salesforce.shapes import Shapes
from connectors.salesforce.words import LEAD, LOCATOR, Names, checked, object_of
from connectors.salesforce.writes import answers_of, composite_of
from hub.domain import Delivery, FoundRecord, Receipt


class Looking:
    """One connector's questions; it only reads."""

    def __init__(self, org: Org, shapes: Shapes, names: Names) -> None:
        self._org, self._shapes, self._names = org, shapes, names

    def find(self, deliveries: Sequence[Delivery]) -> Iterator[FoundRecord]:
        """What Salesforce holds now; asked after an unknown outcome and for what people have set."""
        for sobject in sorted({object_of(delivery) for delivery in deliveries}):
            alike = [delivery for delivery in deliveries if object_of(delivery) == sobject]
            if sobject == LEAD:
                yield from self.people(alike)
            elif self._names.wanted:
                rows = list(self.rows(queries(sobject, alike), sobject))
                yield from found_of(rows, sobject, guarded_of(alike), self._org.instance)

    def people(self, deliveries: Sequence[Delivery]) -> Iterator[FoundRecord]:
        """Who of these is there, as a contact or a lead."""
        people = People(deliveries, self._shapes, personas=self._names.wanted)
        people.take(self.rows(people.first(), LEAD))
        people.take(self.rows(people.second(), LEAD))
        return people.found(self._org.instance)

    def rows(self, asked: Sequence[str], sobject: str) -> Iterator[Mapping[str, Any]]:
        """All rows of these queries, page by page; several queries go in one call."""
        for start in range(0, len(asked), QUERIES_PER_CALL):
            for answer in self.pages(asked[start : start + QUERIES_PER_CALL], sobject):
                while True:
                    yield from answer["records"]
                    if answer.get("done", True):
                        break
                    locator = checked(str(answer.get("nextRecordsUrl")).rpartition("/")[2], LOCATOR)
                    answer = self._org.ask(f"query/{locator}", sobject=sobject)

    def pages(self, asked: Sequence[str], sobject: str) -> Iterator[Any]:
        """The first page of each query."""
        if len(asked) == 1:
            yield self._org.ask("query", params={"q": asked[0]}, sobject=sobject)
            return
        body = composite_of(self._org.base, [("GET", path_of(query), None) for query in asked])
        for status, told in answers_of(
            self._org.ask("composite", method="POST", body=body, sobject=sobject), len(asked)
        ):
            if status != 200:
                raise name_trouble(status or 500, told, sobject=sobject)
            yield told

    def gone(self, deliveries: Sequence[Delivery]) -> dict[int, Receipt]:
        """What we delivered and is there no more: a person has deleted it, or merged it into another record."""
        masters: dict[str, str] = {}
        for query in merged_queries(deliveries):
            status, told = self._org.exchange("GET", "queryAll", params={"q": query})
            for row in told["records"] if status == 200 else ():  # it only says more of what is known already
                masters[str(row["Id"])[:15]] = str(row["MasterRecordId"])
        return {
            one.id: deleted(one, masters.get(str(one.object_id)[:15], ""), self._org.instance) for one in deliveries
        }


def deleted(delivery: Delivery, master: str, instance: str) -> Receipt:
    """We delivered an earlier version, and it is gone: a person's decision, not ours to undo."""
    if master:
        detail = f"This record was merged into {master}; add what is new there by hand."
        return refused(delivery, "merged_there", detail, url=address(instance, master))
    return refused(delivery, "deleted_there", "A person deleted this record in Salesforce; it stays deleted.")
