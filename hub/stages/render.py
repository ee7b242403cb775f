"""Render: a handoff becomes the bodies that destinations are sent, once and for all.

The body is stored with the intent and never rendered again for this version of the object, so a mapping
that changes between two tries of one delivery cannot make two different things of it (`delivery.md`
F21). What one mapping cannot say of one handoff holds up nothing else: the rest of it goes out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.domain import Author, Handoff, Manifest, Post, external_id
from hub.domain.config import Config
from hub.errors import MappingError, RecordError
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


@dataclass
class Rendered:
    """What is to be sent for a handoff, and what stood in the way of the rest."""

    drafts: list[Draft] = field(default_factory=list)
    problems: list[RecordError] = field(default_factory=list)


def render(handoff: Handoff, outlets: Sequence[Outlet], config: Config) -> Rendered:
    """One draft for each object at each destination that takes this handoff."""
    plain = handoff.plain()
    document = plain | {
        "post": Post.made_whole(plain["post"]),
        "author": Author.made_whole(plain["author"]),
        "to": config.team(handoff.team),
        "organisation": config.organisation.name,
    }
    rendered = Rendered()
    for outlet in outlets:
        for mapping in outlet.mappings if outlet.takes(handoff.kind) else ():
            try:
                if mapping.reads == handoff.kind and mapping.suits(document):
                    rendered.drafts.append(_draft(handoff, document, outlet, mapping))
            except RecordError as problem:
                rendered.problems.append(problem)
    return rendered


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
