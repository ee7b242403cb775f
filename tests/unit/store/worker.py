"""A process of its own for the tests of many: claims and settles until nothing is left, and writes down what it had."""

from hub.domain import Receipt
from hub.store import Store


def main(url: str, name: str) -> None:
    """Claim in small bites, settle at once, print each delivery as `id fence`."""
    with Store.open(url) as store:
        while True:
            with store.begin() as tx:
                deliveries = tx.outbox.claim("salesforce", name, limit=7)
            if not deliveries:
                return
            print(*(f"{one.id} {one.fence}" for one in deliveries), sep="\n", flush=True)
            answers = [(one, Receipt(delivery=one.id, outcome="created", object_id=str(one.id))) for one in deliveries]
            with store.begin() as tx:
                assert tx.outbox.settle_all(answers) == []
