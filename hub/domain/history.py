"""What is known of somebody when work about them begins: for the person who has to answer them."""

from hub.domain.model import Model, Moment


class Earlier(Model, omit_defaults=False):
    """Work that people already had about this account."""

    kind: str  # Case or Lead
    at: Moment
    title: str
    team: str
    url: str | None = None  # where it is worked on, once it has been delivered
    link: str | None = None  # the command centre's page of it


class OtherAccount(Model, omit_defaults=False):
    """Another account that is, or may be, the same person's. Never a reason to merge anything over there."""

    network: str
    handle: str
    url: str | None
    sure: bool  # merged by evidence or by a person; else a suggestion that nobody has confirmed


class History(Model, omit_defaults=False):
    """One account, as it was known before the post that the work is about."""

    posts: int = 0
    first_seen: Moment | None = None  # when they first said something that we have
    cases: int = 0
    leads: int = 0
    earlier: tuple[Earlier, ...] = ()  # the newest few of these, newest first
    trend: str = "too few posts"  # of their sentiment: improving, steady, worsening
    mood: float | None = None  # mean sentiment of their last posts, -1 to 1
    mood_before: float | None = None  # and of those before
    audience: str | None = None  # influencer, media, customer, ...; None: nobody has looked
    influence: float | None = None
    accounts: tuple[OtherAccount, ...] = ()
