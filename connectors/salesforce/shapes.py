"""What an organisation's objects are like: asked of each once a day, for all processes."""

from typing import Any

from connectors.salesforce.answers import name_trouble
from connectors.salesforce.org import Org
from connectors.salesforce.words import CONTACT, KEY_FIELD, PERSONA
from hub.domain import Model
from hub.errors import SetupError
from hub.kit import Services

DAY_SECONDS = 86_400.0
SOON_SECONDS = 300.0  # what is not there may be set up any time
SHAPE = "salesforce:shape"
TIED = "salesforce:tied"
HOUR_SECONDS = 3_600.0


class Shape(Model):
    """An object: how long each of its fields is, and whether our key on it is unique, where that is told."""

    lengths: dict[str, int]
    unique: bool | None = None

    def has(self, name: str) -> bool:
        """Whether it has this field, and we may see it."""
        return name in self.lengths


class Shapes:
    """The objects of one organisation."""

    def __init__(self, org: Org, services: Services, connection_id: str) -> None:
        self._org, self._memory, self._connection = org, services.memory, connection_id
        self._known: dict[str, Shape | None] = {}

    def of(self, sobject: str) -> Shape | None:
        """The object, or nothing where there is none that we may see."""
        if sobject not in self._known:
            kept = self._memory.get(f"{SHAPE}:{self._connection}:{sobject}")
            self._known[sobject] = self.ask(sobject) if kept is None else read(kept)
        return self._known[sobject]

    def ask(self, sobject: str) -> Shape | None:
        """What its describe says now. SetupError where our key is told not to be unique."""
        status, told = self._org.exchange("GET", f"sobjects/{sobject}/describe")
        if status in (401, 403) or status >= 500:
            raise name_trouble(status, told, sobject=sobject)
        return proven(sobject, self.note(sobject, told))

    def note(self, sobject: str, described: Any) -> Shape | None:
        """Remember for a day what a describe says."""
        fields = described.get("fields") if isinstance(described, dict) else None
        shape = None if fields is None else shape_of(fields)
        self._known[sobject] = shape
        kept = shape.plain() if shape else {}
        seconds = DAY_SECONDS if shape else SOON_SECONDS
        self._memory.set(f"{SHAPE}:{self._connection}:{sobject}", kept, keep_seconds=seconds)
        return shape

    def is_unique(self, sobject: str) -> bool:
        """Whether a second creation under one key is surely refused."""
        shape = proven(sobject, self.of(sobject))
        return shape is not None and shape.unique is True

    def are_tied(self) -> bool:
        """Whether some contact is tied to an account of a network: then somebody new may be one. Asked once an hour."""
        name = f"{TIED}:{self._connection}"
        kept = self._memory.get(name)
        if kept is None:
            kept = any(self._some(query) for query in self._ties())
            self._memory.set(name, kept, keep_seconds=DAY_SECONDS if kept else HOUR_SECONDS)
        return bool(kept)

    def tie(self) -> None:
        """There is one now."""
        self._memory.set(f"{TIED}:{self._connection}", True, keep_seconds=DAY_SECONDS)

    def _ties(self) -> list[str]:
        contact = self.of(CONTACT)
        queries = ["SELECT Id FROM SocialPersona__c WHERE Contact__c != null LIMIT 1"] if self.of(PERSONA) else []
        if contact is not None and contact.has(KEY_FIELD):
            queries.append("SELECT Id FROM Contact WHERE Hub_Key__c != null LIMIT 1")
        return queries

    def _some(self, query: str) -> bool:
        return bool(self._org.ask("query", params={"q": query}, sobject=PERSONA)["records"])


def proven(sobject: str, shape: Shape | None) -> Shape | None:
    """The same shape; SetupError where it says that two records may share our key."""
    if shape is not None and shape.unique is False:
        raise SetupError(f"{KEY_FIELD} on {sobject} must be unique, else there can be two of one: tick Unique.")
    return shape


def shape_of(fields: list[dict[str, Any]]) -> Shape:
    """A shape from the fields of a describe."""
    unique = next((one.get("unique") for one in fields if one.get("name") == KEY_FIELD), None)
    return Shape(lengths={str(one.get("name")): int(one.get("length") or 0) for one in fields}, unique=unique)


def read(kept: Any) -> Shape | None:
    """A shape from the memory that all processes share."""
    return Shape(lengths=kept["lengths"], unique=kept.get("unique")) if kept else None
