"""What becomes work for people: leads, cases and alerts, and what is sent for each."""

from collections import OrderedDict
from datetime import datetime
from random import Random
from typing import Any

from benchmarks.inventing.plan import Crisis, Size
from benchmarks.inventing.said import Utterance
from hub.domain import Handoff, HandoffKind, LeadScore, Provenance, Reason, external_id
from hub.store import Draft, Standing

KIND_OF: dict[str, HandoffKind] = {
    "purchase": "Lead", "partner": "Lead", "complaint": "Case", "support": "Case", "churn": "Case", "crisis": "Case",
}  # fmt: skip
TEAM_OF = {"purchase": "sales", "partner": "sales", "churn": "retention"}
OBJECTS = {"Lead": ("salesforce", "Lead"), "Case": ("zendesk", "ticket"), "Alert": ("slack", "message")}
REMEMBERED = 20_000  # conversations that may go on


class Desk:
    """Decides which posts become work, so many as planned, spread over all of the time."""

    def __init__(self, size: Size, chance: Random) -> None:
        self._size, self._chance = size, chance
        self._seen = self._made = 0
        self._cases: OrderedDict[str, None] = OrderedDict()
        self._alerted: set[str] = set()
        self.leads: dict[str, LeadScore] = {}

    def standing(
        self, said: Utterance, crisis: Crisis | None, run: str, now: datetime
    ) -> tuple[Standing, list[Handoff]]:
        """Where a post stands, and the work it became."""
        self._seen += 1
        if reason := _suppressed(said):
            return Standing("set_aside", reason), []
        kind = KIND_OF.get(said.signal.intent)
        behind = self._made < self._seen * self._size.handoffs / self._size.posts
        if kind is None or not behind or self._chance.random() < 0.4:
            return self._nobodys(), []
        made = [self._case(said, run) if kind == "Case" else self._lead(said, run, now)]
        if said.signal.intent == "crisis" and crisis and self._chance.random() < 0.5:
            made.append(self._alert(said, crisis, run))
        self._made += len(made)
        return Standing("handed_off"), made

    def _nobodys(self) -> Standing:
        return Standing("quarantined") if self._chance.random() < 0.0004 else Standing("set_aside", "no_route")

    def _lead(self, said: Utterance, run: str, now: datetime) -> Handoff:
        chance, author = self._chance, said.post.author
        fit, behaviour = round(chance.uniform(5, 90), 1), round(chance.uniform(20, 95), 1)
        grade = f"{'DCBA'[int(fit // 25)]}{4 - int(behaviour // 25)}"
        score = LeadScore(
            fit=fit, behaviour=behaviour, grade=grade, found_by="lead-rules@1", as_of=now,
            chance=round(chance.random() ** 2, 3),
            reasons=(
                Reason(part="behaviour", name=said.signal.intent, points=behaviour),
                Reason(part="fit", name="some_followers", points=fit),
            ),
        )  # fmt: skip
        first = author.key not in self.leads
        self.leads[author.key] = score
        return self._handoff(said, run, "Lead", author.key, first=first, title="Wants to buy", lead=score)

    def _case(self, said: Utterance, run: str) -> Handoff:
        post = said.post
        key = "\x1f".join(("case", post.network, post.visibility, post.author.key, post.thread or post.key))
        first = key not in self._cases
        self._cases[key] = None
        while len(self._cases) > REMEMBERED:
            self._cases.popitem(last=False)
        title = {"complaint": "Complaint", "churn": "Customer about to leave"}.get(said.signal.intent, "Question")
        return self._handoff(said, run, "Case", key, first=first, title=title)

    def _alert(self, said: Utterance, crisis: Crisis, run: str) -> Handoff:
        first = crisis.key not in self._alerted
        self._alerted.add(crisis.key)
        return self._handoff(said, run, "Alert", crisis.key, first=first, title="Possible crisis", severity=7)

    def _handoff(self, said: Utterance, run: str, kind: HandoffKind, key: str, **facts: Any) -> Handoff:
        signal, route = said.signal, f"{said.signal.intent}-{kind.lower()}@2"
        why = Provenance(
            post=said.post.key, route=route, classifier=signal.found_by, confidence=signal.confidence, run=run,
            reading=f"{said.post.network}@2",
        )  # fmt: skip
        team = "communications" if kind == "Alert" else TEAM_OF.get(signal.intent, "support")
        return Handoff(
            key=key, kind=kind, post=said.post, author=said.post.author, signal=signal, team=team, provenance=why,
            priority="high" if signal.urgency >= 0.7 else "normal", **facts,
        )  # fmt: skip


def draft(handoff: Handoff) -> Draft:
    """What is sent: a lead that is written anew, a ticket or a comment to it, a message that grows."""
    destination, thing = OBJECTS[handoff.kind]
    follows = handoff.kind == "Case" and not handoff.first
    post = handoff.post
    body: dict[str, Any] = {
        "Lead": {"LastName": handoff.author.display_name, "Company": handoff.author.handle, "Description": post.text},
        "Case": {"subject": handoff.title, "comment": {"body": post.text}, "priority": handoff.priority},
        "Alert": {"channel": "#social", "text": f"{handoff.title}: {post.text}"},
    }[handoff.kind]
    return Draft(
        destination=destination, object="comment" if follows else thing,
        external_id=external_id(post.key if follows else handoff.key), body=body, handoff=handoff.id,
        parent=external_id(handoff.key) if follows else None, mapping=f"{destination}@3", post=post.key,
        author=handoff.author.key, lane=handoff.author.key,
        known_as=(handoff.author.key,) if handoff.kind == "Lead" else (),
    )  # fmt: skip


def _suppressed(said: Utterance) -> str | None:
    if said.post.author.native_id == "1":
        return "own_post"
    if said.post.kind == "share":
        return "reshare"
    if said.signal.intent in ("spam", "offensive"):
        return said.signal.intent
    return None if said.signal.relevant else "not_relevant"
