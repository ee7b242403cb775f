"""`hub.yaml`: who we are, what we listen for, and who gets the work (decision 19)."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from hub.domain.model import Model, Moment
from hub.domain.reports import OwnReport
from hub.domain.watches import Watch

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Hours = Annotated[float, msgspec.Meta(ge=0)]
Days = Annotated[float, msgspec.Meta(gt=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Points = Annotated[float, msgspec.Meta(ge=-100, le=100)]
ClockTime = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Organisation(Model):
    """The organisation that runs this hub."""

    name: str
    timezone: str = "UTC"  # an IANA name; reports and business hours are shown in it


class Subject(Model):
    """What we listen for: a brand, product, employee or competitor, and how people write it.

    `exclusions`, `context` and `queries` are phrases: words in order, `{pie,juice}` for a choice; `..` in the latter
    two lets up to four words pass.
    """

    name: str
    kind: Literal["brand", "product", "employee", "competitor"] = "brand"
    aliases: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()  # what means something else where it holds a name, such as "apple {pie,juice}"
    context: tuple[str, ...] = ()  # where a name is a word like any other: what must stand in the post or its parent
    queries: tuple[str, ...] = ()  # what speaks of it without any of its names
    team: str | None = None  # that is told of its incidents, in place of the route's
    slack_channel: str | None = None  # channel id or #name for its incidents, in place of the team's


class Topic(Model):
    """What people talk about that is worth counting, and the phrases by which it is found."""

    name: str
    phrases: tuple[str, ...]


class Team(Model):
    """People who get work, and where."""

    name: str
    slack_channel: str | None = None  # channel id or #name for this team's alerts
    zendesk_group_id: int | None = None
    salesforce_owner_id: str | None = None


class Triage(Model):
    """Which posts may become work (`product.md` lesson 18: the first run must not flood)."""

    first_run_hours: Hours = 0  # how old a post may be, before its watch began, and still become work
    actionable_hours: Hours = 48  # older posts are kept as history
    parent_depth: Annotated[int, msgspec.Meta(ge=0, le=10)] = 2  # how far up what a post answers is fetched
    incident_quiet_hours: Hours = 6  # a crisis with no new post for so long is over
    incident_reopen_hours: Hours = 24  # one that is over for no longer goes on when it is heard of again
    incident_edit_minutes: Annotated[float, msgspec.Meta(ge=0)] = 5  # how often its message shows its growth, at most


class Buttons(Model):
    """Who may press the buttons of an alert; with nothing named: the members of the channel that it is in.

    Whatever is named, bots, guests and people of other organisations may not.
    """

    users: tuple[str, ...] = ()  # ids of users, such as U012AB3CD
    groups: tuple[str, ...] = ()  # ids of user groups, such as S012AB3CD
    channels: tuple[str, ...] = ()  # ids of channels whose members may, such as C012AB3CD


class Conversations(Model):
    """How long what somebody says in one thread is one case; afterwards a new case begins, linked to the one before."""

    public_days: Days = 7  # without a word of theirs, where everybody can read it
    private_days: Days = 30  # the same, where only we can
    reopen_hours: Hours = 72  # after people have solved it, their next words open it again for so long


class Campaign(Model):
    """Talk that we mean to cause: while it lasts, more is expected; what exceeds even that is told with its name."""

    name: str
    since: Moment
    until: Moment
    uplift: Annotated[float, msgspec.Meta(ge=1)] = 3.0  # how many times as much as usual
    subject: str | None = None  # None: all of them
    topic: str | None = None  # None: whatever it is about


class Detection(Model):
    """When unusual talk about a subject, or a topic of it, becomes an alert; its own past says what is unusual."""

    enabled: bool = True
    least_posts: Annotated[int, msgspec.Meta(ge=1)] = 10  # in an hour; fewer are never a spike
    persists_hours: Annotated[int, msgspec.Meta(ge=1)] = 1  # in a row
    rest_hours: Hours = 6  # after a spike it is the same one
    worse_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.15  # negative posts beyond the usual make it a crisis
    silence_hours: Hours = 6  # a source silent for so long where posts are expected is told to operators; 0: never
    silence_least_posts: Annotated[int, msgspec.Meta(ge=1)] = 20  # expected in these hours; fewer are never missed
    team: str = "everyone"


class FitPoints(Model):
    """What an account shows of who they are, in points; the sum is their fit, 0 to 100, and does not age."""

    many_followers: Points = 20  # ten thousand and more
    some_followers: Points = 10  # a thousand and more
    verified: Points = 20  # by the network
    firm: Points = 25  # calls itself by a legal form, such as GmbH, Ltd or Inc
    full_name: Points = 20  # two words and more
    page: Points = 10  # an address of its own
    customer: Points = 25  # people here have helped it
    press: Points = -30  # media and analysts ask, and do not buy


class BehaviourPoints(Model):
    """What an intent is worth on the day it is said, in points; confidence counts. 0: it says nothing of buying."""

    purchase: Points = 60
    partner: Points = 30
    churn: Points = 25  # only from a competitor
    question: Points = 15
    feature: Points = 12
    praise: Points = 8  # not of a competitor


class LeadScoring(Model):
    """How fit and behaviour are counted; from which score on somebody is a lead, the routes say."""

    fit: FitPoints = FitPoints()
    behaviour: BehaviourPoints = BehaviourPoints()
    half_life_days: Annotated[float, msgspec.Meta(gt=0)] = 14  # after so many, what was said counts half
    memory_days: Annotated[float, msgspec.Meta(gt=0, le=365)] = 90  # what was said before does not count at all


class Listed(Model):
    """Accounts that somebody has put on a list: handles without @, or author keys."""

    media: tuple[str, ...] = ()
    analysts: tuple[str, ...] = ()


class Reach(Model):
    """How many people a post reaches, as a share of those who could see it."""

    coefficients: dict[str, Share] = {}  # by network, in place of x: 0.08, facebook: 0.07, instagram: 0.15
    elsewhere: Share = 0.07  # on every network that has none


class BusinessHours(Model):
    """When people answer, in the organisation's time zone."""

    days: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri")
    opens: ClockTime = "09:00"
    closes: ClockTime = "17:00"


