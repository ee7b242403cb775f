"""What is peculiar to Lemmy: two kinds of things with numbers of their own, paths, and the played server."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.errors import ContractBroken, RateLimited
from hub.kit.local import SteppedClock
from hub.kit.playback import OneAnswer
from hub.kit.recordings import STANDS_AT
from hub.rehearsal import open_network
from sandbox.process import SandboxProcess
from tests.connectors.played import Client, brought, opened, referred, watch


@pytest.mark.parametrize("body", [{"posts": [{}]}, {"post_view": {"post": 7}}, {"users": []}, [], {"posts": [7]}])
def test_what_holds_no_posts_is_said_to_hold_none(body: Any) -> None:
    network = open_network("lemmy", OneAnswer(200, {}, b"{}"), clock=SteppedClock(STANDS_AT))

    with pytest.raises(ContractBroken):
        network.records(body)


def test_a_limit_is_told_by_its_name_whatever_the_status() -> None:
    answer = OneAnswer(400, {}, b'{"error": "rate_limit_error"}')
    network = open_network("lemmy", answer, clock=SteppedClock(STANDS_AT))

    with pytest.raises(RateLimited):
        network.check()


@pytest.mark.usefixtures("hub_env")
def test_the_connector_reads_the_played_server(sandbox: SandboxProcess) -> None:
    def say(author: str, text: str, minutes_ago: float, **facts: Any) -> int:
        at = (datetime.now(UTC) - timedelta(minutes=minutes_ago)).isoformat()
        return sandbox.control.add_post(network="lemmy", author=author, text=text, published_at=at, **facts)

    first = say("nia", "My zamboni leaks", 30)
    second = say("omar", "Descale the zamboni", 20, in_reply_to=first)
    third = say("nia", "Did that", 10, in_reply_to=second)
    with opened("lemmy", sandbox) as network:
        network.check()
        posts, cursor = brought(network, watch("lemmy", "community", "!espresso@lemmy.test"))
        nothing, _ = brought(network, watch("lemmy", "community", "!espresso@lemmy.test"), cursor)
        found, _ = brought(network, watch("lemmy", "keyword", "zamboni"))
        mine = {post.native_id: post for post in posts}
        sandbox.control.change_post(third, deleted_at=datetime.now(UTC).isoformat())
        asked = [referred(mine[id]) for id in (f"p{first}", f"c{third}")]
        looked_up = list(network.look_up(asked))
        numbers = {each.name for each in network.measure("!espresso")}

    assert mine[f"c{second}"].in_reply_to == mine[f"p{first}"].key
    assert mine[f"c{third}"].in_reply_to == mine[f"c{second}"].key
    assert nothing == []
    assert [post.native_id for post in found] == [f"p{first}", f"c{second}"]
    assert [one.gone for one in looked_up] == [{}, {asked[1].key: "deleted"}]
    assert numbers == {"followers", "posts", "comments", "active"}


def test_the_played_server_leads_from_page_to_page(sandbox: SandboxProcess) -> None:
    ids = [sandbox.control.add_post(network="lemmy", author="nia", text=f"page {number}") for number in range(5)]
    client = Client(sandbox, "https://lemmy.test/api/v3")
    first = client.get("/post/list", community_name="espresso", limit=2)
    second = client.get("/post/list", community_name="espresso", limit=2, page_cursor=first["next_page"])

    assert [view["post"]["id"] for page in (first, second) for view in page["posts"]] == ids[:0:-1]
    assert client.ask("/post/list", community_name="nowhere").json() == {"error": "couldnt_find_community"}
    assert client.ask("/comment", id=ids[0]).status_code == 404
