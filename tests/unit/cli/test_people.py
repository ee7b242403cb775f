"""leads, lead-outcomes, person and voice: who may buy and whose voice is heard, as tables and as JSON."""

from contextlib import closing
from pathlib import Path

import pytest
import requests

from hub.domain import Author, external_id
from hub.store import Standing, Store, utc_now
from hub.wiring import Hub as Opened
from hub.wiring import deliver
from sandbox.process import SandboxProcess
from tests.unit.cli.conftest import Hub
from tests.unit.stages.world import NOW, WANTS_TO_BUY, Town, X, make_post, make_signal, tweet

ANA = "x:account:id-ana"


def town_of(store: Store, tmp_path: Path) -> Town:
    from hub.store import Landing
    from tests.unit.stages.world import Clock

    clock = Clock()
    store._clock = clock  # the command has a clock of its own
    return Town(store, Landing(tmp_path / "landing"), clock)


def test_leads_are_listed_with_their_reasons(hub: Hub, acme: Path, store: Store, tmp_path: Path) -> None:
    town_of(store, tmp_path).hear(tweet(1, WANTS_TO_BUY, author="ana"), tweet(2, WANTS_TO_BUY, author="bo"))

    told = hub("leads", "--json").json
    assert [one["author"] for one in told] == [ANA, "x:account:id-bo"]
    assert {"part": "behaviour", "name": "purchase"}.items() <= told[0]["score"]["reasons"][-1].items()
    assert hub("leads", "--json", "--network", "mastodon").json == []
    shown = " ".join(hub("leads").out.split())
    assert "Grade" in shown
    assert "purchase +" in shown
    assert "purchase +" in " ".join(hub("person", ANA).out.split())


def test_nobody_who_may_buy_is_said_in_a_sentence(hub: Hub, acme: Path, store: Store) -> None:
    assert "Nobody has said anything that speaks of buying." in hub("leads").out


def test_outcomes_are_read_from_a_report_as_salesforce_exports_it(
    hub: Hub, acme: Path, store: Store, tmp_path: Path
) -> None:
    leads = range(60)
    once = [tweet(n, WANTS_TO_BUY, author=f"p{n}") for n in leads]
    twice = [tweet(100 + n, WANTS_TO_BUY, author=f"p{n}") for n in leads if n % 3 == 0]
    town_of(store, tmp_path).hear(*once, *twice)
    report = tmp_path / "report.csv"
    lines = [
        f"{external_id(f'x:account:id-p{n}')},{'Closed - Converted' if n % 3 == 0 else 'Closed - Not Converted'}"
        for n in leads
    ]
    report.write_text("\n".join(["Hub_Key__c,Status", *lines, f"{external_id(ANA)},Working - Contacted", ""]))

    told = hub("lead-outcomes", report, "--json")
    assert told.code == 0
    assert (told.json["told"], told.json["kept"], told.json["open"]) == (61, 60, 1)
    assert told.json["calibration"]["believed"]
    again = hub("lead-outcomes", report)
    assert "60 of our leads have ended" in again.err
    assert "the chance is shown from now on" in again.err
    assert "What 60 outcomes teach, 20 of them won" in " ".join(again.out.split())


@pytest.mark.usefixtures("hub_env")
def test_outcomes_are_asked_of_salesforce_where_no_file_is_given(
    sandbox: SandboxProcess, hub: Hub, store: Store, tmp_path: Path
) -> None:
    people, today = range(44), utc_now()
    town = town_of(store, tmp_path)
    town.clock.forward(seconds=(today - NOW).total_seconds())
    asked = {"minutes_ago": 30 - (today - NOW).total_seconds() / 60}
    once = [tweet(n, WANTS_TO_BUY, author=f"p{n}", **asked) for n in people]
    twice = [tweet(100 + n, WANTS_TO_BUY, author=f"p{n}", **asked) for n in people if n % 3 == 0]
    town.hear(*once, *twice)
    with closing(Opened()) as opened:
        deliver(opened, "salesforce")
    ids = {row["Hub_Key__c"]: row["Id"] for row in sandbox.control.state("salesforce", "leads")}
    with requests.Session() as sales:
        sales.proxies, sales.verify = {"https": sandbox.env["HTTPS_PROXY"]}, sandbox.env["SSL_CERT_FILE"]
        for n in people[:-1]:
            lead = f"https://acme.my.salesforce.com/sandbox/leads/{ids[external_id(f'x:account:id-p{n}')]}"
            if n % 3:
                sales.post(f"{lead}/edit", json={"Status": "Closed - Not Converted"}, timeout=10)
            else:
                sales.post(f"{lead}/convert", json={}, timeout=10)

    told = hub("lead-outcomes", "--json").json["salesforce"]
    again = hub("lead-outcomes")

    assert (told["told"], told["kept"], told["open"]) == (44, 43, 1)
    assert (told["calibration"]["leads"], told["calibration"]["won"]) == (43, 15)
    assert "1 told: 0 of our leads have ended, 1 are open" in again.err


def test_without_a_destination_for_leads_a_file_is_asked_for(hub: Hub, acme: Path, store: Store) -> None:
    assert "give a file" in hub("lead-outcomes").err


def test_too_few_outcomes_say_how_many_it_takes(hub: Hub, acme: Path, store: Store, tmp_path: Path) -> None:
    few = tmp_path / "few.jsonl"
    few.write_text('{"lead": "x:account:7", "outcome": "won"}\n')

    told = hub("lead-outcomes", few)
    assert told.code == 0
    assert "it takes 40" in told.err


def test_share_of_voice_tells_the_period_and_what_of_it_was_seen(hub: Hub, acme: Path, store: Store) -> None:
    with store.begin() as tx:
        tx.watches.register(X)
        tx.watches.polled(X.key)
        for number, subject in enumerate(["Acme", "Acme", "Acme", "Kaffa"]):
            post = make_post(
                number,
                text="nice",
                published_at=tx.now,
                author=Author(key=f"x:account:{number}", native_id=str(number)),
            )
            tx.posts.save([post], standings={post.key: Standing("set_aside", "no_route")})
            tx.signals.save([(post, make_signal(post, subjects=(subject,)))])

    told = hub("voice", "--json").json
    assert told["partial"] is True
    assert told["definition"] == "share_of_voice_stories@1"
    assert {one["subject"]: one["share"] for one in told["voices"] if one["posts"]} == {"Acme": 0.75, "Kaffa": 0.25}
    shown = hub("voice")
    assert "75.0%" in shown.out
    assert "partial" in shown.out
    assert "compare these figures with no other period's" in shown.err


def test_a_period_that_is_none_is_refused(hub: Hub, acme: Path, store: Store) -> None:
    assert "is no time" in hub("voice", "--since", "yesterday").err
    told = hub("voice", "--since", "2026-03-02", "--until", "2026-03-01")
    assert (told.code, "ends before it begins" in told.err) == (2, True)
    assert "Nothing watches 'x'" in hub("voice", "--network", "x").err
