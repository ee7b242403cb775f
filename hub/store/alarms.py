"""Alarms: what detectors said, what people said of that, and so how good each detector is.

An alarm names an hour of a series once, whoever raises it how often. What people noticed and no detector did is an
alarm of "people": without it, nobody could say what was missed.
"""

from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from hub.domain import Model, Moment
from hub.errors import SetupError
from hub.store import tables
from hub.store.lengths import first_hour, moment_of
from hub.store.repository import Repository

Verdict = Literal["true", "false", "campaign"]
PEOPLE = "people"
EVENT = timedelta(hours=24)  # alarms of one subject so near to each other are about one event
_COLUMNS = tables.alarms.c


class Alarm(Model):
    """One hour of one series that stood out."""

    id: int
    detector: str
    subject: str
    network: str
    at: Moment
    raised_at: Moment
    value: float
    expected: float
    severity: int
    crisis: bool
    incident: str | None = None
    verdict: Verdict | None = None
    decided_by: str | None = None
    decided_at: Moment | None = None
    lead_minutes: float | None = None
    topic: str = ""  # "": all that was said of the subject


class Grade(Model, omit_defaults=False):
    """How good a detector is, by what people said; None where nobody has said enough."""

    detector: str
    topic: str | None  # None: all of them together
    alarms: int
    judged: int
    true: int
    missed: int  # events that people noticed and it did not
    precision: float | None
    recall: float | None
    lead_minutes: float | None  # the middle one of its true alarms


