"""People: which accounts are one person, how loud they are, and what they are to us.

Everything here is evidence with a number on it. Nothing is merged by name alone, nor two accounts of one network.
"""

from hub.people.audience import Audience, Known, audience_of
from hub.people.influence import Influence, influence_of
from hub.people.likeness import FEATURES, Account, features_of
from hub.people.matching import Match, Matcher

__all__ = [
    "FEATURES", "Account", "Audience", "Influence", "Known", "Match", "Matcher", "audience_of", "features_of",
    "influence_of",
]  # fmt: skip
