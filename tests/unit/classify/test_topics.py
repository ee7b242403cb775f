"""Topics: what posts are about, shipped and the organisation's own."""

import pytest

from hub.classify import Item, default_engine
from hub.classify.rules import TOPICS
from hub.classify.rules_engine import RulesEngine
from hub.domain import INTENTS
from hub.domain.config import Topic


def topics(text: str, *own: Topic) -> tuple[str, ...]:
    return RulesEngine(topics=own).classify([Item(key="k", text=text)])[0].topics


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Delivery took three weeks and the price went up", ("price", "delivery")),
        ("Die Lieferung kam, die Rechnung auch", ("delivery", "billing")),
        ("El reembolso nunca llegó", ("billing",)),
        ("La livraison est en retard", ("delivery",)),
        ("Sunday in the garden", ()),
    ],
)
def test_a_post_is_about_what_its_words_say(text: str, found: tuple[str, ...]) -> None:
    assert topics(text) == found


def test_an_organisation_adds_topics_and_makes_shipped_ones_its_own() -> None:
    crema = Topic(name="crema", phrases=("{crema,foam}", "thin espresso"))
    price = Topic(name="price", phrases=("beans per kilo",))

    assert topics("no crema at this price", crema) == ("price", "crema")
    assert topics("no crema at this price", crema, price) == ("crema",)
    assert topics("beans per kilo?", price) == ("price",)


def test_topics_are_no_intents_and_no_evidence() -> None:
    (signal,) = default_engine().classify([Item(key="k", text="The delivery came. The price is fine.")])

    assert set(signal.scores) <= set(INTENTS)
    assert not any(name.startswith(TOPICS) for name in signal.evidence)
