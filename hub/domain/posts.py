"""What people said: posts, their authors, and how others reacted."""

from typing import Literal

from hub.domain.model import Model, Moment

PostKind = Literal["post", "reply", "share", "quote", "review"]
Visibility = Literal["public", "private"]
ObservedVia = Literal["live", "archive", "employee"]


class Author(Model):
    """One account on one network; `native_id` never changes, the handle may."""

    key: str
    native_id: str
    handle: str = ""
    display_name: str = ""
    url: str | None = None
    followers: int | None = None
    verified: bool | None = None
    automated: bool = False
    email: str | None = None  # verified: told by the network or an export of ours, never read out of a text


class Engagement(Model):
    """Reactions as counted at one moment; None means that the network does not say."""

    likes: int | None = None
    shares: int | None = None
    replies: int | None = None
    quotes: int | None = None
    views: int | None = None
    counted_at: Moment | None = None


class Media(Model):
    """A picture, film or sound by reference; the bytes stay where they are."""

    kind: str
    url: str | None = None
    description: str | None = None


class Post(Model):
    """One utterance, in our words (Activity Streams' Note or Article)."""

    key: str
    network: str
    native_id: str
    text: str
    published_at: Moment
    collected_at: Moment
    author: Author
    kind: PostKind = "post"
    visibility: Visibility = "public"
    url: str | None = None
    title: str | None = None
    lang: str | None = None
    edited_at: Moment | None = None
    in_reply_to: str | None = None  # key of the parent post
    thread: str | None = None  # key of the thread
    shared: str | None = None  # key of the post that is shared or quoted
    tags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    media: tuple[Media, ...] = ()
    engagement: Engagement = Engagement()
    seen_by: tuple[str, ...] = ()  # keys of the watches that found it
    observed_via: ObservedVia = "live"
    rating: float | None = None  # of a review or survey: 0 to 1 of the scale it was given on
    licence: str | None = None  # under which its author lets it be used, where the network says so: CC BY-SA 4.0
    flags: tuple[str, ...] = ()  # reason codes of what was made harmless on the way in

    @property
    def anonymous(self) -> bool:
        """Whether the network does not show who wrote it; mappings then make one author of its own for each post."""
        return self.author.native_id == f"of:{self.native_id}"


class Measurement(Model):
    """One number of one account at one moment, such as its followers; the network's own count, never ours.

    `value` is None where the network was asked and does not say: that is not zero.
    """

    network: str
    account: str  # the account's native id
    name: str  # followers, following, posts, reach, impressions, views, engagements, profile_views, ...
    at: Moment  # when it was counted; for a period, its end
    period: Literal["moment", "day", "week", "days_28", "lifetime"] = "moment"
    value: float | None = None
    post: str | None = None  # native id of the post that it is about, if not about the account as a whole


class Reference(Model):
    """A post as its network would be asked for it."""

    key: str
    native_id: str
    scope: str | None = None
    url: str | None = None
    thread: str | None = None  # the thread's key, where it is known
