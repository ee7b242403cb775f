"""Steps to maturity: each one check on what is live, with what was found and the one sentence on what to do next.

A step that holds today may not hold in a month: what nobody does any more is not what an organisation can do.
"""

from collections.abc import Callable

from hub.measure.evidence import Evidence, count, made
from hub.measure.live import Live

ENOUGH_NETWORKS = 2
ENOUGH_TEAMS = 2
ENOUGH_SYSTEMS = 3  # CRM, helpdesk and chat
ENOUGH_OBSERVED = 0.8  # of the watches' time
ENOUGH_JUDGED = 3  # alarms or incidents
OPERATIONS = "operations"  # the team that hears of failed runs: no department, and glad of silence
SERVICE = ("support", "complaint", "churn", "question")


def named(live: Live) -> Evidence:
    """Somebody has said what to listen for."""
    names = len(live.config.subjects)
    return made(
        "Subjects to listen for are named", names > 0, (f"{count(names, 'subject')} in hub.yaml", "listening"),
        next="Name your brand under `subjects` in hub.yaml; `hub init` writes one to start from.",
    )  # fmt: skip


def read(live: Live) -> Evidence:
    """Some network is read."""
    return made(
        "A network is read", bool(live.networks), (_networks(live), "sources"),
        next="Add a watch with `hub watch add NETWORK KIND VALUE`, then `hub up`; `hub doctor` says what it needs.",
    )  # fmt: skip


def heard(live: Live) -> Evidence:
    """Something was said of a subject."""
    posts = live.said()
    return made(
        "Something was heard of a subject in thirty days",
        posts > 0,
        (count(posts, "relevant post"), "listening"),
        next="Add a watch for the names that people use with `hub watch add`, and check `aliases` in hub.yaml.",
    )


def buyers_heard(live: Live) -> Evidence:
    """Somebody spoke of buying."""
    posts = live.said("purchase", "partner")
    return made(
        "Somebody spoke of buying in thirty days", posts > 0, (count(posts, "post") + " speak of buying", "work"),
        next="Watch the words of people who choose, such as `hub watch add reddit keyword \"which grinder\"`.",
    )  # fmt: skip


def customers_heard(live: Live) -> Evidence:
    """Somebody asked for help."""
    posts = live.said(*SERVICE)
    return made(
        "Somebody asked for help or complained in thirty days", posts > 0,
        (count(posts, "post") + " ask for help or complain", "work"),
        next="Watch where customers ask: your own accounts' mentions, your forum, `hub watch add x mention @you`.",
    )  # fmt: skip


def guarded(live: Live) -> Evidence:
    """Unusual talk would be noticed."""
    on = live.config.detection.enabled and bool(live.config.subjects)
    posts = live.said()
    return made(
        "Unusual talk about a subject is noticed", on and posts > 0,
        (f"detection is {'on' if on else 'off'}", "crises"), (count(posts, "relevant post"), "listening"),
        next="Set `detection.enabled: true` in hub.yaml, with a subject that is heard of.",
    )  # fmt: skip


def several_networks(live: Live) -> Evidence:
    """People are heard in more places than one."""
    return made(
        "Several networks are read",
        len(live.networks) >= ENOUGH_NETWORKS,
        (_networks(live), "sources"),
        next="Add a second network with `hub watch add`; `hub check` lists the connectors.",
    )


def observed(live: Live) -> Evidence:
    """What was to be seen was seen."""
    share = live.coverage
    said = "nothing was to be seen" if share is None else f"{share:.0%} of the sources' time was observed"
    return made(
        f"At least {ENOUGH_OBSERVED:.0%} of the sources' time was observed", (share or 0) >= ENOUGH_OBSERVED,
        (said, "sources"),
        next="See on the page Sources which watch has gaps and do what its sentence says; `hub up` must run all day.",
    )  # fmt: skip


def one_team(live: Live) -> Evidence:
    """Somebody gets what was found."""
    return _teams(live, 1, "A team gets what was found", "Connect a destination; `hub doctor` says what it needs.")


def several_teams(live: Live) -> Evidence:
    """More than one department gets it."""
    return _teams(
        live, ENOUGH_TEAMS, "Several teams get what concerns them",
        "Name the teams under `teams` in hub.yaml, and let `routes` send them what concerns them.",
    )  # fmt: skip


def all_teams(live: Live) -> Evidence:
    """Every team that has a name got something."""
    names = {one.name for one in live.config.teams} - {OPERATIONS}
    without = sorted(names - live.teams_with_work)
    said = f"{len(names) - len(without)} of {count(len(names), 'team')} in hub.yaml got work"
    return made(
        "Every team got something in thirty days",
        bool(names) and not without,
        (said, "work"),
        next=f"Let a route in hub.yaml send work to {', '.join(without) or 'the teams that you name there'}.",
    )


def answerable(live: Live) -> Evidence:
    """Customers can be answered where people work."""
    return _delivered(
        live, "Case", "What customers say becomes cases at a helpdesk", "work",
        "Connect Zendesk (connectors/zendesk/README.md); `hub doctor` says when it is ready.",
    )  # fmt: skip


def leads_made(live: Live) -> Evidence:
    """Sales gets leads."""
    return _delivered(
        live, "Lead", "Who may buy becomes a lead in the CRM", "work",
        "Connect Salesforce (connectors/salesforce/README.md); `hub doctor` says when it is ready.",
    )  # fmt: skip


