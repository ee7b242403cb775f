"""What was said in one cell: the sums behind every figure about posts, read once for all cells of a question."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Literal

from hub.domain.config import Config
from hub.measure.counted import Cell, Question
from hub.store.behind import Wanted
from hub.store.spoken import Spoken
from hub.store.tally import Sums

OURS = ("brand", "product", "employee")
THEMES = ("intent", "topic")
Numbers = tuple[int, ...]
Depth = Literal["whatever", "subject", "subjects"]
"""How finely rows are read: of whatever posts name, of each subject, or of all sets of subjects that posts name."""


def sums_of(cell: Cell, *kinds: str) -> Sums:
    """All that was said there; of subjects of these kinds, if any are named."""
    return _sums(cell, kinds, only_counts=False)


def counts_of(cell: Cell, *kinds: str) -> Sums:
    """The same, without how it was reacted to: read in a third of the time."""
    return _sums(cell, kinds, only_counts=True)


def _sums(cell: Cell, kinds: tuple[str, ...], *, only_counts: bool) -> Sums:
    key = ("sums", cell.step, cell.part, kinds, only_counts)
    return cell.question.once(key, lambda: Sums.of(_each(cell, kinds, only_counts)))


def by_network(cell: Cell) -> dict[str, Sums]:
    """The same, network by network."""

    def add() -> dict[str, Sums]:
        found: dict[str, list[Numbers]] = defaultdict(list)
        for row in _rows(cell, (), only_counts=False, by_network=True):
            found[row.network or ""].append(row.numbers)
        return {network: Sums.of(some) for network, some in found.items()}

    return cell.question.once(("by network", cell.step, cell.part), add)


def by_subject(cell: Cell) -> dict[str, int]:
    """How many posts named each subject, whatever the question is narrowed to; who names two counts for both."""
    asked, network = cell.question, cell.only("network")

    def add() -> dict[str, int]:
        found: dict[str, int] = defaultdict(int)
        rows = _said(asked, "subject", subject=None, only_counts=True, by_network=asked.by == "network")
        for row in rows.get(cell.step, ()):
            if network is None or row.network in (None, network):
                for subject in row.subjects or ():
                    found[subject] += row.numbers[0]
        return found

    return asked.once(("by subject", cell.step, network), add)


def wanted(cell: Cell, *kinds: str) -> Wanted:
    """The posts that `sums_of` counts."""
    return Wanted(
        network=cell.only("network"), subjects=_subjects(cell, kinds), intent=cell.only("intent"),
        sentiments=tuple(filter(None, [cell.only("sentiment")])), topic=cell.only("topic"),
        audience=cell.only("audience"),
    )  # fmt: skip


def of_kinds(config: Config, kinds: Iterable[str]) -> frozenset[str]:
    """The subjects of these kinds."""
    return frozenset(subject.name for subject in config.subjects if subject.kind in kinds)


def themes(asked: Question) -> list[str]:
    """The intents, or the topics, that were met at all."""
    return sorted(
        {row.theme for rows in _parts(asked, "whatever", only_counts=True).values() for row in rows if row.theme}
    )


def _each(cell: Cell, kinds: tuple[str, ...], only_counts: bool) -> Iterable[Numbers]:
    sentiment = cell.only("sentiment")
    found = (row.numbers for row in _rows(cell, kinds, only_counts=only_counts))
    return found if sentiment is None else map(_FEELING[sentiment], found)


_FEELING: dict[str, Callable[[Numbers], Numbers]] = {
    "positive": lambda numbers: (numbers[2], 0, numbers[2], 0),
    "negative": lambda numbers: (numbers[3], 0, 0, numbers[3]),
    "neutral": lambda numbers: (numbers[0] - numbers[2] - numbers[3], 0, 0, 0),
}


def _rows(cell: Cell, kinds: tuple[str, ...], *, only_counts: bool, by_network: bool = False) -> list[Spoken]:
    """The rows of one cell, read as coarsely as they may be."""
    asked, network, subjects = cell.question, cell.only("network"), _subjects(cell, kinds)
    depth = _depth(asked, subjects)
    of_parts = cell.part is not None and asked.by in (*THEMES, "audience")
    read = _parts if of_parts else _whole
    rows = read(asked, depth, only_counts=only_counts, by_network=by_network).get(cell.step, ())
    return [
        row
        for row in rows
        if (network is None or row.network in (None, network))
        and (depth == "whatever" or (subjects and row.subjects and row.subjects & subjects))
        and (not of_parts or cell.part == (row.audience if asked.by == "audience" else row.theme))
    ]


def _depth(asked: Question, subjects: frozenset[str] | None) -> Depth:
    """Who names two of several subjects must not count twice; of one, no sets need to be read."""
    if subjects is None or subjects == frozenset({asked.scope.subject}):
        return "whatever"
    return "subjects" if len(subjects) > 1 or asked.by == "kind" else "subject"  # all kinds are read at once


def _subjects(cell: Cell, kinds: tuple[str, ...]) -> frozenset[str] | None:
    """Whichever of these a post must name; None: whatever of ours."""
    subject, kind = cell.only("subject"), cell.only("kind")
    asked = [of_kinds(cell.question.config, some) for some in (kinds, (kind,) if kind else ()) if some]
    if subject is not None:
        asked.append(frozenset({subject}))
    return frozenset.intersection(*asked) if asked else None


def _whole(asked: Question, depth: Depth, *, only_counts: bool, by_network: bool = False) -> dict[int, list[Spoken]]:
    return _said(
        asked, depth, subject=asked.scope.subject, only_counts=only_counts,
        by_network=by_network or asked.by == "network",
    )  # fmt: skip


def _parts(asked: Question, depth: Depth, *, only_counts: bool, by_network: bool = False) -> dict[int, list[Spoken]]:
    """Row by row what the question is split by: an audience, an intent or a topic."""
    scope, talk = asked.scope, asked.view.talk
    if asked.by == "audience":
        return _said(
            asked, depth, subject=scope.subject, only_counts=only_counts, by_network=by_network, by_audience=True
        )  # fmt: skip
    by = str(asked.by)
    return asked.for_all(
        ("parts", by, asked.edges, scope.network, scope.subject, depth),
        lambda: _by_step(
            talk.themed(by, asked.edges, network=scope.network, subject=scope.subject, by_network=False, **_deep(depth))
        ),
    )  # fmt: skip


def _said(
    asked: Question, depth: Depth, *, subject: str | None, only_counts: bool, by_network: bool,
    by_audience: bool = False,
) -> dict[int, list[Spoken]]:  # fmt: skip
    """Read once for all; what was read with all sums serves whoever needs only counts, too."""
    talk, network, series = asked.view.talk, asked.scope.network, len(asked.edges) > 2
    by_network = by_network or not series  # of one step all is read at once: some figure will want it
    key = ("said", asked.edges, network, subject, depth, by_audience, by_network)
    only_counts = only_counts and (series or depth == "subjects" or by_audience) and not asked.has((*key, False))

    def read() -> dict[int, list[Spoken]]:
        return _by_step(
            talk.said(
                asked.edges, network=network, subject=subject, by_audience=by_audience, by_network=by_network,
                only_counts=only_counts, **_deep(depth),
            )
        )  # fmt: skip

    return asked.for_all((*key, only_counts), read)


def _deep(depth: Depth) -> dict[str, bool]:
    return {"by_subjects": depth == "subjects", "by_subject": depth == "subject"}


def _by_step(rows: Iterable[Spoken]) -> dict[int, list[Spoken]]:
    found: dict[int, list[Spoken]] = defaultdict(list)
    for row in rows:
        found[row.step].append(row)
    return found
