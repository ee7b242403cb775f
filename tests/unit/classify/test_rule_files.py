"""The files of rules: each is readable, each rule can fire, and no rule knows a name."""

import tomllib
from pathlib import Path

import pytest

from hub.classify import rules as module
from hub.classify.rules import BIT, FILES, LANGUAGES, LEXICONS, facts_named, load_rules, scores_of
from hub.classify.text import Reading
from hub.errors import SetupError

RULES = load_rules().rules


def test_every_intent_has_rules() -> None:
    assert {rule.intent for rule in RULES} == set(FILES)


def test_a_rule_is_named_once() -> None:
    names = [rule.evidence for rule in RULES]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("intent", FILES)
def test_every_worded_rule_speaks_english_or_any_language(intent: str) -> None:
    entries = tomllib.loads((LEXICONS / f"{intent}.toml").read_text("utf-8"))["rule"]

    for entry in entries:
        assert {"en", "any", "tags"} & set(entry) or "when" in entry, entry["name"]


@pytest.mark.parametrize("intent", [intent for intent in FILES if intent != "offensive"])
def test_the_intents_that_matter_are_found_in_every_language(intent: str) -> None:
    entries = tomllib.loads((LEXICONS / f"{intent}.toml").read_text("utf-8"))["rule"]

    for language in LANGUAGES:
        assert any(language in entry for entry in entries), language


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_compiles(language: str) -> None:
    load_rules().book(language).find(Reading("hello"), " hello ")


@pytest.mark.parametrize(
    "text", ["Bridge closed. #riverflood", "#PrayForTheValley", "roads shut #UpperValleyFloods2031"]
)
def test_a_tag_made_for_an_event_says_what_happened(text: str) -> None:
    reading = Reading(text)

    assert "crisis.event_tag" in load_rules().fired(reading, reading.line, "en", 0).evidence


def test_a_word_outside_a_tag_is_no_tag() -> None:
    reading = Reading("the riverfloods blog #holiday")

    assert "crisis.event_tag" not in load_rules().fired(reading, reading.line, "en", 0).evidence


def test_rules_know_no_brand() -> None:
    words = " ".join(path.read_text("utf-8").lower() for path in LEXICONS.glob("*.toml"))

    for name in ("acme", "brewster", "kaffa"):
        assert name not in words


def test_rules_of_one_intent_support_each_other_and_stay_below_one() -> None:
    rules = [rule for rule in RULES if rule.intent == "purchase" and rule.weight > 0]

    one, two = scores_of(rules[:1])["purchase"], scores_of(rules[:2])["purchase"]

    assert one == rules[0].weight
    assert one < two < 1


def test_a_negative_rule_takes_away() -> None:
    rules = {rule.name: rule for rule in RULES if rule.intent == "complaint"}

    assert scores_of([rules["broken"], rules["no_trouble"]])["complaint"] < scores_of([rules["broken"]])["complaint"]


def test_an_unknown_fact_names_the_rule_and_the_facts_there_are() -> None:
    with pytest.raises(SetupError, match=r"rule x asks for the fact 'sunny'; there are negative"):
        facts_named(["sunny"], where="rule x")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('weight = 3\nen = ["a dog"]', "the weight 3"),
        ('weight = 0.5\nenglish = ["a dog"]', "unknown key 'english'"),
        ('weight = 0.5\nwhen = ["sunny"]', "fact 'sunny'"),
    ],
)
def test_a_broken_rule_file_is_a_setup_error_naming_the_rule(
    line: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for intent in FILES:
        (tmp_path / f"{intent}.toml").write_text(f'[[rule]]\nname = "odd"\n{line}\n', "utf-8")
    monkeypatch.setattr(module, "LEXICONS", tmp_path)

    with pytest.raises(SetupError, match=complaint):
        load_rules.__wrapped__()


def test_facts_are_single_bits() -> None:
    assert len({bit for bit in BIT.values() if bit & (bit - 1) == 0}) == len(BIT)
