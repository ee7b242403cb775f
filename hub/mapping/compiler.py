"""Turns JMESPath parse trees into Python, so that a mapping costs little more than code written by hand.

What shapes this module:

- Every node becomes straight-line statements with results in local names; there is no interpreter left.
- Looking up a field cannot fail and has no effect, so the objects that several fields share
  (`post.author` in `post.author.name`) are fetched once, at the head of the function.
- Whatever may refuse a value, such as a function, is written where jmespath.py would evaluate it and
  nowhere else: behind the same conditions, and even where its result is not used.
- Python allows 20 nested loops and 100 levels of indentation; deeper parts move to functions of their own.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from hub.mapping import conditions
from hub.mapping.inline import is_shown, written_out
from hub.mapping.registry import FUNCTIONS, MISSING
from hub.mapping.sharing import key_of, repeated
from hub.mapping.syntax import Node
from hub.mapping.text import shown
from hub.mapping.writer import Body, Value, Writer

TEXT = {"string", "null"}
DEEPEST = 12  # blocks within blocks, before a part becomes a function of its own


class Compiler(Writer):
    """Writes Python for parse trees."""

    def __init__(self, name: str, *, subject_is_object: bool = False) -> None:
        super().__init__(name)
        self._outermost = self.body
        self._shared: dict[str, Value] = {}
        if subject_is_object:
            self.body.known[()] = self.body.subject

    def is_object(self, subject: str) -> bool:
        """Whether the current value is an object for sure."""
        return self.body.known.get(()) == subject

    def share(self, trees: Iterable[Node]) -> None:
        """Compute first what stands in several of these trees."""
        for node in repeated(trees):
            self._shared[key_of(node)] = self.bind(self.value(node, self.body.subject))

    def value(self, node: Node, subject: str) -> Value:
        """Code for what the node gives when the local name `subject` holds the current value."""
        if self._shared and self.body is self._outermost and subject == self.body.subject:
            known = self._shared.get(key_of(node))
            if known is not None:
                return known
        if self.body.indent > DEEPEST and node["children"]:
            return Value(self.named(Value(f"{self._function(node)}({subject})")), simple=True)
        method: Callable[[Node, str], Value] = getattr(self, f"_{node['type']}")
        return method(node, subject)

    def truth(self, node: Node, subject: str) -> str:
        """A Python condition that holds when JMESPath calls the node's value true."""
        if node["type"] == "not_expression":
            return f"(not {self.truth(node['children'][0], subject)})"
        if node["type"] in ("and_expression", "or_expression"):
            return self._joined_truth(node, subject)
        return conditions.is_true(self.value(node, subject), self.name())

    def _joined_truth(self, node: Node, subject: str) -> str:
        """Both conditions in one, unless the right one needs statements, which may have to be skipped."""
        left, right = node["children"]
        word, skip = ("and", "if") if node["type"] == "and_expression" else ("or", "if not")
        first = self.truth(left, subject)
        with self.aside() as statements:
            second = self.truth(right, subject)
        if not statements:
            return f"({first} {word} {second})"
        verdict = self.name()
        self.write(f"{verdict} = {first}")
        with self.block(f"{skip} {verdict}:"):
            self.body.lines += statements
            self.write(f"{verdict} = {second}")
        return verdict

    def _function(self, node: Node) -> str:
        """A function of its own that gives the node's value for its argument."""
        outer, name = self.body, self.name("part")
        self.body = Body(name)
        self.write(f"return {self.value(node, self.body.subject).code}")
        self.finished.append(self.body)
        self.body = outer
        return name

    # Steps from a value to a part of it

    def _field(self, node: Node, subject: str) -> Value:
        return self._path((node["value"],), subject)

    def _path(self, names: tuple[str, ...], subject: str) -> Value:
        """A chain of fields."""
        *outer, last = names
        if subject == self.body.subject:
            return Value(f"{self._object(tuple(outer))}.get({last!a})")
        for name in outer:
            subject = self.named(Value(_field_of(subject, name)))
        return Value(_field_of(subject, last))

    def _object(self, path: tuple[str, ...]) -> str:
        """The local name of the object at this path from the function's subject; empty if it is no object."""
        body = self.body
        if path not in body.known:
            name = self.name("o")
            source = f"{self._object(path[:-1])}.get({path[-1]!a})" if path else body.subject
            body.head.append((f"    {name} = {source}", ""))
            body.head.append((f"    if not isinstance({name}, dict): {name} = EMPTY", ""))
            body.known[path] = name
        return body.known[path]

    def _steps(self, node: Node, subject: str) -> Value:
        """Each child is applied to what the one before it gave."""
        names: list[str] = []
        current = Value(subject, simple=True)
        for child in node["children"]:
            if child["type"] == "field":
                names.append(child["value"])
                continue
            if names:
                current, names = self._path(tuple(names), self.named(current)), []
            held = self.named(current)
            current = (
                self._of_what_is_there(child, held) if conditions.is_worth_a_look(child) else self.value(child, held)
            )
        return self._path(tuple(names), self.named(current)) if names else current

    def _of_what_is_there(self, node: Node, subject: str) -> Value:
        """The node's value where the current value is not null; else it is null, too."""
        target = self.name()
        self.write(f"{target} = None")
        with self.block(f"if {subject} is not None:"):
            self._assign(node, subject, target)
        return Value(target, simple=True)

    _subexpression = _index_expression = _pipe = _steps

    def _current(self, node: Node, subject: str) -> Value:
        return Value(subject, simple=True)

    _identity = _current

    def _literal(self, node: Node, subject: str) -> Value:
        constant = node["value"]
        simple = not isinstance(constant, list | dict)  # those are made afresh: who gets one may change it
        text = constant is None or isinstance(constant, str)
        seen = constant is None or shown(constant) == constant
        return Value(
            ascii(constant), simple, nullable=constant is None, text=text, shown=text and seen, constant=constant
        )

    def _index(self, node: Node, subject: str) -> Value:
        index = node["value"]
        there = f"len({subject}) > {index:d}" if index >= 0 else f"len({subject}) >= {-index:d}"
        return Value(f"({subject}[{index:d}] if isinstance({subject}, list) and {there} else None)")

    def _slice(self, node: Node, subject: str) -> Value:
        bounds = ":".join("" if part is None else f"{part:d}" for part in node["children"])
        return Value(f"({subject}[{bounds}] if isinstance({subject}, list) else None)")

    def _flatten(self, node: Node, subject: str) -> Value:
        first, held = self.held(self.value(node["children"][0], subject))
        return Value(f"(flatten({held}) if {first} is not None else None)")

    # Choices

    def _or_expression(self, node: Node, subject: str) -> Value:
        return self._choose(conditions.alternatives(node), subject, self.name())

    def _choose(self, choices: list[Node], subject: str, target: str) -> Value:
        """Assign the first choice that is true, else the last one."""
        first, *rest = choices
        if rest and conditions.is_guarded_constant(first) and self.body.indent < DEEPEST:
            guard, constant = first["children"]
            with self.block(f"if {self.truth(guard, subject)}:"):
                chosen = self._assign(constant, subject, target)
            with self.block("else:"):
                return _either(chosen, self._choose(rest, subject, target))
        chosen = self._assign_unless_false(first, subject, target) if rest else self._assign(first, subject, target)
        while rest:
            with self.block(f"if {conditions.is_false(chosen)}:"):
                if self.body.indent < DEEPEST:
                    return _either(chosen, self._choose(rest, subject, target))
                chosen = _either(chosen, self._assign(rest.pop(0), subject, target))
        return chosen

    def _assign_unless_false(self, node: Node, subject: str, target: str) -> Value:
        """The same where another choice follows: it makes no difference then which false value this one gives."""
        if node["type"] != "and_expression" or self.body.indent >= DEEPEST:
            return self._assign(node, subject, target)
        guard, chosen = node["children"]
        self.write(f"{target} = None")
        with self.block(f"if {self.truth(guard, subject)}:"):
            value = self._assign_unless_false(chosen, subject, target)
        return replace(value, nullable=True, boolean=False)

    def _assign(self, node: Node, subject: str, target: str) -> Value:
        value = self.value(node, subject)
        self.write(f"{target} = {value.code}")
        return replace(value, code=target, simple=True, constant=MISSING)

    def _and_expression(self, node: Node, subject: str) -> Value:
        left, right = node["children"]
        target = self.name()
        first = self._assign(left, subject, target)
        with self.block(f"if {conditions.is_true(first, '')}:"):
            second = self._assign(right, subject, target)
        return replace(_either(first, second), nullable=first.nullable or second.nullable)

    def _not_expression(self, node: Node, subject: str) -> Value:
        return Value(f"(not {self.truth(node['children'][0], subject)})", nullable=False, boolean=True)

    def _comparator(self, node: Node, subject: str) -> Value:
        kind = node["value"]
        left, right = (self.value(child, subject) for child in node["children"])
        if kind in conditions.ORDERS:
            return Value(conditions.ordered(kind, left, right, self.name()), boolean=True)
        code = conditions.equal(left, right)
        return Value(code if kind == "eq" else f"(not {code})", nullable=False, boolean=True)

    # Projections

    def _projection(self, node: Node, subject: str) -> Value:
        source, each = node["children"]
        return self._collected(self.value(source, subject), each)

    def _filter_projection(self, node: Node, subject: str) -> Value:
        source, each, condition = node["children"]
        return self._collected(self.value(source, subject), each, condition)

    def _value_projection(self, node: Node, subject: str) -> Value:
        source, each = node["children"]
        return self._collected(self.value(source, subject), each, of_object=True)

    def _collected(self, source: Value, each: Node, condition: Node | None = None, *, of_object: bool = False) -> Value:
        """What `each` gives for the elements that meet the condition, without the nulls."""
        base, target, element = self.named(source), self.name(), self.name("e")
        kind, elements = ("dict", f"{base}.values()") if of_object else ("list", base)
        self.write(f"{target} = None")
        with self.block(f"if isinstance({base}, {kind}):"):
            self.write(f"{target} = []")
            with self.block(f"for {element} in {elements}:"):
                if condition:
                    self.write(f"if not {self.truth(condition, element)}: continue")
                value = self.bind(self.value(each, element)).code
                self.write(f"if {value} is not None: {target}.append({value})")
        return Value(target, simple=True)

    # Made values

    def _multi_select_list(self, node: Node, subject: str) -> Value:
        return self._made("[", "]", [("", child) for child in node["children"]], subject)

    def _multi_select_dict(self, node: Node, subject: str) -> Value:
        pairs = [(f"{pair['value']!a}: ", pair["children"][0]) for pair in node["children"]]
        return self._made("{", "}", pairs, subject)

    def _made(self, opening: str, closing: str, parts: list[tuple[str, Node]], subject: str) -> Value:
        """An array or object with a value for each part; null where the current value is null."""
        target = self.name()
        if self.is_object(subject):
            inner = ", ".join(f"{label}{self.value(part, subject).code}" for label, part in parts)
            return Value(f"{opening}{inner}{closing}", nullable=False)
        self.write(f"{target} = None")
        with self.block(f"if {subject} is not None:"):
            inner = ", ".join(f"{label}{self.value(part, subject).code}" for label, part in parts)
            self.write(f"{target} = {opening}{inner}{closing}")
        return Value(target, simple=True)

    def _function_expression(self, node: Node, subject: str) -> Value:
        known = FUNCTIONS[node["value"]]
        written = written_out(self, node, subject)
        if written is not None:
            return written
        given = [self.value(child, subject) for child in node["children"]]
        return Value(
            f"call_{known.name}({', '.join(value.code for value in given)})", nullable=known.nullable,
            boolean=known.returns == ("boolean",), text=TEXT.issuperset(known.returns or ("any",)),
            shown=is_shown(known.name, given),
        )  # fmt: skip

    def _expref(self, node: Node, subject: str) -> Value:
        return Value(f"Expression({self._function(node['children'][0])})", nullable=False)


def _field_of(subject: str, name: str) -> str:
    return f"({subject}.get({name!a}) if isinstance({subject}, dict) else None)"


def _either(first: Value, second: Value) -> Value:
    """What is known of a name that holds the one where that is true, else the other."""
    return replace(
        second, boolean=first.boolean and second.boolean, text=first.text and second.text,
        shown=first.shown and second.shown,
    )  # fmt: skip
