"""Planted events, each over several networks, topics and hours, with crashes and lost answers: one incident each.

Counted in the played workspace: one message for each event, edited until it says how many posts there were; a reply for
what came later; one word that it is over. Whatever was lost on the way is there once.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hub.classify import default_engine
from hub.domain.config import Subject, Triage
from hub.stages import incidents
from hub.store import Landing
from hub.store.faults import VARIABLE, Ended
from tests.faults.ground import Ground
from tests.unit.stages.world import HASHTAG, Town, X, acme, make_book, outlet

PRODUCTS = ("Brew One", "Brew Pro", "Acme Home", "Acme Grinder")
WORDS = (
    "WARNING: my {} caught fire, dangerous! recall?", "the {} exploded and burned my hand, this is dangerous",
    "{} is a fire hazard, it caught fire twice, recall it now", "URGENT recall: {} caught fire, smoke everywhere",
)  # fmt: skip
CALM = ("Lovely {} today", "Where can I buy the {}?", "The {} app is slow")
ROUNDS = 5
POINTS = ("triage.decided", "triage.committed", "deliver.claimed", "deliver.sent", "deliver.settled", "")
FAULTS = (("chat.postMessage", "drop_after"), ("chat.update", "drop_after"), ("chat.postMessage", "drop_before"), None)


class Story:
    """One seed's events, told piece by piece to a hub that is not left in peace."""

    def __init__(self, ground: Ground, folder: Path, monkeypatch: Any, seed: int) -> None:
        self.ground, self.chance, self._patch = ground, Random(seed), monkeypatch
        self.town = Town(ground.store, Landing(folder / f"landing-{seed}"), ground.clock)  # type: ignore[arg-type]
        subjects = tuple(Subject(name=name, kind="product") for name in PRODUCTS)
        triage = Triage(incident_edit_minutes=0, first_run_hours=24)
        self.book = make_book(
            config=acme().with_(subjects=subjects, triage=triage), engine=default_engine(subjects),
            outlets=[outlet("slack")],
        )  # fmt: skip
        self.planted: Counter[str] = Counter()
        self.number = 0

    def tell(self) -> None:
        """What people say in half an hour, on two networks, and a run that may be cut off."""
        texts = []
        for product in PRODUCTS:
            worried = self.chance.randint(1, 3)
            self.planted[product] += worried
            texts += [self.chance.choice(WORDS).format(product) for _ in range(worried)]
            texts.append(self.chance.choice(CALM).format(product))
        self.chance.shuffle(texts)
        half = len(texts) // 2
        self.town.land(*(self.said(text) for text in texts[:half]), watch=X)
        self.town.land(*(self.tooted(text) for text in texts[half:]), watch=HASHTAG)
        fault, point = self.chance.choice(FAULTS), self.chance.choice(POINTS)
        if fault:
            self.ground.played.fault("slack", fault[1], path_glob=f"/api/{fault[0]}")
        if point:
            self._patch.setenv(VARIABLE, f"{point}:end:{self.chance.randint(1, 2)}")
        try:
            self.run()
        except Ended:
            self.ground.deaths += 1
        finally:
            self._patch.delenv(VARIABLE, raising=False)
        self.ground.clock.forward(1800)
        self.run()

    def run(self) -> None:
        """As the DAGs do: triage, what is told of incidents, delivery."""
        self.town.triage(self.book, worker=f"w{self.ground.deaths}")
        self.tend()
        self.ground.run("slack")

    def tend(self) -> None:
        incidents.tend(self.book.config, lambda: self.book.outlets, store=self.ground.store)

    def said(self, text: str) -> dict[str, Any]:
        self.number += 1
        return {
            "id": str(self.number), "text": text, "conversation_id": str(self.number), "created_at": self.now(),
            "author": {"id": f"i{self.number}", "username": f"p{self.number}", "name": f"P {self.number}"},
        }  # fmt: skip

    def tooted(self, text: str) -> dict[str, Any]:
        self.number += 1
        return {
            "id": str(self.number), "server": "mastodon.test", "content": f"<p>{text}</p>", "visibility": "public",
            "created_at": self.now(), "url": f"https://mastodon.test/@a/{self.number}",
            "account": {"id": f"i{self.number}", "acct": f"p{self.number}", "display_name": f"P {self.number}"},
        }  # fmt: skip

    def now(self) -> str:
        return (self.ground.clock.now() - timedelta(minutes=1)).astimezone(UTC).isoformat()

    def messages(self) -> list[dict[str, Any]]:
        return self.ground.played.rows("slack", "messages")


def heads(story: Story) -> Iterator[dict[str, Any]]:
    yield from (row for row in story.messages() if "thread_ts" not in row)


@pytest.mark.parametrize("seed", range(3))
def test_each_planted_event_is_one_incident_whatever_crashes_or_is_lost(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    story = Story(ground, tmp_path, monkeypatch, seed)
    for _ in range(ROUNDS):
        story.tell()
    ground.quiet("slack", at_most=6)
    ground.clock.forward(7 * 3600)
    story.tend()
    story.tend()
    ground.quiet("slack", at_most=6)

    found = list(heads(story))
    print(f"\nseed {seed}: {len(PRODUCTS)} events in {story.number} posts, {ground.deaths} crashes: "
          f"{len(found)} incidents, {len(story.messages())} messages")  # fmt: skip
    assert len(found) == len(PRODUCTS)
    for product, posts in story.planted.items():
        (head,) = [row for row in found if product in str(row["blocks"][2])]
        assert f"*Posts so far* {posts}'" in str(head["blocks"]), product
        assert "Over: " in str(head["blocks"][0])
        ends = [row for row in story.messages() if row.get("thread_ts") == head["ts"] and "Over" in row["text"]]
        assert len(ends) == 1
    with ground.store.read() as view:
        assert len(view.incidents.recent()) == len(PRODUCTS)
        assert view.ledger.unbalanced() == []
