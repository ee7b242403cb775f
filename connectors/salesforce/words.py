"""Which words may become part of a call to Salesforce, and the names of its objects and of our own fields.

Unique fields ignore case unless told otherwise, and simple-salesforce joins ids onto URLs unquoted: only external ids
made of 0-9 and a-f are ever sent.
"""

import re
from typing import Any, NamedTuple

from hub.domain import Authority, Delivery, external_id
from hub.errors import SetupError

LEAD, CONTACT, PERSONA, POST = "Lead", "Contact", "SocialPersona__c", "SocialPost__c"
OURS = (PERSONA, POST)  # objects of the hub's own package
PREFIXES = {"00Q": LEAD, "003": CONTACT}  # of ids, the same in every organisation
MAIL = "mailto:"
KEY_FIELD = "Hub_Key__c"
DIGEST_FIELD = "Hub_Digest__c"
HEX = re.compile(r"[0-9a-f]{16,64}")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
WORD = re.compile(r"[A-Za-z_]{1,60}")
HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,180}")  # more of one, and it is none
LOCATOR = re.compile(r"[A-Za-z0-9]{15,40}-\d{1,9}")


def checked(text: str, form: re.Pattern[str]) -> str:
    """The text, when it is safe inside a query or a path."""
    if not form.fullmatch(text):
        raise SetupError(f"{text[:80]!r} cannot be part of a call to Salesforce.")
    return text


def sobject_of(id: str | None) -> str | None:
    """Whether an id is a lead's or a contact's."""
    return PREFIXES.get(str(id)[:3]) if id else None


def accounts_of(delivery: Delivery) -> tuple[str, ...]:
    """Keys of all the accounts of the person that it is about."""
    return tuple(name for name in delivery.known_as if not name.startswith(MAIL))


def addresses_of(delivery: Delivery) -> tuple[str, ...]:
    """The e-mail addresses of the person that it is about, in small letters."""
    told = (name.removeprefix(MAIL).lower() for name in delivery.known_as if name.startswith(MAIL))
    return tuple(each for each in told if ADDRESS.fullmatch(each))


def persona_key(account: str) -> str:
    """The external id of an account's persona, as mappings/salesforce.yaml makes it."""
    return external_id("persona", account)


def whose(delivery: Delivery, name: str) -> Authority:
    """A field is ours by its name, or with its object; any other is a person's once they have changed it."""
    ours = name.startswith("Hub_") or delivery.object in OURS
    return delivery.authority.get(name) or ("overwrite" if ours else "never")


def object_of(delivery: Delivery) -> str:
    """The sObject's API name: `Lead` of `sObject Lead`."""
    return checked(delivery.object.removeprefix("sObject "), NAME)


class Names(NamedTuple):
    """Which objects hold personas and posts, as the connection's extra `social_objects` says."""

    wanted: bool = True

    @classmethod
    def of(cls, said: Any) -> "Names":
        """`custom` (the package's own, and what is meant where nothing is said) or `none`."""
        word = str(said or "custom").lower()
        if word not in ("custom", "none"):
            raise SetupError(f"The connection's extra social_objects says {word[:40]!r}; it can be custom or none.")
        return cls(wanted=word != "none")
