"""Who lives in the invented world: the firms, and a hundred and sixty people with names of nobody."""

from collections.abc import Iterator
from random import Random

from sandbox.people import Person

OWN, BREWSTER, KAFFA = 1, 2, 3  # ids of the firms' own accounts
CROWD = 160
FIRST_ID = 101  # people are numbered from here
LANGS = {"en": 70, "de": 14, "es": 9, "fr": 7}
FIRST = (
    "Ada", "Ben", "Carla", "Dario", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jonas",
    "Kaja", "Luis", "Mara", "Nils", "Olga", "Pau", "Quinn", "Rosa", "Sami", "Tess",
)  # fmt: skip
LAST = (
    "Abel", "Brandt", "Costa", "Dumas", "Eklund", "Ferrer", "Gruber", "Haas",
    "Ibarra", "Jansen", "Keller", "Lemoine", "Moreau", "Novak", "Ortiz", "Pfeil",
)  # fmt: skip
BIOS = (
    "", "", "Coffee first.", "Opinions are mine.", "Parent of two, owner of none.", "Runs slowly, reads fast.",
    "Nurse, night shifts, strong coffee.", "Teacher. Corrections welcome.", "I fix bicycles.", "Writes about food.",
)  # fmt: skip
FIRMS = (
    Person(
        id=OWN, name="Acme Coffee", handle="acme", followers=48_200, following=310, verified=True, own=True,
        bio="Coffee machines that start before you do. Help: support@acme.test", joined_at="2012-03-05T09:00:00+00:00",
    ),
    Person(
        id=BREWSTER, name="Brewster", handle="brewster", followers=39_500, following=120, verified=True,
        bio="Serious espresso.", joined_at="2013-06-11T09:00:00+00:00",
    ),
    Person(
        id=KAFFA, name="Kaffa", handle="kaffa", followers=21_900, following=95, verified=True,
        bio="Beans first.", joined_at="2015-01-20T09:00:00+00:00",
    ),
)  # fmt: skip


def people(chance: Random, crowd: int = CROWD) -> Iterator[Person]:
    """Everybody but the firms: so many. One in twenty is widely read."""
    names = [f"{first} {last}" for first in FIRST for last in LAST]
    chance.shuffle(names)
    if crowd > len(names):
        names += chance.sample([f"{name}-{last}" for name in names for last in LAST], crowd - len(names))
    for number, name in enumerate(names[:crowd], start=FIRST_ID):
        handle = name.lower().replace(" ", chance.choice(("", "_"))) + (
            str(chance.randint(1, 99)) if number % 3 else ""
        )
        followers = int(10 ** chance.uniform(1.2, 3.6)) if number % 20 else int(10 ** chance.uniform(4.2, 5.6))
        joined = f"{chance.randint(2010, 2024)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
        yield Person(
            id=number, name=name, handle=handle, lang=chance.choices(list(LANGS), list(LANGS.values()))[0],
            followers=followers, following=chance.randint(20, 900), bio=chance.choice(BIOS),
            joined_at=f"{joined}T08:00:00+00:00",
        )  # fmt: skip
