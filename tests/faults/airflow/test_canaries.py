"""25 secrets and more, one in each place where one can stand: after the whole flow and its failures nowhere else.

And nothing that somebody said has gone from task to task. Afterwards a DAG is let loose that gives away what it can,
and the same search finds it everywhere.
"""

import json
import time
from collections.abc import Iterable, Iterator

import pytest
import yaml

from hub.launcher.places import Places
from tests.faults.airflow import places
from tests.faults.airflow.canaries import Canaries, found
from tests.faults.airflow.driven import COMPLAINT, PURCHASE, Driven

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400), pytest.mark.xdist_group("faults under airflow")]

CLOSED = "127.0.0.1:9"  # where no proxy is
TOGETHER = 12  # characters in a row that no two texts have in common by chance
WRONG = [
    {"network": "mastodon", "kind": "mention", "value": "@acme@mastodon.test", "connection": "mastodon_wrong"},
    {"network": "reddit", "kind": "mention", "value": "u/acme", "connection": "reddit_wrong"},
    {"network": "bluesky", "kind": "mention", "value": "@acme.bsky.test", "connection": "bluesky_wrong"},
    {"network": "linkedin", "kind": "profile", "value": "acme", "connection": "linkedin_wrong"},
]
BROKEN = {"name": "broken", "makes": "Lead", "team": "sales", "when": "signal.intent ==="}
LEAKY = """
from airflow.sdk import Asset, dag, task

HEARD = Asset("overheard", uri="test://overheard")


@dag(schedule=None)
def leaky():
    @task(outlets=[HEARD])
    def give_away(word, outlet_events=None):
        outlet_events[HEARD].extra = {{"word": word}}
        print(word)
        return word

    give_away({word!r})


leaky()
"""


@pytest.fixture(scope="module")
def sung(hub: Driven, canaries: Canaries) -> dict[str, bytes]:
    """The whole flow has run and failed in every way; what commands said meanwhile, by command."""
    hub.sandbox.mend()
    for network in ("x", "mastodon", "facebook"):
        hub.say(COMPLAINT, network=network)
        hub.say(PURCHASE, network=network)
        hub.read(network)
    hub.until(lambda: all(hub.there(words) for words in hub.said), "what was said became work")
    wrong_secrets(hub, canaries)
    refused_tokens(hub)
    broken_mapping(hub)
    proxy_down(hub, canaries)
    said = dict(places.said_by_command(hub, commands(hub)))
    said["hub run, proxy down"] = places.told(
        commands(hub) | {"HTTPS_PROXY": f"http://hub:{canaries['password in the URL of the proxy']}@{CLOSED}"}, "run"
    )
    said["hub doctor, an address with a password"] = address_with_a_password(hub, canaries)
    hub.quiet()
    return said


@pytest.fixture(scope="module")
def everywhere(hub: Driven, sung: dict[str, bytes]) -> list[tuple[str, bytes]]:
    """All places, read once."""
    return list(all_places(hub, sung))


def test_there_are_at_least_25_canaries(canaries: Canaries) -> None:
    assert len(set(canaries.values())) == len(canaries) >= 25


def test_no_canary_is_found(
    hub: Driven, canaries: Canaries, everywhere: list[tuple[str, bytes]], sung: dict[str, bytes]
) -> None:
    secrets = canaries | places.own(hub) | places.issued(hub)

    assert found(secrets, everywhere) == []


def test_every_failure_has_happened(hub: Driven, sung: dict[str, bytes], everywhere: list[tuple[str, bytes]]) -> None:
    """Or the search would have looked at nothing."""
    logs = b"\n".join(content for place, content in everywhere if place.startswith("logs"))
    assert b"AccessDenied" in logs
    assert b"MappingError" in logs or b"SetupError" in logs
    assert b"cannot be reached" in logs
    assert b"address" in sung["hub doctor, an address with a password"]
    assert all(sung.values())


def test_nothing_that_was_said_went_from_task_to_task(hub: Driven, everywhere: list[tuple[str, bytes]]) -> None:
    between = between_tasks(everywhere)

    assert {place for place, content in between if content} >= {"Airflow's xcom", "Airflow's asset_event"}
    assert shared(words_of(hub), between) == []


def test_the_search_finds_what_is_given_away(hub: Driven, sung: dict[str, bytes]) -> None:
    planted = f"planted{time.time_ns()}"
    words = hub.say(
        f"@acme {planted} my Brew One arrived broken, terrible service, I want my money back {{number}} #acme"
    )
    hub.read()
    hub.until(lambda: hub.there(words), "what was said became work")
    leak = hub.dags / "leaky.py"
    leak.write_text(LEAKY.format(word=words))
    hub.until(lambda: "leaky" in hub.airflow.dags(), "the DAG was read")

    assert hub.airflow.wait("leaky", hub.airflow.trigger("leaky")) == "success"

    everywhere = list(all_places(hub, sung))
    singing = {place for _, place in found({"planted": planted}, everywhere)}
    assert {f"Airflow's {name}" for name in ("xcom", "rendered_task_instance_fields", "asset_event")} <= singing
    assert any(place.startswith("logs airflow/dag_id=leaky") for place in singing)
    assert any(place.startswith("landing x/") for place in singing)
    assert {"the hub's posts", "the hub's outbox", "zendesk comments", "slack messages", "page /"} <= singing
    assert "Airflow's xcom" in shared(words_of(hub), between_tasks(everywhere))


def all_places(hub: Driven, sung: dict[str, bytes]) -> Iterable[tuple[str, bytes]]:
    """Where no secret belongs."""
    for look in (places.logs, places.metadata, places.store, places.landing, places.destinations, places.pages):
        yield from look(hub)
    yield from sung.items()


