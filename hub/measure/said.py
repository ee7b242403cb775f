"""What was said in one cell: the sums behind every figure about posts, read once for all cells of a question."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from hub.domain.config import Config
from hub.measure.counted import Cell, Question
from hub.store.behind import Wanted
from hub.store.talk import Spoken, Themed
from hub.store.tally import Sums

OURS = ("brand", "product", "employee")
THEMES = ("intent", "topic")
Row = Spoken | Themed


def sums_of(cell: Cell, *kinds: str) -> Sums:
    """All that was said there; of subjects of these kinds, if any are named."""
    return cell.question.once(("sums", cell.step, cell.part, kinds), lambda: Sums.of(_each(cell, kinds)))


def by_network(cell: Cell) -> dict[str, Sums]:
    """The same, network by network."""

    def add() -> dict[str, Sums]:
        found: dict[str, list[Sums]] = defaultdict(list)
        for row in _rows(cell, ()):
            found[row.network].append(row.sums)
        return {network: Sums.of(some) for network, some in found.items()}

    return cell.question.once(("by network", cell.step, cell.part), add)


def by_subject(cell: Cell) -> dict[str, int]:
    """How many posts named each subject; a post that names two counts for both."""

    def add() -> dict[str, int]:
        found: dict[str, int] = defaultdict(int)
        for row in _of_network(cell):
            for subject in row.subjects:
                found[subject] += row.sums.posts
        return found

    return cell.question.once(("by subject", cell.step, cell.only("network")), add)


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
    return sorted({row.theme for rows in _themed(asked).values() for row in rows if isinstance(row, Themed)})


def _each(cell: Cell, kinds: tuple[str, ...]) -> Iterable[Sums]:
    sentiment = cell.only("sentiment")
    found = (row.sums for row in _rows(cell, kinds))
    return found if sentiment is None else map(_FEELING[sentiment], found)


_FEELING: dict[str, Callable[[Sums], Sums]] = {
    "positive": lambda sums: Sums(posts=sums.positive, positive=sums.positive),
    "negative": lambda sums: Sums(posts=sums.negative, negative=sums.negative),
    "neutral": lambda sums: Sums(posts=sums.posts - sums.positive - sums.negative),
}


def _rows(cell: Cell, kinds: tuple[str, ...]) -> list[Row]:
    subjects, audience = _subjects(cell, kinds), cell.only("audience")
    theme = cell.part if cell.question.by in THEMES else None
    return [
        row
        for row in _of_network(cell)
        if (subjects is None or row.subjects & subjects)
        and (audience is None or (isinstance(row, Spoken) and row.audience == audience))
        and (theme is None or (isinstance(row, Themed) and row.theme == theme))
    ]


def _of_network(cell: Cell) -> list[Row]:
    network = cell.only("network")
    rows = _themed(cell.question) if cell.question.by in THEMES and cell.part is not None else _spoken(cell.question)
    return [row for row in rows.get(cell.step, ()) if network in (None, row.network)]


def _subjects(cell: Cell, kinds: tuple[str, ...]) -> frozenset[str] | None:
    """Whichever of these a post must name; None: whatever of ours."""
    subject, kind = cell.only("subject"), cell.only("kind")
    asked = [of_kinds(cell.question.config, some) for some in (kinds, (kind,) if kind else ()) if some]
    if subject is not None:
        asked.append(frozenset({subject}))
    return frozenset.intersection(*asked) if asked else None


def _spoken(asked: Question) -> dict[int, list[Row]]:
    return asked.once(
        "spoken",
        lambda: _by_step(
            asked.view.talk.said(asked.edges, network=asked.scope.network, by_audience=asked.by == "audience")
        ),
    )


def _themed(asked: Question) -> dict[int, list[Row]]:
    return asked.once(
        "themed",
        lambda: _by_step(asked.view.talk.themed(str(asked.by), asked.edges, network=asked.scope.network)),
    )


def _by_step(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.step].append(row)
    return found
