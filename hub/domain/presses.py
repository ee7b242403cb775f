"""Buttons that people press at a destination, and who may."""

from hub.domain.model import Model, Moment


class Press(Model):
    """One press. `value` is a reference of ours, which the store has to know; nothing else in it is believed."""

    id: str  # of this press, in whatever envelope it comes
    envelope: str
    action: str  # acknowledge, judge, mute, unmute, resolve, correct
    value: str
    object_id: str  # of the message that bears the button, as the destination names it
    user: str
    channel: str
    at: Moment
    name: str = ""  # of who pressed, as the destination vouches for it
    thread: str | None = None


class Situation(Model, omit_defaults=False):
    """An incident as its message tells of it: all that is known of it now."""

    ref: str  # of the alert that opened it: what its buttons carry
    subjects: tuple[str, ...]
    topics: tuple[str, ...]
    networks: tuple[str, ...]
    posts: int
    reach: int  # followers of those who spoke, each once
    severity: int
    since: Moment
    last_at: Moment
    top: tuple[
        dict[str, str | int | None], ...
    ] = ()  # the posts that were most reacted to: network, text, url, reactions
    acknowledged_at: Moment | None = None
    acknowledged_by: str | None = None
    verdict: str | None = None
    verdict_by: str | None = None
    muted_until: Moment | None = None
    muted_by: str | None = None
    over_at: Moment | None = None
    over_by: str | None = None
    reopened_at: Moment | None = None
