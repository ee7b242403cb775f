"""Which incident an alert belongs to: two products in trouble are two, one that is told by its maker's name is one."""

from collections.abc import Iterator

import pytest

from hub.domain import Handoff, Post, Provenance, Signal
from hub.domain.config import Route, Subject, Triage
from hub.stages.grouping import at_hand, group_in
from hub.store import Store, Transaction
from tests.unit.stages.world import make_post, make_signal

SUBJECTS = (
    Subject(name="Acme"), Subject(name="Brew One", kind="product"), Subject(name="Brew Pro", kind="product"),
    Subject(name="Brewster", kind="competitor"),
)  # fmt: skip
CRISIS = Route(name="crisis", makes="Alert", when="`true`", team="communications")


@pytest.fixture
def tx(store: Store) -> Iterator[Transaction]:
    with store.begin() as transaction:
        yield transaction


def told(tx: Transaction, *posts: tuple[str, ...], runs: bool = False) -> list[str]:
    """The incidents of posts that name these subjects, by rule and first subject; `runs`: each post in its own."""
    grouping = at_hand(tx, Triage(), SUBJECTS)
    keys = []
    for number, names in enumerate(posts):
        if runs:
            grouping = at_hand(tx, Triage(), SUBJECTS)
        post = make_post(number)
        signal = make_signal(post, subjects=names, intent="crisis")
        key, first = grouping.place(CRISIS, signal)
        keys.append(key)
        grouping.took(alert(key, post, signal, first=first))
    return [group_in(key) for key in keys]


def alert(key: str, post: Post, signal: Signal, *, first: bool) -> Handoff:
    why = Provenance(post=post.key, route="crisis@1", classifier="rules@1", confidence=0.9, run="run-1")
    return Handoff(
        key=key, kind="Alert", post=post, author=post.author, signal=signal, team="communications", provenance=why,
        first=first, severity=7, title="Possible crisis",
    )  # fmt: skip


@pytest.mark.parametrize("runs", [False, True])
def test_two_products_in_trouble_are_two_incidents_though_all_name_their_maker(tx: Transaction, runs: bool) -> None:
    posts = [("Acme", "Brew One"), ("Acme", "Brew Pro"), ("Acme", "Brew One"), ("Brew Pro",)]

    assert told(tx, *posts, runs=runs) == ["crisis:Brew One", "crisis:Brew Pro", "crisis:Brew One", "crisis:Brew Pro"]


@pytest.mark.parametrize("runs", [False, True])
def test_who_names_the_maker_alone_speaks_of_what_is_at_hand(tx: Transaction, runs: bool) -> None:
    assert told(tx, ("Acme", "Brew One"), ("Acme",), runs=runs) == ["crisis:Brew One"] * 2


@pytest.mark.parametrize("runs", [False, True])
def test_what_was_told_by_the_makers_name_is_the_first_products_and_no_others(tx: Transaction, runs: bool) -> None:
    posts = [("Acme",), ("Acme", "Brew One"), ("Acme", "Brew Pro"), ("Brew One",)]

    assert told(tx, *posts, runs=runs) == ["crisis:Acme", "crisis:Acme", "crisis:Brew Pro", "crisis:Acme"]


def test_a_post_of_nothing_that_we_know_is_an_incident_too(tx: Transaction) -> None:
    assert told(tx, (), ("Brewster",)) == ["crisis:everything", "crisis:Brewster"]


def test_muting_one_products_incident_leaves_the_others_heard(tx: Transaction) -> None:
    grouping = at_hand(tx, Triage(), SUBJECTS)
    told(tx, ("Acme", "Brew One"))
    [incident] = tx.incidents.open()
    tx.incidents.mute(incident.key, tx.now.replace(year=tx.now.year + 1), by="U1")
    grouping = at_hand(tx, Triage(), SUBJECTS)

    def muted(*names: str) -> bool:
        return grouping.is_muted(CRISIS, make_signal(make_post(9), subjects=names, intent="crisis"))

    assert [muted("Acme", "Brew One"), muted("Brew One"), muted("Acme", "Brew Pro")] == [True, True, False]
