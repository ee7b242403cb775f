"""Learn: a model from labelled files and from what people corrected; beside the one that runs; then in its place.

Training makes a candidate and changes nothing. Whoever has read its report lets it run, and can take it back.
"""

from collections.abc import Sequence
from typing import NamedTuple

from hub.classify import Engine
from hub.classify.examples import LEARNABLE, Example
from hub.classify.report import Report, report
from hub.classify.training import Sees, train
from hub.errors import SetupError
from hub.stages.correct import ALLOWED
from hub.store import Store, View

ENOUGH = 50  # examples of a field; with fewer a model guesses


class Candidate(NamedTuple):
    """A model that was trained and does not run yet."""

    version: str
    report: Report
    bytes: int


def examples_of(view: View) -> list[Example]:
    """What people corrected, as far as we still hold the posts."""
    standing = view.corrections.standing()
    posts = view.posts.many(standing)
    parents = view.posts.many({post.in_reply_to for post in posts.values() if post.in_reply_to})
    signals = view.signals.of(posts)
    return [
        Example(
            text=post.text, labels=_learned(standing[key]), post=key, network=post.network, title=post.title,
            lang=(signals[key].lang if key in signals else post.lang) or "",
            parent=parents[post.in_reply_to].text if post.in_reply_to in parents else None,
        )
        for key, post in sorted(posts.items())
    ]  # fmt: skip


def _learned(answers: dict[str, str]) -> dict[str, str]:
    """The answers that are learned; a corrected language is what the words are read in."""
    return {field: label for field, label in answers.items() if field in LEARNABLE}


def candidate(
    store: Store,
    given: Sequence[Example],
    *,
    base: Engine,
    running: Engine,
    who: str,
    corrections: bool = True,
    sees: Sees = Sees.WORDS,
) -> Candidate:
    """Train on these examples and on what people corrected, and keep the model as a candidate with its report."""
    with store.read() as view:
        examples = [*given, *(examples_of(view) if corrections else ())]
    trained = train(_usable(examples), base=base, now=store.now(), sees=sees)
    version = trained.model.about.version
    told = report(version, trained.answered, running)
    file = trained.model.save()
    with store.begin() as tx:
        tx.models.keep(version, file, told.plain())
        tx.audit.append(actor=who, action="model trained", object=f"model:{version}")
    return Candidate(version, told, len(file))


def _usable(examples: Sequence[Example]) -> list[Example]:
    """Examples of fields that have enough of them, all of whose labels exist."""
    counted: dict[str, int] = {}
    for example in examples:
        for field, label in example.labels.items():
            if field in ALLOWED and label not in ALLOWED[field]:
                raise SetupError(f"{label!r} is no {field}; use one of {', '.join(ALLOWED[field])}, or another column.")
            counted[field] = counted.get(field, 0) + 1
    fields = [field for field in LEARNABLE if counted.get(field, 0) >= ENOUGH]
    if not fields:
        have = ", ".join(f"{times} of {field}" for field, times in counted.items()) or "none"
        raise SetupError(
            f"A model needs {ENOUGH} labelled posts of one field; there are {have}. "
            f"Label {', '.join(LEARNABLE[:2])} or an intent, or correct posts with `hub correct`."
        )
    usable = [
        example.with_(labels={one: example.labels[one] for one in fields if one in example.labels})
        for example in examples
    ]
    return [example for example in usable if example.labels]
