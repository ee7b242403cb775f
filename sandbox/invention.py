"""Invents a day of talk from one seed: who says what, where, when, and what grows out of it."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from hub.errors import SetupError
from sandbox.faults import Rule
from sandbox.people import Person, WorldPost, marks
from sandbox.state import State
from sandbox.world import FIRMS, OWN, World

HERE = Path(__file__).parent
FIRST = (
    "Ada", "Ben", "Carla", "Dario", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jonas",
    "Kaja", "Luis", "Mara", "Nils", "Olga", "Pau", "Quinn", "Rosa", "Sami", "Tess",
)  # fmt: skip
LAST = (
    "Abel", "Brandt", "Costa", "Dumas", "Eklund", "Ferrer", "Gruber", "Haas",
    "Ibarra", "Jansen", "Keller", "Lemoine", "Moreau", "Novak", "Ortiz", "Pfeil",
)  # fmt: skip
PLACES = ("Leeds", "Porto", "Graz", "Lyon", "Austin", "Utrecht", "Bilbao", "Cork", "Malmö", "Nantes")
PRODUCTS = ("Brew One", "Brew One", "Brew Pro")
RIVALS = ("Brewster", "Kaffa")
WORDS = ("water", "milk", "sugar", "steam")
FOLLOWED_UP = ("complaint", "support", "crisis")  # people who wait for an answer write again
SITES = {"coffeelovers.test": 2, "techreview.test": 1}


class Crisis(msgspec.Struct, forbid_unknown_fields=True):
    """A problem that grows: ever more posts towards the end of the day."""

    posts: int
    last_hours: float
    negative_lang: list[str]


class Scenario(msgspec.Struct, forbid_unknown_fields=True):
    """How a day goes. Numbers of `mix`, `networks` and `langs` are shares."""

    posts: int = 240
    hours: float = 24
    mix: dict[str, int] = {}
    networks: dict[str, int] = {}
    langs: dict[str, int] = {}
    crisis: Crisis | None = None
    faults: list[Rule] = []
    extends: str | None = None


def load_scenario(name: str) -> Scenario:
    """One of scenarios/*.yaml; with `extends`, another one with these faults on top."""
    path = HERE / "scenarios" / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in (HERE / "scenarios").glob("*.yaml")))
        raise SetupError(f"There is no scenario {name!r}; there are: {known}.")
    scenario = msgspec.yaml.decode(path.read_bytes(), type=Scenario)
    if scenario.extends:
        faults = scenario.faults
        scenario = load_scenario(scenario.extends)
        scenario.faults = faults
    return scenario


@lru_cache(maxsize=1)
def texts() -> dict[str, dict[str, list[str]]]:
    """What people say, by intent and language."""
    return msgspec.yaml.decode((HERE / "texts.yaml").read_bytes(), type=dict[str, dict[str, list[str]]])


def invent(world: World, scenario: Scenario, *, seed: int) -> None:
    """Fill an empty world: the day ends now."""
    chance = Random(seed)
    world.add_people([*FIRMS, *_people(chance)])
    writer = _Writer(world, scenario, chance)
    end = world.clock.now() - timedelta(seconds=30)
    world.add_posts(sorted(writer.day(end), key=lambda post: post.id))


def keep_talking(world: World, seed: int, per_minute: float, stopped: threading.Event, state: State) -> None:
    """Add new posts as time goes by, until stopped."""
    chance = Random(f"{seed}:{len(world.people)}")
    writer = _Writer(world, load_scenario("quiet_day"), chance)
    while not stopped.wait(60.0 / per_minute):
        with world.lock:
            world.add_posts([writer.post(writer.intent(), world.clock.now())])
            state.commit()


def _people(chance: Random) -> Iterator[Person]:
    names = [f"{first} {last}" for first in FIRST for last in LAST]
    chance.shuffle(names)
    for number, name in enumerate(names[:160], start=101):
        lang = chance.choices(("en", "de", "es", "fr"), (70, 14, 9, 7))[0]
        handle = name.lower().replace(" ", chance.choice(("", "_"))) + (
            str(chance.randint(1, 99)) if number % 3 else ""
        )
        followers = int(10 ** chance.uniform(1.2, 3.6)) if number % 20 else int(10 ** chance.uniform(4.2, 5.6))
        yield Person(
            id=number, name=name, handle=handle, lang=lang, followers=followers, following=chance.randint(20, 900),
            bio=chance.choice(("", "Coffee first.", "Opinions are mine.", "Parent of two, owner of none.")),
        )  # fmt: skip


class _Writer:
    """Writes posts of one world."""

    def __init__(self, world: World, scenario: Scenario, chance: Random) -> None:
        self._world, self._scenario, self._chance = world, scenario, chance
        self._people = [person for person in world.people if person.id > 100]
        self._said: list[WorldPost] = []

    def day(self, end: datetime) -> Iterator[WorldPost]:
        """All posts of the scenario, ending at `end`."""
        scenario, chance = self._scenario, self._chance
        crisis = scenario.crisis
        for _ in range(scenario.posts - (crisis.posts if crisis else 0)):
            at = end - timedelta(hours=scenario.hours * chance.random())
            post = self._later_changed(self.post(self.intent(), at), end)
            yield post
            yield from self._follow_ups(post, end)
        for _ in range(crisis.posts if crisis else 0):
            ago = crisis.last_hours * chance.random() ** 2 if crisis else 0.0  # ever more towards the end
            post = self.post(
                "crisis", end - timedelta(hours=ago), lang=chance.choice(crisis.negative_lang if crisis else ["en"])
            )
            yield post
            yield from self._follow_ups(post, end)

    def intent(self) -> str:
        """What the next post is about, by the scenario's shares."""
        mix = self._scenario.mix
        return self._chance.choices(list(mix), list(mix.values()))[0]

    def post(self, intent: str, at: datetime, *, lang: str | None = None) -> WorldPost:
        """One new post."""
        chance = self._chance
        if intent == "share" and self._said:
            return self._keep(self._share(chance.choice(self._said), at))
        intent = "praise" if intent == "share" else intent
        by_lang = texts()[intent]
        wanted = lang or chance.choices(list(self._scenario.langs), list(self._scenario.langs.values()))[0]
        lang = wanted if wanted in by_lang else "en"
        text = self._filled(chance.choice(by_lang[lang]))
        author = self._world.person(OWN) if intent == "own" else chance.choice(self._people)
        network = chance.choices(list(self._scenario.networks), list(self._scenario.networks.values()))[0]
        assert author is not None
        return self._keep(self._made(network, author, text, lang, at, expected=intent))

    def _made(self, network: str, author: Person, text: str, lang: str, at: datetime, **facts: Any) -> WorldPost:
        number = self._world.next_id()
        chance = self._chance
        if network == "blogs":
            site = "blog.acme.test" if author.own else chance.choices(list(SITES), list(SITES.values()))[0]
            title = text.split(".")[0].split("!")[0].split("?")[0][:80]
            text = f"{text} {chance.choice(('More soon.', 'What do you think?', 'Tell us in the comments.'))}"
            facts |= {"site": site, "title": title}
        elif ("acme" not in text.lower() and "brew one" not in text.lower()) or (
            network == "mastodon" and "#acme" not in text
        ):
            text = f"{text} #acme"
        facts = {"thread": number, **facts}
        return WorldPost(
            id=number, network=network, author=author, text=text, lang=lang, published_at=at.replace(microsecond=0),
            appeal=int(10 ** chance.uniform(0, 2)) + author.followers // 2000, **marks(text), **facts,
        )  # fmt: skip

    def _share(self, original: WorldPost, at: datetime) -> WorldPost:
        author = self._chance.choice(self._people)
        at = max(at, original.published_at + timedelta(minutes=3))
        network = original.network if original.network != "blogs" else "x"
        kind = "share" if network == original.network else "post"
        shared = original.id if kind == "share" else None
        made = self._made(network, author, original.text, original.lang, at, expected="none")
        return replace(made, kind=kind, shared=shared, text=original.text)

    def _follow_ups(self, post: WorldPost, end: datetime) -> Iterator[WorldPost]:
        """The author writes again in the same thread, once or twice."""
        chance = self._chance
        if post.expected not in FOLLOWED_UP or post.network == "blogs" or chance.random() > 0.35:
            return
        parent = post
        for _ in range(chance.choice((1, 1, 2))):
            at = parent.published_at + timedelta(minutes=chance.randint(8, 90))
            if at > end:
                return
            lang = post.lang if post.lang in texts()["followup"] else "en"
            text = self._filled(chance.choice(texts()["followup"][lang]))
            tagged = f"{text} #acme" if post.network == "mastodon" else f"@acme {text}"
            number = self._world.next_id()
            parent = WorldPost(
                id=number, network=post.network, author=post.author, text=tagged, lang=lang, published_at=at,
                kind="reply", thread=post.thread, in_reply_to=parent.id, expected="followup", **marks(tagged),
            )  # fmt: skip
            yield parent

    def _later_changed(self, post: WorldPost, end: datetime) -> WorldPost:
        """A few posts are edited or deleted later."""
        luck = self._chance.random()
        later = post.published_at + timedelta(minutes=self._chance.randint(5, 50))
        if luck < 0.03 and later < end:
            return replace(post, edited_at=later, edited_text=f"{post.text} (edited)")
        if luck > 0.985:
            return replace(post, deleted_at=end + timedelta(hours=1))
        return post

    def _keep(self, post: WorldPost) -> WorldPost:
        if post.expected not in ("none", "own", "spam") and post.network != "blogs":
            self._said.append(post)
        return post

    def _filled(self, text: str) -> str:
        chance = self._chance
        slots: dict[str, Sequence[Any]] = {
            "product": PRODUCTS, "rival": RIVALS, "place": PLACES, "word": WORDS, "days": range(2, 30),
        }  # fmt: skip
        return text.format(**{name: chance.choice(values) for name, values in slots.items()})
