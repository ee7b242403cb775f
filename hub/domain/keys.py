"""Keys: what makes two things the same thing. Frozen for ever; a change needs a migration (decision 16).

A key is `network:record_type:[scope/]native_id`. The scope is the server, site or feed where a native
id is unique only there. The external id that a destination gets is a digest of a key, in lower-case hex:
no vendor's rule about case, length or quoting can then make one id of two, or a path of an id.
"""

from functools import lru_cache
from hashlib import sha256

EXTERNAL_ID_LENGTH = 32


def make_key(network: str, record_type: str, native_id: str, scope: str | None = None) -> str:
    """The key of one thing on one network, such as `mastodon:status:social.test/1140`."""
    return key_start(network, record_type, scope) + native_id


def key_start(network: str, record_type: str, scope: str | None = None) -> str:
    """What the keys of all things of one type begin with; the native id follows."""
    return f"{network}:{record_type}:{scope}/" if scope else f"{network}:{record_type}:"


@lru_cache(maxsize=4_096)  # one piece of work asks for the same few again and again
def external_id(*keys: str) -> str:
    """32 lower-case hex digits that stand for these keys at a destination."""
    return sha256("\x1f".join(keys).encode("utf-8", "surrogatepass")).hexdigest()[:EXTERNAL_ID_LENGTH]


def scope_of(key: str, native_id: str) -> str | None:
    """The scope in a key that `make_key` made with this native id; None where there is none."""
    return key.split(":", 2)[2].removesuffix(native_id).rstrip("/") or None
