"""leads, lead-outcomes, person and voice: who may buy and whose voice is heard, as tables and as JSON."""

from pathlib import Path

from hub.domain import Author, external_id
from hub.store import Standing, Store
from tests.unit.cli.conftest import Hub
from tests.unit.stages.world import WANTS_TO_BUY, Town, X, make_post, make_signal, tweet

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
    assert told["definition"] == "share-of-voice@1"
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
