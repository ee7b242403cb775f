"""Lines: one answer for each, in order, with its own id; each brand judged as its own hub would."""

import json

from hub.classify import load_engine
from hub.classify.lines import Lines

LINES = Lines(lambda subjects: load_engine("rules", subjects))


def answers(*rows: object) -> list[dict]:
    return LINES.answers([row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows])


def test_answers_come_in_order_whatever_brand_a_line_names() -> None:
    rows = [{"id": number, "text": "hi", "brand": ["Acme", "Kaffa", ""][number % 3]} for number in range(9)]

    assert [answer["id"] for answer in answers(*rows)] == list(range(9))


def test_a_named_brand_is_the_subject_of_its_line_alone() -> None:
    mine, other, nobody = answers(
        {"id": 1, "text": "my grinder, hm", "brand": "Acme"},
        {"id": 2, "text": "@virginriver help me please", "brand": "Virgin River"},
        {"id": 3, "text": "my grinder, hm"},
    )

    assert (mine["subjects"], mine["scores"]["relevant"]) == ((), 0.0)
    assert (other["subjects"], other["scores"]["relevant"]) == (("Virgin River",), 1.0)
    assert nobody["scores"]["relevant"] == 1.0


def test_what_is_no_post_is_answered_and_stops_nothing() -> None:
    broken, textless, fine = answers(b"{", {"id": 2, "text": 7}, {"id": 3, "text": "Where can I buy it?"})

    assert broken["error"] == textless["error"] == "not_a_post"
    assert textless["id"] == 2
    assert fine["intent"] == "purchase"


def test_nothing_is_asked_of_an_id() -> None:
    assert [answer["id"] for answer in answers({"id": [1], "text": ""}, {"text": ""})] == [[1], None]


def test_an_answer_says_who_found_what_by_which_evidence() -> None:
    (answer,) = answers({"id": 1, "text": "My order is broken, terrible service", "lang": "", "network": "x"})

    assert answer["found_by"] == load_engine("rules").found_by
    assert answer["lang"] == "en"
    assert answer["scores"]["complaint"] == answer["confidence"]
    assert any(name.startswith("complaint.") for name in answer["evidence"])
