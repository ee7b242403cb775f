"""What is heard: how much is said, how it is meant, whose voice it is, and what it sets off."""

from collections.abc import Callable
from functools import partial
from typing import Any

from hub.domain.config import Config
from hub.measure import stories
from hub.measure.counted import Behind, Cell, Counted, Kpi, count, ratio
from hub.measure.intervals import of_difference, of_share
from hub.measure.reach import KPIS as REACH
from hub.measure.reach import UNSEEN
from hub.measure.said import by_subject, counts_of, of_kinds, sums_of, wanted
from hub.store.behind import Judged, Wanted
from hub.store.tally import Sums

NOTHING = "Nothing was said."
UNCOUNTED = "No network tells how these posts were reacted to."
UNKNOWN = "Of no author of these posts it is known how many follow."
GROUPS = (("brand", "competitor"), ("product",), ("employee",))  # whoever is compared with each other


def mentions(cell: Cell, *kinds: str) -> Counted:
    """Posts about any of ours, or about any of these kinds."""
    return count(counts_of(cell, *kinds).posts)


def reshares(cell: Cell) -> Counted:
    """How often somebody passed on another's words about ours as they were."""
    return count(counts_of(cell).reshares)


def positive_mentions(cell: Cell) -> Counted:
    """Those that mean well."""
    return count(counts_of(cell).positive)


def negative_mentions(cell: Cell) -> Counted:
    """Those that do not."""
    return count(counts_of(cell).negative)


def net_sentiment(cell: Cell) -> Counted:
    """Good less bad, of all."""
    sums = counts_of(cell)
    found = ratio(sums.positive - sums.negative, sums.posts, times=100, missing=NOTHING)
    return _between(found, of_difference(sums.positive, sums.negative, sums.posts)) if sums.posts else found


def net_sentiment_polar(cell: Cell) -> Counted:
    """Good less bad, of these two."""
    good, bad = counts_of(cell).positive, counts_of(cell).negative
    found = ratio(good - bad, good + bad, times=100, missing="Nothing was said that is good or bad.")
    if not good + bad:
        return found
    low, high = of_share(good, good + bad)
    return _between(found, (2 * low - 1, 2 * high - 1))


def brand_health(cell: Cell) -> Counted:
    """Good, of good and bad."""
    good, bad = counts_of(cell).positive, counts_of(cell).negative
    found = ratio(good, good + bad, times=100, missing="Nothing was said that is good or bad.")
    return _between(found, of_share(good, good + bad)) if good + bad else found


def share_of_voice(cell: Cell) -> Counted:
    """Posts that name the subject, of what each of those it is compared with was named."""
    mine, whole = voices_of(cell.question.config, cell.only("subject"))
    told = by_subject(cell)
    named = sum(told.get(one, 0) for one in mine)
    return ratio(named, sum(told.get(one, 0) for one in whole), times=100, missing="Nothing was said of any of them.")


def share_of_voice_stories(cell: Cell) -> Counted:
    """The same, every story once that was printed forty times."""
    posts = counts_of(cell).posts if cell.only("subject") is None else sum(by_subject(cell).values())
    if posts > stories.AT_MOST:
        return Counted(missing=stories.TOO_MANY)
    mine, whole = voices_of(cell.question.config, cell.only("subject"))
    told = stories.told(cell)
    named = sum(len(told.get(one, ())) for one in mine)
    compared = sum(len(told.get(one, ())) for one in whole)
    return ratio(named, compared, times=100, missing="Nothing was said of any of them.")


def voices_of(config: Config, subject: str | None) -> tuple[frozenset[str], frozenset[str]]:
    """Whose voice is meant, our brands' where nobody is named, and those it is compared with."""
    kinds = {one.name: one.kind for one in config.subjects}
    kind = kinds.get(subject, "") if subject is not None else "brand"
    mine = of_kinds(config, ["brand"]) if subject is None else frozenset({subject})
    return mine, next((of_kinds(config, group) for group in GROUPS if kind in group), frozenset())


def engagement(cell: Cell) -> Counted:
    """Reactions, answers and how often the words were passed on."""
    sums = sums_of(cell)
    return count(sums.engagement) if sums.counted or not sums.posts else Counted(missing=UNCOUNTED)


def _per(
    part: Callable[[Sums], float], whole: Callable[[Sums], float], times: float, missing: str, cell: Cell
) -> Counted:
    sums = sums_of(cell)
    return ratio(part(sums), whole(sums), times=times, missing=missing if sums.posts else NOTHING)


