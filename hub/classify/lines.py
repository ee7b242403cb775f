"""Posts as JSON lines: what stands in a line becomes an item, what is found in it becomes a line again.

A line may name a `brand`. Then that is the subject, in place of the configured ones: some posts of a stream may be
about one firm and some about another, and each is judged as if it were that firm's hub.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from hub.classify.engine import Engine, Item
from hub.domain import Signal
from hub.domain.config import Subject

Maker = Callable[[Sequence[Subject]], Engine]
FORM = "one JSON object in one line, with its words in `text`"
BRANDS_AT_MOST = 1_000  # engines that are kept ready
ABOUT = ("lang", "network", "title", "parent", "followers", "addressed")
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Lines:
    """Answers lines with an engine, one for each brand that is named."""

    def __init__(self, maker: Maker, subjects: Sequence[Subject] = ()) -> None:
        self._maker = maker
        self._engines: dict[str, Engine] = {"": maker(subjects)}

    def answers(self, lines: Sequence[bytes]) -> list[dict[str, Any]]:
        """One answer for each line, in order; what is no post is answered with `error`."""
        answers: list[dict[str, Any]] = [{} for _ in lines]
        waiting: dict[str, list[tuple[int, Any, Item]]] = {}
        for place, line in enumerate(lines):
            row: dict[str, Any] = {}
            try:
                row = _decode(line)
                item = _item(row)
            except msgspec.MsgspecError as problem:
                answers[place] = {"id": row.get("id"), "error": "not_a_post", "detail": f"A post is {FORM}: {problem}."}
                continue
            brand = row.get("brand")
            waiting.setdefault(brand if isinstance(brand, str) else "", []).append((place, row.get("id"), item))
        for brand, posts in waiting.items():
            signals = self._engine(brand).classify([item for _, _, item in posts])
            for (place, id_, _), signal in zip(posts, signals, strict=True):
                answers[place] = _answer(id_, signal)
        return answers

    def _engine(self, brand: str) -> Engine:
        engine = self._engines.get(brand)
        if engine is None:
            subject = Subject(name=brand)
            if len(self._engines) > BRANDS_AT_MOST:
                self._engines = {"": self._engines[""]}
            engine = self._engines[brand] = self._maker([subject])
        return engine


def _item(row: dict[str, Any]) -> Item:
    given = {name: row[name] for name in ("text", *ABOUT) if row.get(name) is not None}
    return msgspec.convert({"key": "", **given}, Item)


def _answer(id_: Any, signal: Signal) -> dict[str, Any]:
    return {
        "id": id_,
        "sentiment": signal.sentiment,
        "sentiment_score": signal.sentiment_score,
        "intent": signal.intent,
        "confidence": signal.confidence,
        "scores": signal.scores | {"relevant": float(signal.relevant)},
        "worth": signal.worth,
        "urgency": signal.urgency,
        "lang": signal.lang or "",
        "subjects": signal.subjects,
        "topics": signal.topics,
        "evidence": signal.evidence,
        "found_by": signal.found_by,
    }
