"""Render: a handoff becomes the bodies that destinations are sent, once and for all.

The body is stored with the intent and never rendered again for this version of the object, so a mapping
that changes between two tries of one delivery cannot make two different things of it (`delivery.md`
F21).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.domain import Handoff, Manifest, external_id
from hub.domain.config import Config
from hub.errors import MappingError
from hub.mapping import Mapping
from hub.store import Draft


@dataclass(frozen=True)
class Outlet:
    """A destination as the renderer sees it: its facts and its mappings, no connection."""

    manifest: Manifest
    mappings: tuple[Mapping, ...]

    def takes(self, kind: str) -> bool:
        """Whether this destination takes this kind of handoff."""
        return kind in self.manifest.handoffs


def drafts(handoff: Handoff, outlets: Sequence[Outlet], config: Config) -> list[Draft]:
    """What is to be sent for this handoff, one intent for each object at each destination that takes it."""
    document = handoff.plain() | {"to": config.team(handoff.team), "organisation": config.organisation.name}
    return [
        _draft(handoff, document, outlet, mapping)
        for outlet in outlets
        if outlet.takes(handoff.kind)
        for mapping in outlet.mappings
        if mapping.reads == handoff.kind and mapping.suits(document)
    ]


def _draft(handoff: Handoff, document: dict[str, Any], outlet: Outlet, mapping: Mapping) -> Draft:
    provenance = document["provenance"] | {"mapping": mapping.label}
    body = mapping.apply(document | {"provenance": provenance})
    if body is None:
        raise MappingError(f"{mapping.source} has `keep`, which only mappings of networks may have; use `when`.")
    identity = mapping.identity(document)
    return Draft(
        destination=outlet.manifest.name,
        object=mapping.makes.removeprefix("sObject "),
        external_id=external_id(*identity.of),
        parent=external_id(*identity.parent) if identity.parent else None,
        lane=identity.lane or handoff.author.key,
        body=body,
        only_if_blank=mapping.only_if_blank,
        handoff=handoff.id,
        mapping=mapping.label,
        post=handoff.post.key,
        author=handoff.author.key,
    )