class Reporting(Model):
    """When reports are made, in the organisation's time zone; late posts have come in by then."""

    daily_at: ClockTime = "06:00"  # of the day before
    weekly_at: ClockTime = "06:30"  # of the week before
    weekly_on: Weekday = "mon"


class Route(Model):
    """A rule that turns a signal into a handoff for a team; expressions speak of post, author, signal, lead."""

    name: str
    makes: Literal["Lead", "Case", "Alert"]
    when: str
    team: str = "everyone"
    priority: str = "'normal'"  # JMESPath giving low, normal, high or urgent
    severity: str = "`0`"  # JMESPath giving 1 to 10, alerts only
    title: str = "''"  # JMESPath giving one line
    enabled: bool = True


class Config(Model):
    """Everything `hub.yaml` can hold."""

    organisation: Organisation
    subjects: tuple[Subject, ...] = ()
    topics: tuple[Topic, ...] = ()  # besides the shipped ones; of the same name: in their place
    own_accounts: dict[str, tuple[str, ...]] = {}  # network: ids, handles or hosts that are ours
    watches: tuple[Watch, ...] = ()
    teams: tuple[Team, ...] = ()
    triage: Triage = Triage()
    conversations: Conversations = Conversations()
    audience: Listed = Listed()
    lead_scoring: LeadScoring = LeadScoring()
    detection: Detection = Detection()
    buttons: Buttons = Buttons()
    campaigns: tuple[Campaign, ...] = ()
    reach: Reach = Reach()
    business_hours: BusinessHours = BusinessHours()
    reporting: Reporting = Reporting()
    reports: tuple[OwnReport, ...] = ()  # a report named as in mappings/reports takes over what is said here
    routes: tuple[Route, ...] = ()  # a route named as in mappings/_routes.yaml takes its place
    destinations: tuple[str, ...] | None = None  # None: all that are connected

    def watches_of(self, network: str) -> tuple[Watch, ...]:
        """The standing questions to one network."""
        return tuple(watch for watch in self.watches if watch.network == network)

    def team(self, name: str) -> dict[str, Any]:
        """What is known of a team, in plain words; an unknown name is a team without any address."""
        return next((team for team in self.teams if team.name == name), Team(name=name)).plain()

    def planned(self, subject: str, topic: str, at: datetime) -> list[Campaign]:
        """The campaigns that bring talk of this in this hour; one about a topic brings some of the whole as well."""
        return [
            each
            for each in self.campaigns
            if each.since <= at < each.until
            and each.subject in (None, subject)
            and (not topic or each.topic in (None, topic))
        ]

    def channels(self) -> tuple[str, ...]:
        """Every channel that is named, each once."""
        named = [*(team.slack_channel for team in self.teams), *(subject.slack_channel for subject in self.subjects)]
        return tuple(dict.fromkeys(filter(None, named)))

    def addressee(self, team: str, subject: str | None) -> dict[str, Any]:
        """Whom an incident about a subject is told to: the subject's own team and channel, else the route's team."""
        about = next((each for each in self.subjects if each.name == subject), None)
        address = self.team(about.team if about and about.team else team)
        return address | ({"slack_channel": about.slack_channel} if about and about.slack_channel else {})
