"""What every destination is made of: a vendor's client opened late, and one receipt for each delivery."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, ClassVar, Self

from hub.domain import Delivery, FoundRecord, Manifest, Receipt
from hub.kit.connection import Connection
from hub.kit.services import Services


class Destination:
    """A place work is handed to. Say in the subclass's docstring why sending twice is harmless."""

    batch_size: ClassVar[int] = 1  # deliveries that one `send` may carry
    visibility_seconds: ClassVar[float] = 0  # after so long, what `find` does not see is not there

    def __init__(self, manifest: Manifest, connection: Connection, services: Services) -> None:
        self.manifest = manifest
        self.connection = connection
        self.services = services

    @cached_property
    def client(self) -> Any:
        """The vendor's own client, opened at first use."""
        return self.open()

    def open(self) -> Any:
        """Make the vendor's client: retries off, timeouts on, the connection's credentials."""
        raise TypeError(f"{type(self).__name__} must say how its client is opened.")

    def check(self) -> None:
        """Prove that we may call the API at all; costs one request."""
        raise TypeError(f"{type(self).__name__} must say how it is checked.")

    def find(self, deliveries: Sequence[Delivery]) -> Iterator[FoundRecord]:
        """What the destination holds now; asked after an unknown outcome and for `only_if_blank`.

        RecordError where one delivery keeps it from being told: the others are then asked for without it.
        """
        raise TypeError(f"{type(self).__name__} must say how a record is found.")

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        """One receipt for each delivery, in order; all of them are of one object.

        A refused item is a receipt, never an exception. Unavailable, RateLimited and AccessDenied speak of
        the whole call.
        """
        raise TypeError(f"{type(self).__name__} must say how it sends.")

    def secret(self, name: str) -> str:
        """The connection's secret of this name, from the place that the manifest gives it."""
        return self.connection.secret(name, self.manifest.connection.get("secrets", {}).get(name))

    def close(self) -> None:
        """Let go of the client, if it was ever opened."""
        client = self.__dict__.pop("client", None)
        if client is not None and hasattr(client, "close"):
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