class Alarms(Repository):
    """All alarms."""

    def raise_(
        self, *, detector: str, subject: str, network: str, at: datetime, value: float, expected: float,
        severity: int, crisis: bool, incident: str | None = None, topic: str = "",
    ) -> bool:  # fmt: skip
        """Note an alarm; False when this hour's was raised before."""
        row = {
            "detector": detector, "subject": subject, "network": network, "topic": topic, "at": at,
            "raised_at": self.now,
            "value": value, "expected": expected, "severity": severity, "crisis": crisis, "incident": incident,
        }  # fmt: skip
        insert = self._insert(tables.alarms).values(row)
        unique = ["detector", "subject", "network", "topic", "at"]
        return self._write(insert.on_conflict_do_nothing(index_elements=unique)) == 1

    def decide(self, id: int, verdict: Verdict, by: str) -> Alarm:
        """Keep what a person says of an alarm, and of those that were told with it; the last word on each counts."""
        alarm = self.get(id)
        if alarm is None:
            raise SetupError(f"There is no alarm {id}; `hub alarms` lists them.")
        with_it = sa.and_(
            _COLUMNS.incident == alarm.incident, _COLUMNS.subject == alarm.subject, _COLUMNS.at == alarm.at,
            _COLUMNS.network == alarm.network, _COLUMNS.verdict.is_(None),
        )  # fmt: skip
        told = [Alarm(**row._mapping) for row in self._rows(sa.select(tables.alarms).where(with_it))]
        decided = alarm
        for one in [alarm, *(other for other in told if other.id != id)]:
            lead = self._lead(one) if verdict == "true" else None
            said = {"verdict": verdict, "decided_by": by, "decided_at": self.now, "lead_minutes": lead}
            self._write(sa.update(tables.alarms).where(_COLUMNS.id == one.id).values(said))
            decided = alarm.with_(**said) if one is alarm else decided
        return decided

    def decide_all(self, incident: str, verdict: Verdict, by: str) -> list[Alarm]:
        """Keep what a person says of an incident: it goes for each of its alarms, whatever was said of one before."""
        asked = sa.select(tables.alarms).where(_COLUMNS.incident == incident).order_by(_COLUMNS.id)
        decided = []
        for one in [Alarm(**row._mapping) for row in self._rows(asked)]:
            lead = self._lead(one) if verdict == "true" else None
            said = {"verdict": verdict, "decided_by": by, "decided_at": self.now, "lead_minutes": lead}
            self._write(sa.update(tables.alarms).where(_COLUMNS.id == one.id).values(said))
            decided.append(one.with_(**said))
        return decided

    def of(self, incident: str) -> list[Alarm]:
        """The alarms of an incident, oldest first."""
        asked = sa.select(tables.alarms).where(_COLUMNS.incident == incident).order_by(_COLUMNS.at, _COLUMNS.id)
        return [Alarm(**row._mapping) for row in self._rows(asked)]

    def missed(self, subject: str, at: datetime, by: str, *, topic: str = "") -> bool:
        """Somebody noticed an event that no detector told of; False when that was noted before."""
        hour = at.replace(minute=0, second=0, microsecond=0)
        new = self.raise_(
            detector=PEOPLE, subject=subject, network="", topic=topic, at=hour, value=0, expected=0, severity=0,
            crisis=False,
        )  # fmt: skip
        said = {"verdict": "true", "decided_by": by, "decided_at": self.now}
        mine = (
            _COLUMNS.detector == PEOPLE, _COLUMNS.subject == subject, _COLUMNS.topic == topic, _COLUMNS.at == hour,
        )  # fmt: skip
        self._write(sa.update(tables.alarms).where(*mine).values(said))
        return new

    def get(self, id: int) -> Alarm | None:
        """The alarm of this number."""
        row = self._one(sa.select(tables.alarms).where(_COLUMNS.id == id))
        return None if row is None else Alarm(**row._mapping)

    def recent(self, limit: int = 50, *, subject: str | None = None, since: datetime | None = None) -> list[Alarm]:
        """The last alarms, newest first."""
        asked = sa.select(tables.alarms).order_by(_COLUMNS.raised_at.desc(), _COLUMNS.id.desc()).limit(limit)
        if subject is not None:
            asked = asked.where(_COLUMNS.subject == subject)
        if since is not None:
            asked = asked.where(_COLUMNS.at >= since)
        return [Alarm(**row._mapping) for row in self._rows(asked)]

    def between(self, since: datetime, until: datetime) -> list[Alarm]:
        """Those about hours from then up to then, in their order."""
        asked = sa.select(tables.alarms).where(_COLUMNS.at >= since, _COLUMNS.at < until)
        return [Alarm(**row._mapping) for row in self._rows(asked.order_by(_COLUMNS.at, _COLUMNS.id))]

    def grades(self) -> list[Grade]:
        """Each detector by what people said of its alarms, and of those that never came; then topic by topic."""
        rows: dict[str, list[Any]] = {}
        for row in self._rows(sa.select(tables.alarms).order_by(_COLUMNS.detector, _COLUMNS.at)):
            rows.setdefault(row.detector, []).append(row)
        missed = rows.pop(PEOPLE, [])
        grades = []
        for detector, alarms in rows.items():
            topics = sorted({alarm.topic for alarm in alarms if alarm.topic})
            grades.append(_grade(detector, None, alarms, [one for one in missed if one.topic or not topics]))
            for topic in topics:
                mine = [alarm for alarm in alarms if alarm.topic == topic]
                grades.append(_grade(detector, topic, mine, [one for one in missed if one.topic == topic]))
        return grades

    def _lead(self, alarm: Alarm) -> float:
        """Minutes from the alarm to the hour with the most posts of the day after; negative when it had passed."""
        columns = tables.rollups.c
        total = sa.func.sum(columns.posts)
        day = (columns.at >= first_hour(alarm.at), columns.at < first_hour(alarm.at + EVENT))
        asked = sa.select(columns.at).where(columns.subject == alarm.subject, columns.topic == alarm.topic, *day)
        if alarm.network:
            asked = asked.where(columns.network == alarm.network)
        row = self._one(asked.group_by(columns.at).order_by(total.desc(), columns.at).limit(1))
        peak = moment_of(row.at) if row else alarm.at
        return float((peak + timedelta(hours=1) - alarm.raised_at).total_seconds() / 60)


def _grade(detector: str, topic: str | None, alarms: list[Any], missed: list[Any]) -> Grade:
    judged = [alarm for alarm in alarms if alarm.verdict]
    true = [alarm for alarm in judged if alarm.verdict == "true"]
    late = [one for one in missed if not any(_same_event(one, alarm) for alarm in true)]
    events = len(true) + len(late)
    leads = sorted(alarm.lead_minutes for alarm in true if alarm.lead_minutes is not None)
    return Grade(
        detector=detector, topic=topic, alarms=len(alarms), judged=len(judged), true=len(true), missed=len(late),
        precision=len(true) / len(judged) if judged else None, recall=len(true) / events if events else None,
        lead_minutes=leads[len(leads) // 2] if leads else None,
    )  # fmt: skip


def _same_event(missed: Any, alarm: Any) -> bool:
    """Whether an alarm told of what people noticed; one about all of a subject told of each of its topics."""
    near = missed.subject == alarm.subject and abs(missed.at - alarm.at) <= EVENT
    return bool(near and alarm.topic in ("", missed.topic))