def spike_severity(cell: Cell) -> Counted:
    """The worst that stood out, 1 to 10; 0 where nothing did."""
    if not cell.question.config.detection.enabled:
        return Counted(missing="Detection is switched off in hub.yaml.")
    asked = cell.question
    time = asked.scope.since, asked.scope.until
    alarms = asked.for_all(("alarms", *time), lambda: asked.view.alarms.between(*time))
    about = (cell.only("subject"), cell.only("network"), cell.only("topic"))
    met = [
        one.severity
        for one in alarms
        if cell.since <= one.at < cell.until
        and all(name in (None, said) for name, said in zip(about, (one.subject, one.network, one.topic), strict=True))
    ]
    return count(max(met, default=0))


def _behind(choose: Callable[[Cell], Wanted], cell: Cell, limit: int, before: str | None) -> list[Judged]:
    return cell.question.view.behind.posts(cell.since, cell.until, choose(cell), limit=limit, before=before)


def _posts(*kinds: str, **changes: Any) -> Behind:
    """The posts that are counted, of these kinds; further narrowed by what is changed of `Wanted`."""
    return partial(_behind, lambda cell: wanted(cell, *kinds).with_(**changes))


def _of_voice(cell: Cell) -> Wanted:
    return wanted(cell).with_(subjects=voices_of(cell.question.config, cell.only("subject"))[0])


def _between(found: Counted, shares: tuple[float, float]) -> Counted:
    return found.with_(low=100 * shares[0], high=100 * shares[1])


KPIS: dict[str, Kpi] = {
    "mentions": mentions,
    "brand_mentions": lambda cell: mentions(cell, "brand"),
    "product_mentions": lambda cell: mentions(cell, "product"),
    "employee_mentions": lambda cell: mentions(cell, "employee"),
    "reshares": reshares,
    "positive_mentions": positive_mentions,
    "negative_mentions": negative_mentions,
    "net_sentiment": net_sentiment,
    "net_sentiment_polar": net_sentiment_polar,
    "brand_health": brand_health,
    "share_of_voice": share_of_voice,
    "share_of_voice_stories": share_of_voice_stories,
    "engagement": engagement,
    "engagement_rate": partial(_per, lambda sums: sums.viewed_engagement, lambda sums: sums.views, 100, UNSEEN),
    "er_followers": partial(_per, lambda sums: sums.followed_engagement, lambda sums: sums.followers, 100, UNKNOWN),
    "virality_rate": partial(_per, lambda sums: sums.viewed_shares, lambda sums: sums.views, 100, UNSEEN),
    "amplification_rate": partial(_per, lambda sums: sums.passed_on, lambda sums: sums.counted, 1, UNCOUNTED),
    "amplification_per_1000": partial(
        _per, lambda sums: sums.followed_shares, lambda sums: sums.followers, 1000, UNKNOWN
    ),
    "applause_rate": partial(_per, lambda sums: sums.likes, lambda sums: sums.counted, 1, UNCOUNTED),
    "conversation_rate": partial(_per, lambda sums: sums.replies, lambda sums: sums.counted, 1, UNCOUNTED),
    "spike_severity": spike_severity,
    **REACH,
}

OPINIONS = ("positive", "negative")
BEHIND: dict[str, Behind] = {
    **dict.fromkeys(("mentions", "net_sentiment", "impressions_potential", "reach_estimated", "er_reach"), _posts()),
    **{f"{kind}_mentions": _posts(kind) for kind in ("brand", "product", "employee")},
    "reshares": _posts(reshares=True),
    "positive_mentions": _posts(sentiments=("positive",)),
    "negative_mentions": _posts(sentiments=("negative",)),
    **dict.fromkeys(("net_sentiment_polar", "brand_health"), _posts(sentiments=OPINIONS)),
    **dict.fromkeys(("share_of_voice", "share_of_voice_stories"), partial(_behind, _of_voice)),
    **dict.fromkeys(("impressions", "engagement_rate", "virality_rate"), _posts(known="views")),
    **dict.fromkeys(("er_followers", "amplification_per_1000"), _posts(known="followers")),
    **dict.fromkeys(
        ("engagement", "er_daily", "amplification_rate", "applause_rate", "conversation_rate"),
        _posts(known="reactions"),
    ),
}
