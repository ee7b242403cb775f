"""Audience class: what an account is to us. Media and analysts by list and by what they call themselves, the others by
what they do; the first that applies, in this order: media, analyst, influencer, advocate, customer, public.
"""

import re
from collections.abc import Collection
from typing import Literal

from hub.domain import Author, Model

Audience = Literal["media", "analyst", "influencer", "advocate", "customer", "public"]
MEDIA = re.compile(r"\b(news|magazine|journalist|reporter|editor|newsroom|press|daily|gazette|tribune|herald)\b", re.I)
ANALYST = re.compile(r"\b(analysts?|research|gartner|forrester|idc|insights)\b", re.I)
PRAISES = 3  # friendly posts in ninety days that make an advocate
TOP = 0.95  # of the accounts of a network, by influence
LEAST_INFLUENCE = 15.0  # some thirty thousand followers, where nothing else is known


class Known(Model, omit_defaults=False):
    """What is known of an account besides its name."""

    influence: float = 0.0
    percentile: float = 0.0  # of its influence within its network, 0 to 1
    praises: int = 0  # friendly posts about a brand or product of ours in ninety days
    cases: int = 0  # times that people here helped it


def audience_of(
    author: Author, known: Known, *, media: Collection[str] = (), analysts: Collection[str] = ()
) -> Audience:
    """The class of an account; `media` and `analysts` are handles or keys that somebody has listed."""
    names = {author.key, author.handle.lower().removeprefix("@")}
    said = f"{author.display_name} {author.handle}".replace("_", " ")
    if names & set(media) or MEDIA.search(said):
        return "media"
    if names & set(analysts) or ANALYST.search(said):
        return "analyst"
    if known.percentile >= TOP and known.influence >= LEAST_INFLUENCE:
        return "influencer"
    if known.praises >= PRAISES:
        return "advocate"
    return "customer" if known.cases else "public"
