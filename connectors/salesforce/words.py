"""Which words may become part of a call to Salesforce, and the names of our own fields.

Unique fields ignore case unless told otherwise, and simple-salesforce joins ids onto URLs unquoted: only external ids
made of 0-9 and a-f are ever sent.
"""

import re

from hub.domain import Delivery
from hub.errors import SetupError

KEY_FIELD = "Hub_Key__c"
DIGEST_FIELD = "Hub_Digest__c"
HEX = re.compile(r"[0-9a-f]{16,64}")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
WORD = re.compile(r"[A-Za-z_]{1,60}")
HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
LOCATOR = re.compile(r"[A-Za-z0-9]{15,40}-\d{1,9}")


def checked(text: str, form: re.Pattern[str]) -> str:
    """The text, when it is safe inside a query or a path."""
    if not form.fullmatch(text):
        raise SetupError(f"{text[:80]!r} cannot be part of a call to Salesforce.")
    return text


def object_of(delivery: Delivery) -> str:
    """The sObject's API name: `Lead` of `sObject Lead`."""
    return checked(delivery.object.removeprefix("sObject "), NAME)