def between_tasks(everywhere: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """What tasks hand to each other, and what Airflow keeps of what they were called with."""
    names = {f"Airflow's {name}" for name in places.BETWEEN_TASKS}
    return [(place, content) for place, content in everywhere if place in names]


def words_of(hub: Driven) -> list[str]:
    """Everything that people said, and what they are called. (Cursors hold ids, and so parts of addresses.)"""
    with hub.look() as store, store.read() as view:
        posts = view.posts.recent(limit=100_000)
    assert posts
    names = {post.author.display_name for post in posts if post.author}
    return [*names, *(text or "" for post in posts for text in (post.text, post.title))]


def shared(words: Iterable[str], where: Iterable[tuple[str, bytes]]) -> list[str]:
    """The places that hold any so many characters in a row of anything that was said."""
    pieces = {piece for text in words for piece in windows(text)}
    return [place for place, content in where if not pieces.isdisjoint(windows(content.decode(errors="replace")))]


def windows(text: str) -> Iterator[str]:
    """Each so many characters in a row."""
    return (text[at : at + TOGETHER] for at in range(len(text) - TOGETHER + 1))


def wrong_secrets(hub: Driven, canaries: Canaries) -> None:
    """Watches whose connections open nothing: some from variables, one from Airflow's database."""
    hub.airflow.post("/api/v2/connections", {
        "connection_id": "bluesky_wrong", "conn_type": "http", "login": "acme.bsky.test",
        "password": canaries["wrong key in Airflow's database"],
        "extra": json.dumps({"note": canaries["extra field in Airflow's database"]}),
    })  # fmt: skip
    told = yaml.safe_load(hub.config.read_text())
    hub.config.write_text(yaml.safe_dump(told | {"watches": [*told["watches"], *WRONG]}))
    runs = {watch["network"]: hub.read(watch["network"]) for watch in WRONG}
    assert {hub.airflow.wait(f"collect_{name}", run) for name, run in runs.items()} == {"failed"}
    hub.config.write_text(yaml.safe_dump(told))


def refused_tokens(hub: Driven) -> None:
    """The destinations do not know us any more, for a while; then somebody mends that, and starts the DAG by hand."""
    refused = {
        "salesforce": {"path_glob": "/services/data/*", "status": 401, "body": [{"errorCode": "INVALID_SESSION_ID"}]},
        "zendesk": {"status": 401, "body": {"error": "invalid_token"}},
        "slack": {"status": 200, "body": {"ok": False, "error": "token_revoked"}},
    }
    for system, answer in refused.items():
        hub.sandbox.fault(system=system, kind="status", times=1000, **answer)
    hub.say(COMPLAINT)
    hub.say(PURCHASE)
    hub.read()
    hub.until(lambda: refusing(hub) >= refused.keys(), "each of them has refused us")
    hub.sandbox.mend()
    assert hub.airflow.wait("deliver", hub.airflow.trigger("deliver")) == "success"
    hub.until(lambda: not refusing(hub) and not hub.waits(), "what waited has gone")


def refusing(hub: Driven) -> set[str]:
    """The destinations whose last call failed."""
    with hub.look() as store, store.read() as view:
        return {circuit.name for circuit in view.circuits.listing() if circuit.failures}


def broken_mapping(hub: Driven) -> None:
    """A route that cannot be used stops triage until it is mended."""
    told = yaml.safe_load(hub.config.read_text())
    hub.config.write_text(yaml.safe_dump(told | {"routes": [*told["routes"], BROKEN]}))
    hub.say(COMPLAINT)
    assert hub.airflow.wait("collect_x", hub.read()) == "success"
    assert hub.airflow.wait("triage", hub.airflow.trigger("triage")) == "failed"
    hub.config.write_text(yaml.safe_dump(told))
    assert hub.airflow.wait("triage", hub.airflow.trigger("triage")) == "success"


def proxy_down(hub: Driven, canaries: Canaries) -> None:
    """The way out asks for a password from now on; then it is gone, and comes back."""
    note = Places.of(hub.settings).sandbox / "ready.json"
    secret = canaries["password in the URL of the proxy"]
    note.write_text(note.read_text().replace("http://127.0.0.1:", f"http://hub:{secret}@127.0.0.1:"))
    hub.end("scheduler")
    hub.heal()
    hub.say(COMPLAINT)
    assert hub.airflow.wait("collect_x", hub.read()) == "success"
    hub.end("sandbox")
    run = hub.read()
    hub.until(lambda: any(one["state"] == "up_for_retry" for one in hub.airflow.tasks("collect_x", run)), "it fails")
    hub.heal()


def address_with_a_password(hub: Driven, canaries: Canaries) -> bytes:
    """What is said of a feed's address that somebody has put their password into."""
    told = yaml.safe_load(hub.config.read_text())
    secret = canaries["password of an address in hub.yaml"]
    watch = {"network": "blogs", "kind": "feed", "value": f"https://reader:{secret}@coffeelovers.test/feed.xml"}
    other = hub.config.with_name("other.yaml")
    other.write_text(yaml.safe_dump(told | {"watches": [watch]}))
    return places.told(commands(hub) | {"HUB_CONFIG": str(other)}, "doctor")


def commands(hub: Driven) -> dict[str, str]:
    """The environment in which an operator asks."""
    note = json.loads((Places.of(hub.settings).sandbox / "ready.json").read_text())
    return {**note["env"], **hub.environ, "HUB_VAR": hub.settings.var, "PYTHONPATH": str(places.flow.REPO)}
