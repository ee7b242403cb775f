"""A mapping, loaded and compiled: what a record means in other words."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from hub.domain import Authority, MappedField, MappedObject
from hub.errors import MappingError, Unmappable
from hub.mapping.bounds import bounds_of
from hub.mapping.document import Example, IdentityDocument, MappingDocument, read_documents, read_file, shown
from hub.mapping.program import Program, of_condition, of_fields
from hub.mapping.syntax import Node, nearest, parse, walk
from hub.mapping.text import as_text
from hub.mapping.tree import Branch, Leaf, grow, leaves, merge

Record = dict[str, Any]
PLACE = re.compile(r"\[\d+\]")
TIES = ("native_id", "scope", "in_reply_to")  # what ties a post to its parent


class Identity(NamedTuple):
    """Which thing an object is: the keys its external id stands for, those of its parent, and its lane."""

    of: tuple[str, ...]
    parent: tuple[str, ...] = ()
    lane: str = ""
    known_as: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """`keep` or `when`: whether it holds for a record, and the names of fields that it looks at."""

    holds: Callable[[Record], bool]
    names: frozenset[str]


@dataclass(frozen=True, eq=False)
class Mapping:
    """One document of a mapping file, ready to be applied."""

    name: str
    version: int
    reads: str
    makes: str
    fixed: Record
    authority: dict[str, Authority]  # of fields that are not ours alone
    never_blank: tuple[str, ...]  # what the other side demands; the contract holds the mapping to it
    examples: tuple[Example, ...]
    paths: tuple[str, ...]  # of every value it can give, such as author.handle or blocks[].text
    source_digest: str
    source: Path
    _tree: dict[str, Branch] = field(repr=False)
    _keep: Condition | None = field(repr=False)
    _when: Condition | None = field(repr=False)
    _identity: dict[str, Branch] = field(repr=False)
    _kept_if: Node | None = field(repr=False)

    # Read and checked when it is loaded, compiled when it is needed: a run that finds nothing new applies no mapping.

    @cached_property
    def apply(self) -> Callable[[Record], Record | None]:
        """The record in the words of `makes`, without nulls; None if `keep` is not true.

        Raises `Unmappable` for a record that an expression cannot work on.
        """
        return self._program.call

    @cached_property
    def ties(self) -> Callable[[Record], Record]:
        """A post's own native id, its scope and its parent's native id alone, in a fraction of the time."""
        tied = {name: self._tree[name] for name in TIES if name in self._tree}
        return of_fields(tied, None, self.label).call if tied else self._program.call

    @property
    def python(self) -> str:
        """What it is compiled to, for those who want to see it."""
        return self._program.source

    @cached_property
    def _program(self) -> Program:
        return of_fields(self._tree, self._kept_if, self.label)

    @cached_property
    def _fill(self) -> Callable[[Record], Record]:
        return of_fields(self._tree, None, self.label).call if self._kept_if else self._program.call

    @cached_property
    def _identified(self) -> Callable[[Record], Record]:
        return of_fields(self._identity, None, self.label).call

    @property
    def only_if_blank(self) -> tuple[str, ...]:
        """The fields that people own once they are set."""
        return tuple(name for name, whose in self.authority.items() if whose == "fill_blank")

    @property
    def label(self) -> str:
        """Names this mapping in provenance and on posts, such as `mastodon@3`."""
        return f"{self.name}@{self.version}"

    @cached_property
    def promise(self) -> MappedObject:
        """What it may write, for the other side to compare with what it takes."""
        fields: dict[str, MappedField] = {}
        for leaf in leaves(self._tree):
            path = PLACE.sub("[]", leaf.path)
            fields[path] = MappedField() if path in fields else bounds_of(leaf.node, self.reads)
        return MappedObject(
            object=self.makes.removeprefix("sObject "),
            mapping=self.label,
            digest=self.source_digest,
            fields=fields,
            never_blank=(*self.fixed, *self.never_blank),
        )

    def suits(self, record: Record) -> bool:
        """Whether this document of its file is for this record (`when`)."""
        return self._when is None or self._when.holds(record)

    def identity(self, record: Record) -> Identity:
        """Which thing at the destination this record speaks of; raises `Unmappable` if it does not say."""
        said = self._identified(record)
        of = _keys(said.get("of"))
        if not of:
            raise Unmappable(f"{self.label}, identity.of: no key came out.", reason="identity_missing")
        return Identity(
            of=of, parent=_keys(said.get("parent")), lane=as_text(said.get("lane")) or "",
            known_as=_keys(said.get("known_as")),
        )  # fmt: skip

    def rehearse(self, example: Example) -> Record | None:
        """What an example's piece of a record becomes; None for skipped.

        `when` and `keep` are asked only where the piece holds a field they look at, or `skipped` is expected.
        """
        for condition in (self._when, self._keep):
            asked = condition and (example.expect == "skipped" or condition.names & example.given.keys())
            if condition and asked and not condition.holds(example.given):
                return None
        return self._fill(example.given)


def load_mapping(path: Path) -> Mapping:
    """The only mapping in this file; a `MappingError` names the file, the field and the remedy."""
    mappings = load_mappings(path)
    if len(mappings) > 1:
        raise MappingError(
            f"{shown(path)}: there are {len(mappings)} mappings in this file; load them with load_mappings."
        )
    return mappings[0]


def load_mappings(path: Path) -> tuple[Mapping, ...]:
    """Every mapping in this file, in its order; raises `MappingError` for what cannot work."""
    return _loaded(path, read_file(path))


@lru_cache(maxsize=64)
def _loaded(path: Path, written: bytes) -> tuple[Mapping, ...]:
    """The same words are compiled once."""
    documents = read_documents(written, path)
    for document, _ in documents:
        if document.mapping != documents[0][0].mapping:
            raise MappingError(
                f"{shown(path)}: all mappings of a file have the same name, here {documents[0][0].mapping}."
            )
    return tuple(_compiled(document, path, digest, len(documents) > 1) for document, digest in documents)


def _compiled(document: MappingDocument, path: Path, digest: str, one_of_many: bool) -> Mapping:
    where = f"{shown(path)} ({document.makes})" if one_of_many else shown(path)
    title = f"{document.mapping}@{document.version}"
    branches = {name: grow(part, name, where) for name, part in document.fields.items()}
    tree = merge(document.fixed, branches, "", where)
    paths = tuple(dict.fromkeys(PLACE.sub("[]", leaf.path) for leaf in leaves(tree)))
    _check(document, tree, paths, where)
    keep = parse(document.keep, f"{where}: keep") if document.keep else None
    return Mapping(
        name=document.mapping,
        version=document.version,
        reads=document.reads,
        makes=document.makes,
        fixed=document.fixed,
        authority=_blank_only(document.only_if_blank) | document.authority,
        never_blank=document.never_blank,
        examples=document.examples,
        paths=paths,
        source_digest=digest,
        source=path,
        _tree=tree,
        _keep=_condition(document.keep, "keep", where, title),
        _when=_condition(document.when, "when", where, title),
        _identity=_identity(document.identity, where),
        _kept_if=keep,
    )


def _condition(expression: str | None, name: str, where: str, title: str) -> Condition | None:
    if expression is None:
        return None
    node = parse(expression, f"{where}: {name}")
    names = frozenset(part["value"] for part in walk(node) if part["type"] == "field")
    return Condition(of_condition(node, name, title), names)


def _identity(document: IdentityDocument | None, where: str) -> dict[str, Branch]:
    written = msgspec.structs.asdict(document) if document else {}
    return {
        name: Leaf(f"identity.{name}", parse(expression, f"{where}: identity.{name}"))
        for name, expression in written.items()
        if expression is not None
    }


def _blank_only(names: tuple[str, ...]) -> dict[str, Authority]:
    return dict.fromkeys(names, "fill_blank")


def _check(document: MappingDocument, names: Collection[str], paths: Collection[str], where: str) -> None:
    """Refuse what the parts of a mapping say against each other."""
    _check_names("only_if_blank", document.only_if_blank, names, where)
    _check_names("authority", tuple(document.authority), names, where)
    _check_names("never_blank", document.never_blank, paths, where)
    if document.keep and document.makes != "Post":
        raise MappingError(f"{where}: `keep` is for mappings that make a Post; use `when`.")


def _check_names(key: str, names: tuple[str, ...], filled: Collection[str], where: str) -> None:
    """Refuse a list of fields that names one which the mapping does not fill."""
    for name in names:
        if name not in filled:
            hint = nearest(name, filled)
            raise MappingError(f"{where}: {key} names {name}, which this mapping does not fill.{hint}")


def _keys(said: Any) -> tuple[str, ...]:
    """The keys in an identity's value: one text, or an array of them."""
    if said.__class__ is str:
        return (said,) if said else ()
    values = said if isinstance(said, list) else [said]
    return tuple(key for key in map(as_text, values) if key)
