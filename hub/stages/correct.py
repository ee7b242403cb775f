"""Correct: a person says what a post is. The post's signal changes at once, and the next model learns from it.

Slack's buttons, the command centre and the command line all come here. Work that was made of the old judgement stays
what it is: a ticket is answered or closed by whoever holds it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.classify import worth_of
from hub.classify.examples import LEARNABLE, NO, YES, YES_NO
from hub.classify.language import primary
from hub.domain import INTENTS, Post, Signal
from hub.domain.model import Model
from hub.errors import SetupError
from hub.stages.reasons import one_line
from hub.store import Correction, Transaction

BY_A_PERSON = "person@1"
LEAN = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
ALLOWED = {"sentiment": tuple(LEAN), "intent": INTENTS} | dict.fromkeys(YES_NO, (YES, NO))
LANGUAGE, NO_LANGUAGE = re.compile(r"[a-z]{2,3}"), "und"  # BCP 47: undetermined
CORRECTABLE = ("lang", *LEARNABLE)  # a language is not learned, it is learned with


class Answer(Model):
    """What a person says of one post."""

    post: str
    field: str
    label: str


@dataclass
class Corrected:
    """What came of the answers."""

    changed: int = 0
    same: int = 0
    unknown: list[str] = field(default_factory=list)  # keys of posts that we do not hold


def correct(tx: Transaction, answers: Sequence[Answer], *, who: str, source: str, why: str = "") -> Corrected:
    """Keep these answers and let the posts' signals say so. An answer that cannot be given is a SetupError."""
    for answer in answers:
        check(answer)
    said_why = one_line(why)
    tx.corrections.hold()
    keys = {answer.post for answer in answers}
    posts, signals = tx.posts.many(keys), tx.signals.of(keys)
    done = Corrected(unknown=sorted(keys - set(posts)))
    kept: list[Correction] = []
    touched: dict[str, tuple[Post, Signal]] = {}
    for answer in answers:
        if answer.post not in posts:
            continue
        now = signals.get(answer.post) or Signal(post=answer.post, found_by=BY_A_PERSON)
        old = said(now, answer.field)
        kept.append(Correction(
            post=answer.post, field=answer.field, old=old, new=answer.label, found_by=now.found_by,
            who=who, source=source, at=tx.now,
        ))  # fmt: skip
        done.changed += old != answer.label
        done.same += old == answer.label
        signals[answer.post] = corrected(now, answer)
        touched[answer.post] = (posts[answer.post], signals[answer.post])
    tx.corrections.add(kept)
    tx.signals.save(list(touched.values()))
    if kept:
        name = audited(kept[0].post) if len(touched) == 1 else f"posts:{len(touched)}"
        reason = f"{source}: {said_why}" if said_why else source
        tx.audit.append(actor=who, action="signals corrected", object=name, reason=reason)
    return done


def revise(
    tx: Transaction, post: str, *, shown: Mapping[str, str], chosen: Mapping[str, str], who: str, why: str = ""
) -> Corrected:
    """Keep what a person changed on a page that showed these labels of a post; what is so already is not kept again.

    Labels that the person left alone were not answered: somebody else may have corrected them meanwhile.
    """
    tx.corrections.hold()
    now = tx.signals.of([post]).get(post)
    answers = [
        Answer(post=post, field=field, label=label)
        for field, label in chosen.items()
        if label != shown.get(field) and (now is None or label != said(now, field))
    ]
    return correct(tx, answers, who=who, source="page", why=why)


def audited(post: str) -> str:
    """What the audit log calls a post by itself."""
    return f"post:{post}"


def check(answer: Answer) -> None:
    """Refuse what is no field or no label of it."""
    if answer.field not in CORRECTABLE:
        raise SetupError(f"{answer.field!r} cannot be corrected; name one of {', '.join(CORRECTABLE)}.")
    if answer.field == "lang":
        if answer.label != NO_LANGUAGE and not (LANGUAGE.fullmatch(answer.label) and primary(answer.label)):
            raise SetupError(f"{answer.label!r} is no language; give its code, such as en, or {NO_LANGUAGE} for none.")
    elif answer.label not in ALLOWED[answer.field]:
        labels = ", ".join(ALLOWED[answer.field])
        raise SetupError(f"{answer.label!r} is no {answer.field}; give one of {labels}.")


def said(signal: Signal, field: str) -> str:
    """What a signal says to one question."""
    if field == "lang":
        return signal.lang or NO_LANGUAGE
    if field == "sentiment":
        return signal.sentiment
    if field == "intent":
        return signal.intent
    if field == "relevant":
        return YES if signal.relevant else NO
    return YES if signal.scores.get(field, 0.0) >= 0.5 else NO


def corrected(signal: Signal, answer: Answer) -> Signal:
    """The signal as the person would have it; that a person said so stands in its evidence."""
    changes: dict[str, Any] = {"found_by": BY_A_PERSON, **_changes(signal, answer)}
    evidence = dict.fromkeys((*signal.evidence, f"corrected.{answer.field}"))
    after = signal.with_(**changes, evidence=tuple(evidence))
    return after.with_(worth=worth_of(after.scores, relevant=after.relevant))


def _changes(signal: Signal, answer: Answer) -> dict[str, Any]:
    if answer.field == "lang":
        return {"lang": primary(answer.label)}
    if answer.field == "sentiment":
        return {"sentiment": answer.label, "sentiment_score": LEAN[answer.label]}
    if answer.field == "relevant":
        return {"relevant": answer.label == YES}
    scores = dict(signal.scores)
    if answer.field == "intent":
        scores.pop(signal.intent, None)
        return {"intent": answer.label, "confidence": 1.0, "scores": _with(scores, answer.label)}
    if answer.label == YES:
        first = signal.intent == "none"
        chosen = {"intent": answer.field, "confidence": 1.0} if first else {}
        return {"scores": _with(scores, answer.field), **chosen}
    scores.pop(answer.field, None)
    return {"scores": scores} | ({"intent": "none", "confidence": 1.0} if signal.intent == answer.field else {})


def _with(scores: dict[str, float], intent: str) -> dict[str, float]:
    return scores if intent == "none" else scores | {intent: 1.0}


def answers_in(rows: Iterable[dict[str, Any]]) -> list[Answer]:
    """The answers of a file: a row names `post` and either `field` and `label`, or a column for each field."""
    answers: list[Answer] = []
    for number, row in enumerate(rows, start=1):
        post = row.get("post") or row.get("id")
        if not isinstance(post, str):
            raise SetupError(f"Row {number} names no post; every row needs `post`, the post's key.")
        if row.get("field"):
            answers.append(Answer(post=post, field=str(row["field"]), label=str(row.get("label") or "")))
        answers += [
            Answer(post=post, field=name, label=str(row[name]).strip())
            for name in LEARNABLE
            if row.get(name) not in (None, "")
        ]
    return answers
