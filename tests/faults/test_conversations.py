"""One conversation, one ticket: whole days of talk through triage and delivery, whatever happens on the way.

Posts come in bursts, some of them twice; between them runs end, answers are lost, and agents close tickets.
What people said themselves in one thread is one ticket and the comments on it, in the order in which they said it;
after a ticket was closed, a linked one. Our own posts, reshares and spam are nobody's ticket.
"""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.store import Landing
from tests.faults.ground import Ground
from tests.faults.test_zendesk import ZD, agent, tickets
from tests.unit.stages.world import COMPLAINS, Town, make_book, outlet, tweet

CONVERSATIONS = 25
MOST_POSTS = 6
BATCHES = 6
SPAM = "FREE crypto giveaway!!! Click https://win.test now to win $5000, DM me to claim your bonus @acme"
OWN = {"id": "1000001", "username": "acme", "name": "Acme"}


def day_of(drawn: random.Random) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    """A day's posts in the order in which they were written, and by conversation what its author said in it."""
    posts: list[dict[str, Any]] = []
    said: dict[str, list[str]] = {}
    for talk in range(CONVERSATIONS):
        root, author = 1_000 + talk * 100, f"a{talk % 15}"  # some people have several conversations
        began = drawn.randrange(600, 1_300)
        words = [
            f"{COMPLAINS} ({root})",
            *(f"And another thing, {root} part {n}." for n in range(drawn.randrange(MOST_POSTS))),
        ]
        said[str(root)] = words
        ago: float = began
        for n, text in enumerate(words):
            ago -= drawn.choice([0.01, 1, 30]) if n else 0
            answers = {"answers": root} if n else {}
            posts.append(tweet(root + n, text, author=author, minutes_ago=ago, **answers))
        posts.append(
            tweet(root + 50, "We are on it.", minutes_ago=began - 1, author="acme", answers=root) | {"author": OWN}
        )
        posts.append(tweet(root + 51, SPAM, minutes_ago=began - 2, author=f"spam{talk}"))
        shared = tweet(root + 52, COMPLAINS, minutes_ago=began - 3, author=f"b{talk}")
        posts.append(shared | {"referenced": [{"type": "retweeted", "id": str(root)}]})
    return sorted(posts, key=lambda post: str(post["created_at"])), said


@pytest.mark.parametrize("seed", range(2))
def test_a_conversation_is_one_ticket_whatever_happens(ground: Ground, tmp_path: Path, seed: int) -> None:
    drawn = random.Random(f"conversations {seed}")
    posts, said = day_of(drawn)
    town = Town(ground.store, Landing(tmp_path), ground.own_clock)  # type: ignore[arg-type]
    book = replace(make_book(), outlets=[outlet(ZD, notes=True)])
    closed: set[int] = set()
    size = len(posts) // BATCHES + 1
    for start in range(0, len(posts), size):
        burst = posts[start : start + size]
        town.hear(*burst, *drawn.sample(burst, 3), book=book)  # some are found twice
        meet_trouble(ground, drawn)
        ground.quiet(ZD, at_most=6)
        for ticket in drawn.sample(tickets(ground), min(2, len(tickets(ground)))):
            if ticket["status"] != "closed":
                agent(ground, "PUT", f"/tickets/{ticket['id']}", {"ticket": {"status": "closed"}})
                closed.add(int(str(ticket["id"])))
    ground.quiet(ZD, at_most=6)

    held = tickets(ground)
    sources = {row["id"]: row["via"]["source"]["from"].get("ticket_id") for row in held}  # type: ignore[index]
    openers = [row for row in held if sources[row["id"]] is None]
    assert Counter(str(row["subject"]).rpartition("(")[2].rstrip(")") for row in openers) == Counter(
        list(said)
    )  # 1.00 each
    assert {source for source in sources.values() if source} <= closed
    assert heard(ground) == said
    assert Counter(row["public"] for row in ground.played.rows(ZD, "comments"))[False] == len(openers)  # notes
    assert ground.quarantined() == []
    ground.assert_balanced()


def meet_trouble(ground: Ground, drawn: random.Random) -> None:
    """A run that ends, or answers that are lost, or neither."""
    match drawn.randrange(4):
        case 0:
            ground.run_into(drawn.choice(["deliver.claimed", "deliver.sent", "store.settled"]), ZD, nth=2)
        case 1:
            kind = drawn.choice(["drop_after", "drop_before", "garbage"])
            ground.played.fault(ZD, kind, method=drawn.choice(["POST", "PUT"]), path_glob="*/tickets*", times=2)
            ground.run(ZD, patience=0)
        case 2:
            busy = {"Retry-After": "7"}
            ground.played.fault(ZD, "status", method="PUT", path_glob="*/tickets*", status=429, headers=busy)
            ground.run(ZD, patience=0)


def heard(ground: Ground) -> dict[str, list[str]]:
    """By conversation the public words on its tickets, oldest first, all of them its requester's own."""
    rows = {row["id"]: row for row in tickets(ground)}
    found: dict[str, list[str]] = {}
    for comment in sorted(ground.played.rows(ZD, "comments"), key=lambda row: row["id"]):
        if comment["public"]:
            assert comment["author_id"] == rows[comment["ticket_id"]]["requester_id"]
            words = str(comment["body"]).split("\n\n--\n")[0]
            root = words.rpartition("(")[2].rstrip(")") if words.startswith(COMPLAINS) else words.split()[3]
            found.setdefault(root, []).append(words)
    return found


def test_after_the_silence_a_new_ticket_begins_that_is_linked(ground: Ground, tmp_path: Path) -> None:
    town = Town(ground.store, Landing(tmp_path), ground.own_clock)  # type: ignore[arg-type]
    book = replace(make_book(), outlets=[outlet(ZD, notes=True)])
    town.hear(tweet(1, COMPLAINS), book=book)
    ground.run(ZD)
    for days in (6, 6, 8):  # each after the last one
        ground.clock.forward(days * 86_400)
        at = (ground.clock.now() - timedelta(minutes=1)).isoformat()
        number = 2 + len(ground.played.rows(ZD, "comments"))
        town.hear(tweet(number, COMPLAINS, answers=1, created_at=at), book=book)
        ground.run(ZD)

    first, later = tickets(ground)

    assert len([row for row in ground.played.rows(ZD, "comments") if row["ticket_id"] == first["id"]]) == 4
    assert f"continues_{first['id']}" in later["tags"]  # type: ignore[operator]
    assert first["external_id"] != later["external_id"]
    note = next(row for row in ground.played.rows(ZD, "comments")
                if row["ticket_id"] == later["id"] and not row["public"])  # fmt: skip
    assert "its ticket is linked" in note["body"]
    assert f"https://acme.zendesk.com/agent/tickets/{first['id']}" in note["body"]
