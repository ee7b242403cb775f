"""A loopback port speaks for a transport, to those who open their own connections."""

import json
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

import pytest

from hub.kit.loopback import Loopback
from hub.kit.playback import Exchange, ReplayTransport


def playing(*exchanges: Exchange) -> ReplayTransport:
    return ReplayTransport(exchanges, name="town/x", folder=Path())


def through(loopback: Loopback) -> OpenerDirector:
    return build_opener(ProxyHandler({"http": loopback.address}))


def test_what_is_asked_reaches_the_transport_and_its_answer_comes_back() -> None:
    transport = playing(
        Exchange(
            request="POST http://town.test/api/post?quiet=1",
            given={"Authorization": "Bearer s3cret"},
            sent={"text": "ä"},
            status=201,
            headers={"X-Tea": "yes"},
            body={"ok": True},
        )
    )
    headers = {"Authorization": "Bearer s3cret", "Content-Type": "application/json"}
    asked = Request("http://town.test/api/post?quiet=1", data=json.dumps({"text": "ä"}).encode(), headers=headers)

    with Loopback(transport) as loopback, through(loopback).open(asked, timeout=5) as answer:
        assert (answer.status, answer.headers["X-Tea"], json.load(answer)) == (201, "yes", {"ok": True})
    assert transport.asked == ["POST /api/post?quiet=1"]


def test_refusals_come_back_as_they_are() -> None:
    transport = playing(Exchange(request="GET /limit", status=429, headers={"Retry-After": "7"}, body="slow down"))

    with Loopback(transport) as loopback, pytest.raises(HTTPError) as told:
        through(loopback).open("http://town.test/limit", timeout=5)
    assert (told.value.code, told.value.headers["Retry-After"], told.value.read()) == (429, "7", b"slow down")


def test_what_has_no_answer_is_hung_up_on_and_remembered() -> None:
    transport = playing(Exchange(request="GET /posts", body="here"))

    with Loopback(transport) as loopback:
        with pytest.raises((OSError, HTTPException)):
            through(loopback).open("http://town.test/other", timeout=5)
        with through(loopback).open("http://town.test/posts", timeout=5) as answer:
            assert answer.read() == b"here"
    assert len(transport.unanswered) == 1


def test_nobody_answers_once_it_is_closed() -> None:
    with Loopback(playing(Exchange(request="GET /posts"))) as loopback:
        pass

    with pytest.raises(URLError, match="refused"):
        through(loopback).open("http://town.test/posts", timeout=5)
