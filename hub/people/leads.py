"""Lead score: who they are (fit) and what they did (behaviour), apart; each with the reasons that made it.

Fit does not age: a firm stays a firm. What somebody wrote loses half its weight every two weeks, so that a question of
last spring warms nobody. Both are 0 to 100, and stay two numbers: a good fit that has done nothing is no hot lead, and
neither is a student who asks ten times. Once outcomes are known, `calibration` learns what these rules guess.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from zlib import crc32

import msgspec

from hub.domain import Author, LeadScore, Model, Moment, Reason
from hub.domain.config import LeadScoring

VERSION = "lead-rules@1"
LOUD, KNOWN = 10_000, 1_000  # followers
MOST = 100.0
DAY = timedelta(days=1)
FIRM = re.compile(
    r"\b(inc|ltd|llc|llp|plc|corp|gmbh|ag|kg|ohg|ug|srl|spa|sarl|sas|bv|nv|oy|ab|a/s|aps|kft|pty|limited|company)\b\.?$",
    re.IGNORECASE,
)


class Deed(Model):
    """Something that one person said to us or of us."""

    post: str
    intent: str
    confidence: float
    at: Moment
    of_rival: bool = False  # about a competitor and nothing of ours


class Background(Model):
    """What we know of a person besides the accounts themselves."""

    helped: bool = False  # people here have worked for them
    press: bool = False  # media or analyst


def score_lead(
    accounts: Sequence[Author], deeds: Iterable[Deed], *, now: datetime, how: LeadScoring | None = None,
    known: Background | None = None,
) -> LeadScore:  # fmt: skip
    """The score of one person by what all their accounts show, and by all that they said."""
    how = how or LeadScoring()
    fit = _heaviest("fit", _fit(accounts, known or Background(), how))
    done: dict[str, float] = {}
    for deed in deeds:
        if points := worth(deed, how) * faded(now - deed.at, how):
            done[deed.intent] = done.get(deed.intent, 0.0) + points
    behaviour = _heaviest("behaviour", done.items())
    scores = _sum(fit), _sum(behaviour)
    return LeadScore(
        fit=scores[0], behaviour=scores[1], grade=grade_of(*scores), reasons=(*fit, *behaviour), as_of=now,
        found_by=version_of(how),
    )  # fmt: skip


def worth(deed: Deed, how: LeadScoring) -> float:
    """Points for something said just now; praise counts if it is of us, and leaving if it is a rival's customer."""
    if (deed.intent == "churn" and not deed.of_rival) or (deed.intent == "praise" and deed.of_rival):
        return 0.0
    return float(getattr(how.behaviour, deed.intent, 0.0)) * deed.confidence


def faded(age: timedelta, how: LeadScoring) -> float:
    """What share of it is left at this age."""
    days = max(age / DAY, 0.0)
    return 0.5 ** (days / how.half_life_days) if days < how.memory_days else 0.0


def counting(how: LeadScoring) -> frozenset[str]:
    """The intents that say anything of buying."""
    return frozenset(name for name in how.behaviour.__struct_fields__ if getattr(how.behaviour, name))


def grade_of(fit: float, behaviour: float) -> str:
    """A letter for the fit and a number for the behaviour, by quarters."""
    return f"{'ABCD'[_quarter(fit)]}{_quarter(behaviour) + 1}"


def version_of(how: LeadScoring) -> str:
    """The rules and, where an organisation has its own points, which."""
    return VERSION if how == LeadScoring() else f"{VERSION}+{crc32(msgspec.json.encode(how)):08x}"


def _fit(accounts: Sequence[Author], known: Background, how: LeadScoring) -> Iterator[tuple[str, float]]:
    """What the accounts show of whom we would be dealing with; a machine is nobody."""
    people = [each for each in accounts if not each.automated]
    if not people:
        return
    followers = max(each.followers or 0 for each in people)
    shown = {
        "many_followers": followers >= LOUD,
        "some_followers": KNOWN <= followers < LOUD,
        "verified": any(each.verified for each in people),
        "firm": any(FIRM.search(each.display_name.strip()) for each in people),
        "full_name": any(len(each.display_name.split()) > 1 for each in people),
        "page": any(each.url for each in people),
        "customer": known.helped,
        "press": known.press,
    }
    yield from ((name, getattr(how.fit, name)) for name, holds in shown.items() if holds)


def _heaviest(part: str, points: Iterable[tuple[str, float]]) -> list[Reason]:
    reasons = [Reason(part=part, name=name, points=round(float(each), 1)) for name, each in points if each]  # type: ignore[arg-type]
    return sorted(reasons, key=lambda one: (-abs(one.points), one.name))


def _sum(reasons: Sequence[Reason]) -> float:
    return round(float(min(max(sum(one.points for one in reasons), 0.0), MOST)), 1)  # 10.0, as it is read back


def _quarter(score: float) -> int:
    return 3 - min(int(score // 25), 3)
