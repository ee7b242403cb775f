"""Score: whoever has just said something that speaks of buying gets the score that routes and handoffs are made by.

Whoever is one person with them counts as them: what they said elsewhere adds up, and each of their accounts bears the
score. Outcomes that people know of are kept, and what they teach gives each score its chance.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from hub.domain import Author, LeadScore, Post, Signal
from hub.domain.config import Config
from hub.errors import SetupError
from hub.measure.live import CALIBRATION
from hub.people import Known, audience_of
from hub.people.calibration import Calibration, calibrate
from hub.people.leads import Background, Deed, score_lead
from hub.stages.pasts import Pasts
from hub.store import OwnWords, Said, Store, Transaction, View

PRESS = ("media", "analyst")
WON = {"won", "converted", "closed - converted", "closed won", "qualified", "yes", "true", "1"}
LOST = {"lost", "closed - not converted", "closed lost", "unqualified", "no", "false", "0"}
LEAD_COLUMNS, END_COLUMNS = ("lead", "author", "Hub_Key__c"), ("outcome", "Status")

Pair = tuple[Post, Signal]


def scores_of(
    tx: Transaction, said: Sequence[Pair], config: Config, *, pasts: Pasts | None = None
) -> dict[str, LeadScore]:
    """Score everybody who has said these things, all of which count; kept, and returned by account."""
    if not said:
        return {}
    persons = tx.people.persons({post.author.key for post, _ in said})
    accounts = {key for keys in persons.values() for key in keys}
    shown_now = {post.author.key: post.author for post, _ in said}
    others = accounts - shown_now.keys()
    authors = (tx.authors.many(others) if others else {}) | shown_now
    pasts = pasts or Pasts(tx, config.lead_scoring)
    deeds, helped = _deeds(accounts, pasts.words(accounts), said, config), pasts.cases(accounts)
    calibration = calibration_of(tx)
    scores: dict[str, LeadScore] = {}
    for keys in {tuple(keys) for keys in persons.values()}:
        shown = [authors[key] for key in keys if key in authors]
        known = Background(helped=any(helped[key] for key in keys), press=any(_is_press(one, config) for one in shown))
        said_by = [deed for key in keys for deed in deeds.get(key, {}).values()]
        score = score_lead(shown, said_by, now=tx.now, how=config.lead_scoring, known=known)
        scores |= dict.fromkeys(keys, calibration.judged(score) if calibration else score)
    tx.leads.keep(scores)
    return scores


def _deeds(
    accounts: Collection[str], words: Mapping[str, OwnWords], fresh: Sequence[Pair], config: Config
) -> dict[str, dict[str, Deed]]:
    """What each account has said lately that counts, by post, oldest first, what is new included."""
    rivals = {subject.name for subject in config.subjects if subject.kind == "competitor"}
    earlier = ((key, one) for key in accounts if key in words for one in reversed(words[key].said))
    found: dict[str, dict[str, Deed]] = {}
    for author, one in chain(earlier, ((post.author.key, _said(post, signal)) for post, signal in fresh)):
        found.setdefault(author, {})[one.post] = Deed(
            post=one.post, intent=one.intent, confidence=one.confidence, at=one.at,
            of_rival=bool(one.subjects) and one.subjects <= rivals,
        )  # fmt: skip
    return found


def _said(post: Post, signal: Signal) -> Said:
    return Said(post.key, post.published_at, signal.intent, signal.confidence, frozenset(signal.subjects))


def _is_press(author: Author, config: Config) -> bool:
    listed = config.audience
    return audience_of(author, Known(), media=listed.media, analysts=listed.analysts) in PRESS


def calibration_of(view: View) -> Calibration | None:
    """What outcomes have taught, if it is believed."""
    kept = view.memory.get(CALIBRATION)
    calibration = Calibration.from_plain(kept) if kept else None
    return calibration if calibration and calibration.believed else None


@dataclass(frozen=True)
class Learned:
    """What came of outcomes that were told."""

    told: int
    kept: int
    still_open: int
    calibration: Calibration | None
    why_not: str | None = None


def learn(store: Store, rows: Iterable[Mapping[str, object]], *, who: str) -> Learned:
    """Keep outcomes and calibrate anew by all that are known; a row that names no lead or end is a SetupError."""
    ends = [_end_of(number, row) for number, row in enumerate(rows, start=1)]
    outcomes = {lead: won for lead, won in ends if won is not None}
    with store.begin() as tx:
        kept = tx.leads.ended(outcomes, who=who)
        lessons = tx.leads.lessons()
    calibration, why_not = None, None
    try:
        version = f"outcomes@{store.now():%Y%m%dT%H%M}"
        calibration = calibrate([score for score, _ in lessons], [won for _, won in lessons], version=version)
    except SetupError as too_few:
        why_not = str(too_few)
    with store.begin() as tx:
        if calibration:
            tx.memory.set(CALIBRATION, calibration.plain())
        tx.audit.append(actor=who, action="lead outcomes told", object=f"leads:{kept}", reason=version)
    return Learned(len(ends), kept, len(ends) - len(outcomes), calibration, why_not)


def _end_of(number: int, row: Mapping[str, object]) -> tuple[str, bool | None]:
    """The lead that a row names, and whether it was won; None while it is open."""
    lead, end = (
        next((str(row[name]).strip() for name in names if row.get(name) not in (None, "")), "")
        for names in (LEAD_COLUMNS, END_COLUMNS)
    )
    if not lead:
        raise SetupError(f"Row {number} names no lead; give it in a column {' or '.join(LEAD_COLUMNS)}.")
    return lead, won_of(end)


def won_of(end: str) -> bool | None:
    """Whether a word for the end of a lead says that it was won; None while it is open."""
    return True if end.lower() in WON else False if end.lower() in LOST else None
