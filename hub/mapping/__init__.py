"""The mapping language: what a record of one system means in the words of another.

    mapping = load_mapping(Path("mappings/mastodon.yaml"))
    mapping.apply({"content": "<p>Hello</p>", "visibility": "public"})   # {"text": "Hello", ...}

A mapping is YAML with one JMESPath expression per field, compiled once to one Python function. The language
is described in docs/guides/write-a-mapping.md, its functions in docs/reference.
"""

from hub.mapping import html, links, marks, markup, moments, standard, text, values  # noqa: F401  (each registers functions)
from hub.mapping.document import Example, language
from hub.mapping.examples import failures, filled, paths_of
from hub.mapping.mapping import Identity, Mapping, load_mapping, load_mappings
from hub.mapping.program import compile_expression, names_in, paths_in
from hub.mapping.registry import FUNCTIONS, Function

__all__ = [
    "FUNCTIONS", "Example", "Function", "Identity", "Mapping", "compile_expression", "failures",
    "filled", "language", "load_mapping", "load_mappings", "names_in", "paths_in", "paths_of",
]  # fmt: skip
