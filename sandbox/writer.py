"""Writes the posts of one invented world: new ones, shares, answers, and what becomes of them later."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sandbox.cast import FIRST_ID, OWN
from sandbox.people import Person, WorldPost, marks
from sandbox.scenario import Scenario, Scene, texts
from sandbox.world import World

PLACES = ("Leeds", "Porto", "Graz", "Lyon", "Austin", "Utrecht", "Bilbao", "Cork", "Malmö", "Nantes")
PRODUCTS = ("Brew One", "Brew One", "Brew Pro")
RIVALS = ("Brewster", "Kaffa")
WORDS = ("water", "milk", "sugar", "steam")
SITES = {"coffeelovers.test": 2, "techreview.test": 1}
CLOSINGS = ("More soon.", "What do you think?", "Tell us in the comments.", "Your turn.", "Pictures follow.")
FOLLOWED_UP = ("complaint", "support", "crisis")  # people who wait for an answer write again
ANSWERS = {"followup": "followup", "metoo": "complaint", "advice": "none", "own_answer": "own"}
"""What is meant by each kind of answer."""
TURNS = (
    ("followup",), ("followup", "followup"), ("metoo",), ("advice", "followup"), ("metoo", "own_answer", "followup"),
)  # fmt: skip
BRAND = ("acme", "brew one", "brew pro")  # without one of these, nobody would find a post


class Writer:
    """Writes posts of one world; the same seed writes the same."""

    def __init__(self, world: World, scenario: Scenario, chance: Random) -> None:
        self._world, self._scenario, self._chance = world, scenario, chance
        self._people = [person for person in world.people if person.id >= FIRST_ID] or world.people
        self._said: list[WorldPost] = []
        self._decks: dict[tuple[str, str], list[str]] = {}

    def intent(self) -> str:
        """What the next post is about, by the scenario's shares."""
        return self._one_of(self._scenario.mix)

    def post(self, intent: str, at: datetime, *, lang: str | None = None) -> WorldPost:
        """One new post."""
        if intent == "share" and self._said:
            return self.share(self._chance.choice(self._said), at)
        intent = "praise" if intent == "share" else intent
        text, lang = self._text(intent, lang or self._one_of(self._scenario.langs))
        post = self.make(self._one_of(self._scenario.networks), self._author(intent), text, lang, at, expected=intent)
        if intent not in ("own", "spam") and post.network != "blogs":
            self._said.append(post)
        return post

    def share(self, original: WorldPost, at: datetime) -> WorldPost:
        """Somebody carries on what another one said."""
        at = max(at, original.published_at + timedelta(minutes=3))
        made = self.make(original.network, self._author("share"), original.text, original.lang, at, expected="none")
        return replace(made, kind="share", shared=original.id, text=original.text)

    def answer(self, post: WorldPost, kind: str, at: datetime, author: Person) -> WorldPost:
        """An answer of one kind, in the thread of a post."""
        text, lang = self._text(kind, post.lang)
        text = f"{text} #acme" if post.network == "mastodon" or author.own else f"@acme {text}"
        text = f"@{post.author.handle} {text}" if author.own else text
        return WorldPost(
            id=self._world.next_id(), network=post.network, author=author, text=text, lang=lang, published_at=at,
            kind="reply", thread=post.thread, in_reply_to=post.id, expected=ANSWERS[kind], **marks(text),
        )  # fmt: skip

    def thread(self, post: WorldPost, end: datetime) -> Iterator[WorldPost]:
        """What a post that waits for an answer gets: the author again, others who have it too, advice, us."""
        chance = self._chance
        waits = post.expected in FOLLOWED_UP and post.network != "blogs"
        if not waits or chance.random() > self._scenario.answered:
            return
        last = post
        for kind in chance.choice(TURNS):
            at = last.published_at + timedelta(minutes=chance.randint(8, 90))
            if at > end:
                return
            author = post.author if kind == "followup" else self._author(kind)
            last = self.answer(last if kind == "followup" else post, kind, at, author)
            yield last

    def changed(self, post: WorldPost, end: datetime) -> WorldPost:
        """A few posts are edited; a few will be gone an hour after the day's end."""
        luck = self._chance.random()
        later = post.published_at + timedelta(minutes=self._chance.randint(5, 50))
        if post.kind == "share":
            return post
        if luck < 0.03 and later < end:
            return replace(post, edited_at=later, edited_text=f"{post.text} (edited)")
        return replace(post, deleted_at=end + timedelta(hours=1)) if luck > 0.985 else post

    def scene(self, scene: Scene, end: datetime) -> list[WorldPost]:
        """The posts of one scene, played by whoever is drawn for its roles."""
        roles: dict[str, Person] = {}
        posts: list[WorldPost] = []
        for line in scene.lines:
            author = self._author("own") if line.by == "acme" else roles.setdefault(line.by, self._author(line.by))
            at = end - timedelta(minutes=line.minutes_ago)
            parent = posts[line.answers] if line.answers is not None else None
            shared = posts[line.shares] if line.shares is not None else None
            text = line.text or (shared.text if shared else "")
            number = self._world.next_id()
            gone_at = None if line.gone_after is None else at + timedelta(minutes=line.gone_after)
            edited_at = at + timedelta(minutes=line.edited_after) if line.edited_to else None
            posts.append(WorldPost(
                id=number, network=line.network, author=author, text=text, lang="en", published_at=at,
                kind=line.kind or ("reply" if parent else "post"), thread=parent.thread if parent else number,
                in_reply_to=parent.id if parent else None, shared=shared.id if shared else None, appeal=20,
                edited_text=line.edited_to, edited_at=edited_at, deleted_at=gone_at, expected=line.expected,
                extra={} if line.visibility == "public" else {"visibility": line.visibility}, **marks(text),
            ))  # fmt: skip
        return posts

    def make(self, network: str, author: Person, text: str, lang: str, at: datetime, **facts: Any) -> WorldPost:
        """One post as its network wants it: found by the brand's name or tag; on a blog, with a title."""
        number, chance = self._world.next_id(), self._chance
        if network == "blogs":
            facts["site"] = "blog.acme.test" if author.own else self._one_of(SITES)
            facts["title"] = text.split(".")[0].split("!")[0].split("?")[0][:80]
            text = f"{text} {chance.choice(CLOSINGS)}"
        elif not any(name in text.lower() for name in BRAND) or (network == "mastodon" and "#acme" not in text):
            text = f"{text} #acme"
        return WorldPost(
            id=number, network=network, author=author, text=text, lang=lang, published_at=at,
            appeal=int(10 ** chance.uniform(0, 2)) + author.followers // 2000, **marks(text),
            **{"thread": number, **facts},
        )  # fmt: skip

    def _author(self, intent: str) -> Person:
        own = self._world.person(OWN)
        return own if intent.startswith("own") and own else self._chance.choice(self._people)

    def _text(self, intent: str, lang: str) -> tuple[str, str]:
        """A text and its language. All texts of a kind are used before one comes again, and never twice in a row."""
        lang = lang if lang in texts()[intent] else "en"
        deck = self._decks.setdefault((intent, lang), [])
        if len(deck) <= 1:
            fresh = list(texts()[intent][lang])
            self._chance.shuffle(fresh)
            deck[:0] = [text for text in fresh if text not in deck] if len(fresh) > 1 else fresh
        return self._filled(deck.pop()), lang

    def _filled(self, text: str) -> str:
        slots: dict[str, Sequence[Any]] = {
            "product": PRODUCTS, "rival": RIVALS, "place": PLACES, "word": WORDS, "days": range(2, 30),
        }  # fmt: skip
        return text.format(**{name: self._chance.choice(values) for name, values in slots.items()})

    def _one_of(self, shares: dict[str, int]) -> str:
        return self._chance.choices(list(shares), list(shares.values()))[0]