def alerted(live: Live) -> Evidence:
    """People are told of incidents."""
    return _delivered(
        live, "Alert", "Incidents are told where people talk", "crises",
        "Connect Slack (connectors/slack/README.md) and give a team its `slack_channel` in hub.yaml.",
    )  # fmt: skip


def acknowledged(live: Live) -> Evidence:
    """Somebody looks after incidents."""
    taken = sum(one.acknowledged_at is not None for one in live.incidents)
    return made(
        "Somebody takes incidents up", taken > 0,
        (f"{taken} of {count(len(live.incidents), 'incident')} acknowledged", "crises"),
        next="Press Acknowledge below an incident's message in Slack; `hub listen slack` hears it.",
    )  # fmt: skip


def taken_up(live: Live) -> Evidence:
    """People act on what they are told."""
    taken = sum(one.acknowledged_at is not None or one.verdict is not None for one in live.incidents)
    return made(
        "People act on what they are told", taken + live.corrections > 0,
        (count(taken, "incident") + " taken up or judged", "crises"),
        (count(live.corrections, "correction") + " by people", "quality"),
        next="Press a button below an alert in Slack, or say on a post's page what it really is.",
    )  # fmt: skip


def judged(live: Live) -> Evidence:
    """Detectors are graded by people."""
    verdicts = sum(one.judged for one in live.grades)
    return made(
        "People say which alarms were right", verdicts >= ENOUGH_JUDGED,
        (count(verdicts, "alarm") + " judged", "crises"),
        next=f"Say of {ENOUGH_JUDGED} alarms what they were, with the buttons in Slack or `hub alarm`.",
    )  # fmt: skip


def learned(live: Live) -> Evidence:
    """What people said has changed how the hub decides."""
    verdicts = sum(one.judged for one in live.grades)
    holds = live.model is not None or live.calibrated or verdicts >= ENOUGH_JUDGED
    return made(
        "What people say changes how the hub decides", holds,
        (f"model {live.model} runs" if live.model else "no trained model runs", "quality"),
        ("lead scores are calibrated" if live.calibrated else "lead scores are not calibrated", "work"),
        (count(verdicts, "alarm") + " judged", "crises"),
        next="Correct some posts, then `hub train --apply`; or judge alarms; or `hub lead-outcomes`.",
    )  # fmt: skip


def several_systems(live: Live) -> Evidence:
    """CRM, helpdesk and chat hold what was found."""
    systems = sorted({one.destination for one in live.reached})
    said = f"work is at {', '.join(systems)}" if systems else "work is at no destination"
    return made(
        "CRM, helpdesk and chat get what was found",
        len(systems) >= ENOUGH_SYSTEMS,
        (said, "work"),
        next="Connect what is missing of Salesforce, Zendesk and Slack; `hub doctor` says what each needs.",
    )


def read_back(live: Live) -> Evidence:
    """What became of work is known here."""
    won, lost = live.ends[True], live.ends[False]
    return made(
        "What became of leads is read back",
        won + lost > 0,
        (f"{won} won, {lost} lost", "work"),
        next="Let the DAG upkeep ask Salesforce every night, or give a report on leads to `hub lead-outcomes FILE`.",
    )


def compared(live: Live) -> Evidence:
    """Competitors are heard as well."""
    posts = live.said_of("competitor")
    return made(
        "Competitors are heard as well",
        posts > 0,
        (count(posts, "post") + " about competitors", "listening"),
        next="Name a competitor under `subjects` in hub.yaml with `kind: competitor`.",
    )


def planned(live: Live) -> Evidence:
    """Own campaigns are in the calendar."""
    some = sum(one.until >= live.since for one in live.config.campaigns)
    return made(
        "Campaigns are in the calendar, so that their effect can be told", some > 0,
        (count(some, "campaign") + " of the last thirty days or to come", "crises"),
        next="Write your campaigns under `campaigns` in hub.yaml, each with `since` and `until`.",
    )  # fmt: skip


def reported(live: Live) -> Evidence:
    """Some report reaches people regularly."""
    return made(
        "A report reaches somebody",
        bool(live.reports),
        (_reports(live), "reports"),
        next="Name under `reports` in hub.yaml `to` whom a report goes, by Slack or e-mail; `hub report` lists them.",
    )


def executives_told(live: Live) -> Evidence:
    """Executives get theirs."""
    return told("executive")(live)


def told(department: str) -> Callable[[Live], Evidence]:
    """One department's report is dispatched."""

    def check(live: Live) -> Evidence:
        holds = department in live.reports
        return made(
            f"The {department} report reaches somebody",
            holds,
            (_reports(live), "reports"),
            next=f"Name under `reports` in hub.yaml `to` whom {department}-weekly goes; `hub report` shows it.",
        )

    return check


def _delivered(live: Live, kind: str, asks: str, page: str, remedy: str) -> Evidence:
    there = live.work(kind)
    return made(asks, there > 0, (f"{count(there, kind.lower())} delivered", page), next=remedy)


def _teams(live: Live, least: int, asks: str, remedy: str) -> Evidence:
    teams = sorted(live.teams_with_work)
    said = f"work has reached {', '.join(teams)}" if teams else "work has reached no team"
    return made(asks, len(teams) >= least, (said, "work"), next=remedy)


def _networks(live: Live) -> str:
    return f"read within a day: {', '.join(live.networks)}" if live.networks else "no network was read within a day"


def _reports(live: Live) -> str:
    return (
        f"reports of thirty days reached: {', '.join(sorted(live.reports))}"
        if live.reports
        else "no report has reached anybody"
    )
