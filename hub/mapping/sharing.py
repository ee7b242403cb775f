"""What stands in several fields of a mapping and is worth being computed once, before all else.

Only what cannot refuse a record may be moved to the front: there it is computed even where a condition would have
passed over it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from hub.mapping.conditions import ORDERS
from hub.mapping.registry import FUNCTIONS
from hub.mapping.syntax import Node, walk

CHEAP = {"field", "subexpression", "literal", "current", "identity"}  # as fast as a look at what was kept
MADE_AFRESH = {
    "function_expression",
    "multi_select_list",
    "multi_select_dict",
    "key_val_pair",
}  # one each: who gets one may change it
SIMPLE = {"string", "number", "boolean", "null"}
ON_THE_SAME = {  # their parts are applied to what they are applied to themselves; of all others only the first is
    "or_expression", "and_expression", "not_expression", "comparator",
    "function_expression", "multi_select_list", "multi_select_dict", "key_val_pair",
}  # fmt: skip


def key_of(node: Node) -> str:
    """What two nodes that say the same have in common."""
    return repr(node)


def repeated(trees: Iterable[Node]) -> list[Node]:
    """What these trees apply to the record itself more than once, inner parts first."""
    nodes = [node for tree in trees for node in _on_record(tree) if _can_be_shared(node)]
    times = Counter(map(key_of, nodes))
    found = {key_of(node): node for node in nodes}
    shared = []
    for key in sorted(found, key=lambda key: (len(key), key), reverse=True):
        if times[key] > 1:
            shared.append(found[key])
            inner = [key_of(node) for node in _on_record(found[key]) if node is not found[key]]
            times.subtract(inner * (times[key] - 1))  # of what stands in it, one is left
    return shared[::-1]


def _on_record(tree: Node) -> Iterator[Node]:
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        if node["type"] != "slice":  # whose children are numbers
            pending += node["children"] if node["type"] in ON_THE_SAME else node["children"][:1]


def cannot_refuse(node: Node) -> bool:
    """Whether this gives a value for whatever record, so that nobody can tell whether it was asked for."""
    return not any(map(_may_refuse, walk(node)))


def _may_refuse(node: Node) -> bool:
    """Whether this is a function of JMESPath's own, or compares by order, which refuses a text beside a number."""
    if node["type"] == "function_expression":
        return FUNCTIONS[node["value"]].standard
    return node["type"] == "expref" or (node["type"] == "comparator" and node["value"] in ORDERS)


def _can_be_shared(node: Node) -> bool:
    kinds = {each["type"] for each in walk(node)}
    return not kinds <= CHEAP and cannot_refuse(node) and (_gives_simple(node) or kinds.isdisjoint(MADE_AFRESH))


def _gives_simple(node: Node) -> bool:
    """Whether this is a function out of which comes no list or object."""
    if node["type"] != "function_expression":
        return False
    returns = FUNCTIONS[node["value"]].returns
    return bool(returns) and SIMPLE.issuperset(returns)
