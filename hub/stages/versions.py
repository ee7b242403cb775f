"""Versions: digests of everything that decides, so that two moments can be compared and a record can say by what it
was made."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from hub.domain import Model
from hub.domain.config import Config, Detection, Route

_encode = msgspec.json.Encoder(order="deterministic").encode
SHORT = 12  # hex digits


class Versions(Model, omit_defaults=False):
    """What decides, each part by its digest or its name."""

    config: str  # hub.yaml, but for what is watched and planned
    routes: str
    mappings: dict[str, str]  # by connector
    classifier: str  # engine@version

    @property
    def rules(self) -> str:
        """Both digests of what an organisation decides by, as provenance has them."""
        return f"{self.config}.{self.routes}"

    def differences(self, other: "Versions") -> list[str]:
        """What is not the same, in words that people know it by."""
        named = [("hub.yaml", "config"), ("the routes", "routes"), ("the classifier", "classifier")]
        parts = [words for words, name in named if getattr(self, name) != getattr(other, name)]
        names = self.mappings.keys() | other.mappings.keys()
        changed = sorted(name for name in names if self.mappings.get(name) != other.mappings.get(name))
        return [*parts, *(f"mappings/{name}.yaml" for name in changed)]


def digest_of(value: Any) -> str:
    """A short digest of plain data or nouns, the same in whatever order its keys are."""
    return sha256(_encode(value)).hexdigest()[:SHORT]


def digest_of_config(config: Config) -> str:
    """Of what decides in `hub.yaml`: a watch that is added changes no decision on a post that is there."""
    return digest_of(config.with_(watches=(), campaigns=(), routes=(), detection=Detection()))


def digest_of_routes(version: str, routes: Sequence[Route]) -> str:
    """Of the rules in their order."""
    return digest_of([version, *routes])
