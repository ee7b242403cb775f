"""Press: somebody pressed a button of an alert. It has one effect, however often it reaches us, and is audited.

What a button carries is a reference of ours. It counts only where the store knows the alert, and knows that the message
which bears the button is its message: a value of another incident, or an invented one, does nothing.
"""

import re
from collections.abc import Sequence
from datetime import timedelta

from hub.domain import INTENTS, Handoff, Model
from hub.domain.config import Config
from hub.domain.presses import Press
from hub.errors import RecordError
from hub.stages.correct import Answer, correct
from hub.stages.incidents import tell
from hub.stages.render import Outlet
from hub.store import Incident, Transaction
from hub.store.alarms import Verdict

VALUE = re.compile(r"([0-9a-f]{32})(?::([a-z0-9]{1,12}))?")
VERDICTS: dict[str, Verdict] = {"judge_true": "true", "judge_false": "false", "judge_campaign": "campaign"}
WORDS = {"true": "a true alarm", "false": "a false alarm", "campaign": "a known campaign"}
HOURS = ("1", "8", "24")
LATE = timedelta(hours=1)  # an older press was meant for another state of things
LONGEST_NAME = 80


class Ignored(RecordError):
    """This press cannot have an effect; the sentence is for who pressed."""


class Effect(Model):
    """What came of a press."""

    said: str  # to who pressed, in one sentence
    refused: str | None = None  # why it had no effect


def act(
    tx: Transaction, press: Press, config: Config, outlets: Sequence[Outlet], *, destination: str
) -> Effect | None:  # fmt: skip
    """Let a press have its effect; None where it has had it before."""
    if not tx.presses.take(press.id, press.action):
        return None
    try:
        if abs(tx.now - press.at) > LATE:
            raise Ignored("That was pressed too long ago, so nothing was done; press it again.", reason="late")
        handoff, argument = _alert(tx, press, destination)
        if press.action == "correct":
            return Effect(said=_corrected(tx, press, handoff, argument, destination))
        incident = tx.incidents.get(handoff.key)
        if incident is None:
            raise Ignored("The hub knows no incident of this message any more.", reason="no_incident")
        said = _said(tx, press, incident, argument)
    except Ignored as refused:
        tx.presses.refused(press.id, refused.reason)
        return Effect(said=str(refused), refused=refused.reason)
    after = tx.incidents.get(incident.key)
    if after is not None and after.changes > after.told:
        tell(tx, after, config, outlets)
    return Effect(said=said)


def who(press: Press) -> str:
    """Who pressed, as the audit log and the incident's message name them."""
    name = "".join(char for char in press.name if char.isprintable()).strip()[:LONGEST_NAME]
    return name or press.user


def _alert(tx: Transaction, press: Press, destination: str) -> tuple[Handoff, str]:
    """The alert whose message bears the button, and what else the button says."""
    value = VALUE.fullmatch(press.value)
    handoff = tx.handoffs.get(value[1]) if value else None
    if value is None or handoff is None or handoff.kind != "Alert":
        raise Ignored("The hub does not know what this button belongs to, so nothing was done.", reason="unknown_value")
    sent = tx.outbox.of([handoff.id])
    if not any(row.destination == destination and row.object_id == press.object_id for row in sent):
        raise Ignored(
            "The hub has not heard yet that this message is there, so nothing was done; press again in a minute.",
            reason="other_message",
        )
    return handoff, value[2] or ""


def _said(tx: Transaction, press: Press, incident: Incident, argument: str) -> str:
    """Change the incident; what was so before is said, and not written again."""
    key, by = incident.key, who(press)
    if press.action == "acknowledge":
        if not tx.incidents.acknowledge(key, by):
            now = f"{incident.acknowledged_by} looks after it" if incident.acknowledged_at else "it is over"
            return f"Nothing to do: {now} already."
        answer = "Noted: you look after this incident, and its message says so."
    elif press.action in VERDICTS:
        verdict = VERDICTS[press.action]
        if not tx.incidents.judge(key, verdict, by):
            return f"{incident.verdict_by} has said already that this was {WORDS[verdict]}."
        answer = f"Noted: {WORDS[verdict]}. The detectors are graded by it."
        _grade(tx, incident, verdict, by)
    elif press.action == "mute" and argument in HOURS:
        until = tx.now + timedelta(hours=int(argument))
        tx.incidents.mute(key, until, by)
        answer = f"Muted until {until:%H:%M} UTC: what comes is kept and counted, and nothing is sent to the thread."
    elif press.action == "unmute":
        if not tx.incidents.mute(key, None, by):
            return "Nothing to do: it is not muted."
        answer = "Unmuted: what comes from now on is told again."
    elif press.action == "resolve":
        if not tx.incidents.resolve(key, by):
            return "Nothing to do: it is over already."
        answer = "Noted: it is over. If it is heard of again, it goes on in this thread."
    else:
        raise Ignored("The hub knows no such button, so nothing was done.", reason="unknown_action")
    _audit(tx, press, f"incident:{incident.group}", argument)
    return answer


def _grade(tx: Transaction, incident: Incident, verdict: Verdict, by: str) -> None:
    """The verdict counts for each of its alarms; one that a route alone had opened becomes the route's alarm."""
    if tx.alarms.decide_all(incident.key, verdict, by):
        return
    rule, _, subject = incident.group.partition(":")
    head = next(iter(tx.handoffs.of_thing("Alert", incident.key)), None)
    detector = head.provenance.route if head else rule
    hour = incident.opened_at.replace(minute=0, second=0, microsecond=0)
    tx.alarms.raise_(
        detector=detector, subject=subject, network="", at=hour, value=incident.count, expected=0,
        severity=incident.severity, crisis=rule.startswith("crisis"), incident=incident.key,
    )  # fmt: skip
    tx.alarms.decide_all(incident.key, verdict, by)


def _corrected(tx: Transaction, press: Press, handoff: Handoff, intent: str, source: str) -> str:
    """What the correction form of the command centre does, for one answer."""
    if intent not in INTENTS:
        raise Ignored("The hub knows no such kind of post, so nothing was done.", reason="unknown_intent")
    tx.corrections.hold()
    now = tx.signals.of([handoff.post.key]).get(handoff.post.key)
    if now is not None and now.intent == intent:
        return f"The hub says already that this post is “{intent}”."
    answer = Answer(post=handoff.post.key, field="intent", label=intent)
    done = correct(tx, [answer], who=f"{press.user} ({who(press)})", source=source)
    if done.unknown:
        raise Ignored("The hub does not hold this post any more, so nothing was done.", reason="no_post")
    return f"Noted: this post is “{intent}”. The next model learns from it."


def _audit(tx: Transaction, press: Press, object: str, argument: str) -> None:
    reason = f"{press.action} {argument}".strip()
    tx.audit.append(actor=f"{press.user} ({who(press)})", action="button pressed", object=object, reason=reason)
