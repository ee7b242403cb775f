"""Render: a handoff becomes the bodies that destinations are sent, once and for all.

The body is stored with the intent and never rendered again for this version of the object, so a mapping
that changes between two tries of one delivery cannot make two different things of it (`delivery.md`
F21). What one mapping cannot say of one handoff holds up nothing else: the rest of it goes out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from hub.domain import INTENTS, Author, Handoff, Manifest, Post, external_id
from hub.domain.config import BusinessHours, Config
from hub.domain.presses import Situation
from hub.errors import MappingError, RecordError
from hub.mapping import Mapping
from hub.stages.grouping import group_in
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


def render(
    handoff: Handoff, outlets: Sequence[Outlet], config: Config, *, incident: Situation | None = None,
    event: str | None = None, label: str | None = None,
) -> Rendered:  # fmt: skip
    """One draft for each object at each destination that takes this handoff.

    `incident` is what its message tells of the whole event; `event` is what has become of it, where that is to be told;
    `label` speaks for the mappings' own.
    """
    plain, ref = handoff.plain(), handoff.id
    document = plain | {
        "ref": ref,
        "post": Post.made_whole(plain["post"]),
        "author": Author.made_whole(plain["author"]),
        "to": _address(handoff, config),
        "organisation": config.organisation.name,
        "event": event,
        "hours": _hours(config.business_hours) | {"timezone": config.organisation.timezone},
        "reopen_hours": config.conversations.reopen_hours,
    }
    if handoff.kind == "Alert":
        document["corrections"] = [{"intent": name, "value": f"{ref}:{name}"} for name in INTENTS]
    if incident is not None:
        document["incident"] = incident.plain()
    rendered = Rendered()
    for outlet in outlets:
        for mapping in outlet.mappings if outlet.takes(handoff.kind) else ():
            try:
                if mapping.reads == handoff.kind and mapping.suits(document):
                    rendered.drafts.append(_draft(handoff, document, outlet, mapping, label or mapping.label))
            except RecordError as problem:
                rendered.problems.append(problem)
    return rendered


@lru_cache(maxsize=8)  # of the organisation, for all that is rendered; only copied from
def _hours(hours: BusinessHours) -> dict[str, Any]:
    return hours.whole()


def _address(handoff: Handoff, config: Config) -> dict[str, Any]:
    if handoff.kind != "Alert":
        return config.team(handoff.team)
    return config.addressee(handoff.team, subject_of(handoff.key))


def subject_of(incident: str) -> str:
    """What the incident of this key is about: its first subject."""
    return group_in(incident).partition(":")[2]


def _draft(handoff: Handoff, document: dict[str, Any], outlet: Outlet, mapping: Mapping, label: str) -> Draft:
    provenance = document["provenance"] | {"mapping": label}
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
        authority=mapping.authority,
        known_as=identity.known_as,
        handoff=document["ref"],
        mapping=label,
        post=handoff.post.key,
        author=handoff.author.key,
    )
