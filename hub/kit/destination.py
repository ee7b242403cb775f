"""What every destination is made of: a vendor's client opened late, and one receipt for each delivery.

One protocol serves all of them, whatever the size of a call (`hub.stages.deliver` keeps it): what `plan` asks for is
claimed and the claim committed before the first byte; `send` answers with one receipt for each delivery; what was
answered by silence is looked up by `find` before anything is sent again. A destination may

- take calls of a size that depends on what waits: `plan`;
- hand work to a job of the other side that outlives the call: `claim.note` keeps the job's id before it may begin,
  `unknown` receipts end the `send`, and `resume` asks what became of the job, in this process or in the next;
- be called by several senders at once, each with an instance of its own: `senders` in the manifest.

Two more things may be asked of it, both by people (`hub setup NAME`) and harmless to ask again:

- `prepare` makes over there what the hub needs: fields, views, channels. It goes step by step, and each `Step` says
  whether it is there, is missing, was made just now, or is for a person to make.
- `preflight` compares what the mappings may write with what the other side takes now, and only reads. Each `Finding`
  is a difference that would cost deliveries. `hub doctor` asks for it too, and so does the sender before the first
  delivery of a changed mapping and once a day (`hub.stages.preflight`): while there is a finding, nothing is sent.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from threading import Event
from typing import Any, ClassVar, Literal, Protocol, Self

from hub.domain import JOB_RUNNING, Delivery, Ending, FoundRecord, Manifest, MappedObject, Model, Receipt
from hub.errors import SetupError
from hub.kit.connection import Connection
from hub.kit.ears import Ears
from hub.kit.services import Services


class Claim(Protocol):
    """What the running `send` or `resume` holds of the outbox. Both calls raise StaleClaim once it is another's."""

    def note(self, job: str) -> None:
        """Keep the id of the job that carries these deliveries; on disk when this returns.

        Call it before the job can begin. Where the other side names the job only in its answer, note a name of your
        own before the call and the real one after it: `resume` is then told which of the two was reached.
        """
        ...

    def renew(self) -> None:
        """Hold these deliveries for another lease: call it between the steps of a long call."""
        ...


class Unclaimed:
    """Nobody's claim: a connector that is tried by itself, on recordings or in its own tests."""

    def note(self, job: str) -> None:
        """There is nothing to keep it with."""

    def renew(self) -> None:
        """There is no lease."""


class Step(Model, omit_defaults=False):
    """One thing that the hub needs over there, and whether it is there."""

    what: str  # such as: field Hub_Key__c on Lead
    state: Literal["there", "missing", "made", "by hand"]
    detail: str = ""  # what it is for, or what to do about it: a sentence with the remedy where it is not there


class Finding(Model, omit_defaults=False):
    """One difference between what a mapping writes and what the other side takes, with its remedy."""

    object: str
    field: str  # empty where it concerns the object
    problem: str  # a short word that programs may rely on: missing_field, too_short
    remedy: str  # one sentence that says what is wrong and what to do

    def __str__(self) -> str:
        return self.remedy


class Destination:
    """A place work is handed to. Say in the subclass's docstring why sending twice is harmless."""

    batch_size: ClassVar[int] = 1  # deliveries that one `send` carries, unless `plan` says otherwise
    visibility_seconds: ClassVar[float] = 0  # after so long, what `find` does not see is not there
    addresses: Sequence[str] = ()  # places over there that hub.yaml names, for who prepares it
    claim: Claim = Unclaimed()  # of the call that is running

    def __init__(self, manifest: Manifest, connection: Connection, services: Services) -> None:
        self.manifest = manifest
        self.connection = connection
        self.services = services
        self.tell: Callable[[str], None] = lambda _: None  # how far long work is, for a person who waits

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

    def plan(self, object: str, waiting: int) -> int:
        """How many of the `waiting` deliveries of one object the next `send` shall carry, at least 1.

        `waiting` is counted up to `hub.store.outbox.MOST_WAITING`. The call may get fewer: what keeps an author's
        order, or was erased meanwhile, stays behind. So `send` decides by the length of what it gets, not by the plan.
        """
        return self.batch_size

    def find(self, deliveries: Sequence[Delivery]) -> Iterator[FoundRecord]:
        """What the destination holds now; asked after an unknown outcome and for what people have set.

        RecordError where one delivery keeps it from being told: the others are then asked for without it.
        """
        raise TypeError(f"{type(self).__name__} must say how a record is found.")

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        """One receipt for each delivery, in order; all of them are of one object.

        A refused item is a receipt, never an exception. Unavailable, RateLimited and AccessDenied speak of
        the whole call. Handed to a job that goes on by itself: `running(delivery, ...)` for each.
        """
        raise TypeError(f"{type(self).__name__} must say how it sends.")

    def resume(self, job: str, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        """What became of a job that these deliveries were handed to, also by a process that is gone.

        While it runs, `running(delivery, ...)` for each. Afterwards a receipt for each one that the job's results
        tell of; what they do not tell of is looked up, as is all of a job that is known no more.
        """
        return iter(())

    def prepare(self, *, apply: bool) -> Iterator[Step]:
        """What the hub needs over there, step by step in the order in which it is made.

        Without `apply` it is only looked at: a step is there, missing, or by hand. With it, what is missing is made
        and told as made; what was there stays as it is, so that a second run makes nothing. Whatever our access does
        not allow is a step by hand whose detail says who must do what. HubError where there is no going on.
        """
        return iter(())

    def preflight(self, mapped: Sequence[MappedObject]) -> Iterator[Finding]:
        """What of these mappings the other side will not take; reads only, and as little as can be."""
        return iter(())

    def endings(self, leads: Sequence[str]) -> Iterator[Ending]:
        """What became of these leads, by external id: asked once a day, so in as few calls as can be.

        What is not there any more is left out. What keeps no leads knows of none.
        """
        return iter(())

    def listen(self, ears: Ears, stop: Event) -> None:
        """Hear the buttons that people press there, until told to stop."""
        raise SetupError(f"{self.manifest.title} has no buttons to listen to.")

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


def running(delivery: Delivery, *, ask_again_in: float) -> Receipt:
    """Handed to a job that is not done yet; it is asked for again after so many seconds, and nothing waits meanwhile.

    Ask after a tenth of the time that it has taken so far, and its end is noticed within a tenth.
    """
    return Receipt(delivery=delivery.id, outcome="unknown", reason=JOB_RUNNING, retry_after=ask_again_in)
