"""A busy day: 800 people say some 5,000 things on six networks, and people find order at the destinations.

The truth is the sandbox's world: who said what, in which thread, and what its inventor had in mind.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess
from sandbox.scenario import texts
from tests.journeys import flow

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

NETWORKS = ("x", "mastodon", "blogs", "bluesky", "reddit", "discourse")
EVENTS = ("Brew One", "Brew Pro", "Acme Home")  # a product each, of which dangerous things are told
WITNESSES = 12
UNWANTED = ("own", "spam")
KNOWN = 25  # people who are leads, and as many whom sales have made contacts of
AGAIN = "Thinking of getting a second Brew One this week. Where can I buy one near Graz? Ready to order. #acme"


@pytest.fixture
def busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The world of a busy day with its planted events, and this process as one of the hub's that watch it."""
    (tmp_path / "hub.yaml").write_text(flow.watching(NETWORKS))
    with SandboxProcess(tmp_path / "sandbox", options=("--scenario", "busy_day", "--no-limits")) as sandbox:
        env = {**sandbox.env, "HUB_VAR": str(tmp_path / "var"), "HUB_CONFIG": str(tmp_path / "hub.yaml")}
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        plant(sandbox)
        yield sandbox


def plant(sandbox: SandboxProcess) -> None:
    """Three events, told by many people on four networks."""
    for number, product in enumerate(EVENTS):
        for place, text in enumerate(texts()["crisis"]["en"][:WITNESSES]):
            sandbox.control.add_post(
                network=("x", "mastodon", "bluesky", "reddit")[place % 4],
                author=f"witness_{number}_{place}",
                text=f"{text.format(product=product, place='Graz')} #acme",
            )


def test_eight_hundred_people_are_tickets_and_incidents_that_people_can_work_with(busy: SandboxProcess) -> None:
    run = flow.hub("run", "--json", timeout=600)

    assert run.returncode == 0, run.stderr
    assert len(busy.control.state("world", "posts")) > 5_000
    assert flow.assert_balanced().fetched > 4_500  # feeds show the newest fifty
    flow.assert_exactly_once(busy)
    said = comments(busy)
    assert len(said) > 900
    assert {ticket for ticket, posts in said.items() if len({thread_of(post) for post in posts}) != 1} == set()
    assert twice(said) == {}
    assert [post["text"] for posts in said.values() for post in posts if is_unwanted(post)] == []
    assert len(incidents(busy)) == len(EVENTS)
    assert_known_people_get_no_second_lead(busy)


def assert_known_people_get_no_second_lead(sandbox: SandboxProcess) -> None:
    """People who are leads, and people whom sales have made contacts of, want to buy again."""
    state = sandbox.control.state
    leads, posts = state("salesforce", "leads"), state("salesforce", "posts")
    known = [row for row in leads if row["Hub_Network__c"] in ("x", "mastodon")][: 2 * KNOWN]
    for row in known[:KNOWN]:
        requests.post(
            f"https://acme.my.salesforce.com/sandbox/leads/{row['Id']}/convert", json={}, timeout=30
        ).raise_for_status()
    for row in known:
        author = row["Hub_Handle__c"].partition("@")[0]
        sandbox.control.add_post(network=row["Hub_Network__c"], author=author, text=AGAIN)

    run = flow.hub("run", "--json", timeout=600)

    assert run.returncode == 0, run.stderr
    flow.assert_balanced()
    assert len(known) == 2 * KNOWN
    assert {row["Id"] for row in state("salesforce", "leads")} == {row["Id"] for row in leads}
    assert len(state("salesforce", "posts")) == len(posts) + len(known)  # each below the persona that is there


def comments(sandbox: SandboxProcess) -> dict[int, list[dict[str, Any]]]:
    """For each ticket, what was said in the world for its public comments."""
    state = sandbox.control.state
    names = {row["id"]: (row["name"], row["handle"]) for row in state("world", "people")}  # a network shows one of them
    by_author: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for post in state("world", "posts"):
        for name in set(names[post["author"]]):
            by_author[name].append(post)
    people = {row["id"]: row["name"] for row in state("zendesk", "users")}
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    told: set[int] = set()  # somebody may say the same in two threads
    for comment in state("zendesk", "comments"):
        if comment["public"]:
            body = comment["body"].replace("\u200b", "")  # it stands where a stranger's placeholders were broken
            meant = [post for post in by_author[people[comment["author_id"]]] if is_told(post, body)]
            meant = [post for post in meant if post["id"] not in told]
            assert meant, f"nobody said this, or not so often: {body[:80]}"
            found[comment["ticket_id"]].append(max(meant, key=lambda post: (not is_unwanted(post), len(post["text"]))))
            told.add(found[comment["ticket_id"]][-1]["id"])
    return found


def is_told(post: dict[str, Any], body: str) -> bool:
    """Whether these are the post's words; not every network shows what they were changed to."""
    return any(text and text in body for text in (post["text"], post["edited_text"]))


def thread_of(post: dict[str, Any]) -> tuple[Any, ...]:
    """The conversation, as the world knows it."""
    return post["network"], post["author"], post["thread"], post["extra"].get("visibility", "public")


def twice(said: dict[int, list[dict[str, Any]]]) -> dict[tuple[Any, ...], list[int]]:
    """Conversations with more than one ticket."""
    tickets: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for ticket, posts in said.items():
        tickets[thread_of(posts[0])].append(ticket)
    return {thread: found for thread, found in tickets.items() if len(found) > 1}


def is_unwanted(post: dict[str, Any]) -> bool:
    """What never is a customer's word to us: our own, spam, or what somebody only carried on."""
    carried_on = post["kind"] == "share" and post["network"] != "discourse"  # a forum knows of topics alone
    return post["expected"] in UNWANTED or carried_on


def incidents(sandbox: SandboxProcess) -> list[dict[str, Any]]:
    """The messages that open a thread for business."""
    return [row for row in sandbox.control.state("slack", "messages") if row.get("thread_ts") in (None, row["ts"])]
