"""What was said in one cell: the sums behind every figure about posts, read once for all cells of a question."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from hub.domain.config import Config
from hub.measure.counted import Cell, Question
from hub.store.behind import Wanted
from hub.store.talk import Named, Spoken
from hub.store.tally import Sums

OURS = ("brand", "product", "employee")
THEMES = ("intent", "topic")
Numbers = tuple[int, ...]


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
        for row in _rows(cell, (), only_counts=False):
            found[row.network].append(row.numbers)
        return {network: Sums.of(some) for network, some in found.items()}

    return cell.question.once(("by network", cell.step, cell.part), add)


def by_subject(cell: Cell) -> dict[str, int]:
    """How many posts named each subject, whatever the question is narrowed to; who names two counts for both."""
    asked, network = cell.question, cell.only("network")
    by_network = asked.by == "network"

    def read() -> dict[int, list[Named]]:
        found: dict[int, list[Named]] = defaultdict(list)
        for row in asked.view.talk.named(asked.edges, network=asked.scope.network, by_network=by_network):
            found[row.step].append(row)
        return found

    def add() -> dict[str, int]:
        found: dict[str, int] = defaultdict(int)
        rows = asked.for_all(("named", asked.edges, asked.scope.network, by_network), read)
        for row in rows.get(cell.step, ()):
            if network in (None, row.network):
                for subject in row.subjects:
                    found[subject] += row.posts
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
        {row.theme for rows in _parts(asked, fine=False, only_counts=True).values() for row in rows if row.theme}
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


def _rows(cell: Cell, kinds: tuple[str, ...], *, only_counts: bool) -> list[Spoken]:
    """The rows of one cell, read as coarsely as they may be: most pages ask for no more than networks."""
    asked, network, subjects = cell.question, cell.only("network"), _subjects(cell, kinds)
    fine = subjects is not None and subjects != frozenset({asked.scope.subject})
    of_parts = cell.part is not None and asked.by in (*THEMES, "audience")
    read = _parts if of_parts else _whole
    rows = read(asked, fine=fine, only_counts=only_counts).get(cell.step, ())
    return [
        row
        for row in rows
        if network in (None, row.network)
        and (not fine or (subjects and row.subjects and row.subjects & subjects))
        and (not of_parts or cell.part == (row.audience if asked.by == "audience" else row.theme))
    ]


def _subjects(cell: Cell, kinds: tuple[str, ...]) -> frozenset[str] | None:
    """Whichever of these a post must name; None: whatever of ours."""
    subject, kind = cell.only("subject"), cell.only("kind")
    asked = [of_kinds(cell.question.config, some) for some in (kinds, (kind,) if kind else ()) if some]
    if subject is not None:
        asked.append(frozenset({subject}))
    return frozenset.intersection(*asked) if asked else None


def _whole(asked: Question, *, fine: bool, only_counts: bool) -> dict[int, list[Spoken]]:
    return _said(asked, fine=fine, only_counts=only_counts, by_audience=False)


def _parts(asked: Question, *, fine: bool, only_counts: bool) -> dict[int, list[Spoken]]:
    """Row by row what the question is split by: an audience, an intent or a topic."""
    if asked.by == "audience":
        return _said(asked, fine=fine, only_counts=only_counts, by_audience=True)
    by, scope, talk = str(asked.by), asked.scope, asked.view.talk
    return asked.for_all(
        ("parts", by, asked.edges, scope.network, scope.subject, fine),
        lambda: _by_step(
            talk.themed(by, asked.edges, network=scope.network, subject=scope.subject, by_subjects=fine)
        ),
    )  # fmt: skip


def _said(asked: Question, *, fine: bool, only_counts: bool, by_audience: bool) -> dict[int, list[Spoken]]:
    """Read once for all; what was read with all sums serves whoever needs only counts, too."""
    talk, scope = asked.view.talk, asked.scope
    key = ("said", asked.edges, scope.network, scope.subject, fine, by_audience)
    finely = len(asked.edges) > 2 or fine or by_audience  # of one step all is read at once: some figure will want it
    only_counts = only_counts and finely and not asked.has((*key, False))

    def read() -> dict[int, list[Spoken]]:
        return _by_step(
            talk.said(
                asked.edges, network=scope.network, subject=scope.subject, by_subjects=fine, by_audience=by_audience,
                only_counts=only_counts,
            )
        )  # fmt: skip

    return asked.for_all((*key, only_counts), read)


def _by_step(rows: Iterable[Spoken]) -> dict[int, list[Spoken]]:
    found: dict[int, list[Spoken]] = defaultdict(list)
    for row in rows:
        found[row.step].append(row)
    return found
