"""Whom talk may reach: audiences, impressions, reach, and the people whose voice carries."""

from datetime import datetime, timedelta

from hub.domain import Measurement
from hub.measure.counted import Cell, Counted, Kpi, count, ratio
from hub.measure.said import by_network, sums_of
from hub.store.people import Class

MEDIANS = "reach:median_followers"  # in the store's memory: of each network, kept by the nightly upkeep
FANS = ("followers", "fans", "friends", "members")  # of one account: names for the same people
VISITS = ("visitors", "readers")
PUBLISHED = {"x": 0.08, "facebook": 0.07, "instagram": 0.15}  # by Radarly, in January 2020
LOUD = ("influencer", "media", "analyst")
UNSEEN = "No network tells how often these posts were seen."
RANKED = "Accounts are known as they are ranked today; how they were is not kept."
DAY = timedelta(days=1)


def audience(cell: Cell) -> Counted:
    """How many follow our accounts, as last counted before the end."""
    newest = _newest(cell)
    if not newest:
        return Counted(missing="None of our accounts was counted yet: name them in hub.yaml's own_accounts.")
    fans: dict[tuple[str, str], float] = {}
    visits = 0.0
    for (network, account, name), value in newest.items():
        if name in VISITS:
            visits += value
        else:
            fans[network, account] = max(value, fans.get((network, account), 0.0))
    return count(sum(fans.values()) + visits)


def _newest(cell: Cell) -> dict[tuple[str, str, str], float]:
    """The last value of each number of each account before the end of the cell."""
    asked, network = cell.question, cell.only("network")

    def pick() -> dict[tuple[str, str, str], float]:
        counted: list[Measurement] = asked.for_all(
            "measurements", lambda: asked.view.measurements.counted([*FANS, *VISITS], asked.now)
        )
        return {
            (one.network, one.account, one.name): one.value
            for one in counted
            if one.at < cell.until and network in (None, one.network) and one.value is not None
        }

    return asked.for_all(("newest", cell.until, network), pick)


def impressions(cell: Cell) -> Counted:
    """How often posts were seen, where networks tell."""
    sums = sums_of(cell)
    return count(sums.views) if sums.viewed or not sums.posts else Counted(missing=UNSEEN)


def impressions_potential(cell: Cell) -> Counted:
    """How often posts may have been seen: whoever follows their authors, and those who passed them on."""
    return count(sum(_potential(cell).values()))


def reach_estimated(cell: Cell) -> Counted:
    """How many people the posts may have reached: of each network's possible impressions a share."""
    how = cell.question.config.reach
    of = PUBLISHED | how.coefficients
    return count(sum(each * of.get(name, how.elsewhere) for name, each in _potential(cell).items()))


def er_reach(cell: Cell) -> Counted:
    """Engagement of the estimated reach."""
    return ratio(
        sums_of(cell).engagement,
        reach_estimated(cell).value or 0,
        times=100,
        missing="Nobody was reached that we know.",
    )


def er_daily(cell: Cell) -> Counted:
    """Engagement of a day of our accounts' followers."""
    days = (cell.until - cell.since) / DAY
    followers = audience(cell)
    missing = followers.missing or "Nobody follows our accounts."
    return ratio(sums_of(cell).engagement / days, followers.value or 0, times=100, missing=missing)


def _potential(cell: Cell) -> dict[str, float]:
    asked = cell.question
    medians: dict[str, float] = asked.for_all("medians", lambda: asked.view.memory.get(MEDIANS) or {})
    return {
        network: sums.followers + sums.passed_on * medians.get(network, 0.0)
        for network, sums in by_network(cell).items()
    }


def influencer_score(cell: Cell) -> Counted:
    """The mean influence of those whose voice carries, as they were last ranked."""
    if _is_past(cell):
        return Counted(missing=RANKED)
    known: list[Class] = cell.question.for_all("classes", lambda: cell.question.view.people.classes(LOUD))
    network, only = cell.only("network"), cell.only("audience")
    some = [one for one in known if network in (None, one.network) and only in (None, one.audience)]
    accounts = sum(one.accounts for one in some)
    return ratio(sum(one.influence for one in some), accounts, missing="No account was ranked so yet.")


def advocate_reach(cell: Cell) -> Counted:
    """How many follow those who keep speaking well of us."""
    if _is_past(cell):
        return Counted(missing=RANKED)
    asked, network = cell.question, cell.only("network")
    known: dict[str, int] = asked.for_all("advocates", lambda: asked.view.people.followers("advocate"))
    return count(sum(number for where, number in known.items() if network in (None, where)))


def _is_past(cell: Cell) -> bool:
    return cell.until < cell.question.now - DAY


def advocate_interactions(cell: Cell) -> Counted:
    """Answers from them to us and from us to them."""
    asked = cell.question
    met: list[tuple[datetime, str]] = asked.for_all(
        ("exchanges", asked.scope.since, asked.scope.until),
        lambda: asked.view.renown.exchanges(asked.scope.since, asked.scope.until, audience="advocate"),
    )
    network = cell.only("network")
    return count(sum(cell.since <= at < cell.until and network in (None, where) for at, where in met))


KPIS: dict[str, Kpi] = {
    "audience": audience,
    "impressions": impressions,
    "impressions_potential": impressions_potential,
    "reach_estimated": reach_estimated,
    "er_reach": er_reach,
    "er_daily": er_daily,
    "influencer_score": influencer_score,
    "advocate_reach": advocate_reach,
    "advocate_interactions": advocate_interactions,
}
