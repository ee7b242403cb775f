"""What is known of an account beyond the post that is at hand: who it is to us, how long, and how its mood moves."""

from typing import Literal

from hub.domain.model import Model, Moment


class Trend(Model, omit_defaults=False):
    """How somebody's mood moves: the mean of their last posts, -1 to 1, against the mean of the ones before."""

    word: Literal["rising", "falling", "steady", "unknown"]
    now: float
    of: int  # posts that `now` is the mean of
    before: float | None = None
    of_before: int = 0


class Profile(Model, omit_defaults=False):
    """An account as it was known when a handoff was made."""

    posts_seen: int
    first_seen_at: Moment  # when the oldest and the newest post of theirs were published that we hold
    last_seen_at: Moment
    trend: Trend
    last_post_url: str | None = None
    audience: str | None = None  # media, analyst, influencer, advocate, customer, public; None: nobody has looked yet
    influence: float | None = None  # 0 to 100
    accounts: tuple[str, ...] = ()  # keys of the other accounts of the same person, by confirmed ties only
