"""Outcomes: a lead score learned from leads of which somebody knows what became of them.

Rows are plain facts, numbers or words, as a CRM exports them. Words become yes/no columns where they come often
enough to mean something, numbers go in by rank, since exports are full of outliers. Nothing of it is kept.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hub.errors import SetupError
from hub.people.logistic import fitted

OFTEN = 15  # rows that must share a word
NUMBER_FROM = 0.9  # share of a column's filled fields that must be numbers
BINS = 10
STRENGTH = 0.5  # many columns of which few say anything

Row = Mapping[str, Any]


class OutcomeModel:
    """Fitted on rows with outcomes; gives each further row the chance of a good one."""

    def __init__(self, rows: Sequence[Row], outcomes: Sequence[int]) -> None:
        """SetupError where there is nothing to learn."""
        if len(set(outcomes)) < 2:
            raise SetupError("All outcomes are the same, so nothing can be learned from them; add leads of both kinds.")
        self._edges: dict[str, list[float]] = {}
        self._words: dict[str, list[str]] = {}
        for name in sorted({name for row in rows for name in row}):
            self._learn_column(name, [row.get(name) for row in rows])
        self._model = fitted(self._table(rows), np.asarray(outcomes), strength=STRENGTH)

    def chances(self, rows: Sequence[Row]) -> list[float]:
        """The chance of a good outcome, 0 to 1, of each row."""
        if not rows:
            return []
        found = self._model.predict_proba(self._table(rows))[:, 1]
        return [round(float(chance), 4) for chance in found]

    def _learn_column(self, name: str, values: Sequence[Any]) -> None:
        filled = [value for value in values if value not in (None, "")]
        numbers = [number for value in filled if (number := _number(value)) is not None]
        if filled and len(numbers) >= NUMBER_FROM * len(filled) and len(set(numbers)) > 2:
            self._edges[name] = sorted(set(np.quantile(numbers, np.linspace(0, 1, BINS + 1)[1:-1]).tolist()))
        else:
            counted = Counter(str(value) for value in filled)
            self._words[name] = sorted(word for word, count in counted.items() if count >= OFTEN)

    def _table(self, rows: Sequence[Row]) -> np.ndarray:
        return np.array([self._line(row) for row in rows], dtype=np.float64)

    def _line(self, row: Row) -> list[float]:
        line: list[float] = []
        for name, edges in self._edges.items():
            number = _number(row.get(name))
            line.append(0.0 if number is None else 1.0)
            line += [0.0 if number is None else float(number > edge) for edge in edges]
        for name, words in self._words.items():
            said = str(row.get(name))
            line += [float(said == word) for word in words]
        return line


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None
