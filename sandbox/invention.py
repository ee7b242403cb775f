"""Invents a day of talk from one seed, and goes on talking when asked to."""

import math
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

import msgspec

from sandbox.cast import FIRMS, people
from sandbox.people import WorldPost
from sandbox.scenario import Crisis, Scenario, load_scenario, scenes
from sandbox.state import Closed, State
from sandbox.world import World
from sandbox.writer import Writer

LATEST = timedelta(seconds=30)  # the day ends so long before now


def invent(world: World, scenario: Scenario, *, seed: int) -> None:
    """Fill an empty world: the day ends now."""
    chance = Random(seed)
    world.add_people([*FIRMS, *people(chance, scenario.crowd)])
    writer = Writer(world, scenario, chance)
    end = world.clock.now().replace(microsecond=0) - LATEST
    world.add_posts(sorted(day(writer, scenario, chance, end), key=lambda post: post.id))
    for network, posts in scenario.elsewhere.items():
        alone = msgspec.structs.replace(scenario, posts=posts, networks={network: 1}, crisis=None)
        own_chance = Random(f"{seed}:{network}")
        there = ordinary(Writer(world, alone, own_chance), alone, own_chance, end)
        world.add_posts(sorted(there, key=lambda post: post.id))


def day(writer: Writer, scenario: Scenario, chance: Random, end: datetime) -> Iterator[WorldPost]:
    """All posts of the scenario, ending at `end`."""
    for scene in scenes():
        yield from writer.scene(scene, end)
    crisis = scenario.crisis
    yield from ordinary(writer, scenario, chance, end)
    for at in swelling(crisis, end) if crisis else ():
        lang = chance.choices(list(crisis.langs), list(crisis.langs.values()))[0] if crisis else "en"
        post = writer.post("crisis", at, lang=lang)
        yield post
        yield from writer.thread(post, end)


def ordinary(writer: Writer, scenario: Scenario, chance: Random, end: datetime) -> Iterator[WorldPost]:
    """What is said besides scenes and crisis, and what is answered to it."""
    for _ in range(scenario.posts - (scenario.crisis.posts if scenario.crisis else 0)):
        at = end - timedelta(seconds=int(3600 * scenario.hours * chance.random()))
        post = writer.changed(writer.post(writer.intent(), at), end)
        yield post
        yield from writer.thread(post, end)


def swelling(crisis: Crisis, end: datetime) -> list[datetime]:
    """When the posts of a crisis are written, oldest first: every hour holds `grows` times as many as the last."""
    steady = crisis.grows - 1 < 1e-6  # too near to one for a logarithm
    total = crisis.grows**crisis.last_hours - 1
    ages = []
    for number in range(crisis.posts):
        share = (number + 0.5) / crisis.posts
        hours = share * crisis.last_hours if steady else math.log(1 + share * total, crisis.grows)
        ages.append(crisis.last_hours - hours)
    return [end - timedelta(seconds=int(3600 * age)) for age in ages]


class Talk:
    """People who go on talking while the sandbox runs."""

    def __init__(self, world: World, state: State, *, seed: int, per_minute: float) -> None:
        self._world, self._state, self._seed = world, state, seed
        self._pause = 60.0 / per_minute
        self._scenario = load_scenario("quiet_day")
        self._era = -1

    def go_on(self, stopped: threading.Event) -> None:
        """Add a new post now and then, until stopped."""
        while not stopped.wait(self._pause):
            try:
                self.say()
            except Closed:
                return

    def say(self) -> WorldPost:
        """Add one new post. After a reset the world is another one, and so are those who write."""
        with self._world.lock:
            if self._era != self._world.era:
                self._era = self._world.era
                chance = Random(f"{self._seed}:{self._world.size}")  # a restarted sandbox does not repeat itself
                self._writer = Writer(self._world, self._scenario, chance)
            post = self._writer.post(self._writer.intent(), self._world.clock.now())
            self._world.add_posts([post])
            self._state.commit()
            return post
