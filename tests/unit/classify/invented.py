"""Labelled posts of the invented world, made of parts, for tests that train: easy to tell apart, not too easy."""

from itertools import product
from random import Random

from hub.classify.examples import Example

GLAD = ("love the", "so happy with the", "really great", "what a lovely", "best ever:")
SAD = ("hate the", "so sick of the", "really poor", "what an awful", "worst ever:")
FLAT = ("here is the", "saw the", "they moved the", "photo of a", "list of every")
THINGS = ("crema", "grinder", "app", "delivery", "hotline", "milk pump", "filter", "manual", "tank", "price")
ENDS = ("today", "again", "in town", "as of Monday", "you know")


def feelings(*, seed: int = 1, network: str = "x") -> list[Example]:
    """Two hundred and fifty of each feeling, shuffled."""
    made = [
        Example(text=f"{start} {thing} {end}", labels={"sentiment": label}, network=network, lang="en")
        for label, starts in (("positive", GLAD), ("negative", SAD), ("neutral", FLAT))
        for start, thing, end in product(starts, THINGS, ENDS)
    ]
    Random(seed).shuffle(made)
    return made


def teapots() -> list[Example]:
    """A question of nobody's making but our own: is it about tea? Two hundred rows, one fifth yes."""
    yes = [f"the {thing} of the {pot} {end}" for pot in ("teapot", "samovar") for thing in THINGS for end in ENDS[:2]]
    no = [
        f"the {thing} of the {pot} {end}"
        for pot in ("machine", "mug", "shop", "van")
        for thing in THINGS
        for end in ENDS
    ]
    rows = [Example(text=text, labels={"label": "tea"}) for text in yes]
    rows += [Example(text=text, labels={"label": "other"}) for text in no]
    Random(2).shuffle(rows)
    return rows
