"""Bounds of a YAML document: how deep it nests, and how large it becomes once its aliases are followed."""

from __future__ import annotations

from typing import Any

import yaml

#: A tenant's file nests six deep.
MAX_NESTING = 64
#: Of all values and keys, counted once for each place where an alias puts them; a tenant's file has a few hundred.
MAX_NODES = 100_000


class BoundedLoader(yaml.SafeLoader):
    """Loads what nests MAX_NESTING deep at most; what is deeper is refused where it gets so, not at its end."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._nesting = 0

    def fetch_flow_collection_start(self, token_class: Any) -> None:
        """Take a bracket. Raises YAMLError beyond the limit: reading on costs ever more with each."""
        if self.flow_level >= MAX_NESTING:
            raise yaml.MarkedYAMLError(
                problem=f"nested deeper than {MAX_NESTING} levels", problem_mark=self.get_mark()
            )
        super().fetch_flow_collection_start(token_class)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Return the next node. Raises YAMLError beyond the limit."""
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise yaml.MarkedYAMLError(
                problem=f"nested deeper than {MAX_NESTING} levels", problem_mark=self.get_mark()
            )
        node: yaml.Node | None = super().compose_node(parent, index)
        self._nesting -= 1
        return node


def refuse_huge(root: yaml.Node) -> None:
    """Raise YAMLError if following aliases makes more than MAX_NODES of a document, or never ends."""
    if _size(root, known={}) > MAX_NODES:
        raise yaml.MarkedYAMLError(problem=f"has more than {MAX_NODES} values", problem_mark=root.start_mark)


def _size(node: yaml.Node, *, known: dict[int, int | None]) -> int:
    if id(node) in known:
        size = known[id(node)]
        if size is None:
            raise yaml.MarkedYAMLError(problem="an alias holds itself", problem_mark=node.start_mark)
        return size
    known[id(node)] = None
    children: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        children = [each for pair in node.value for each in pair]
    elif isinstance(node, yaml.SequenceNode):
        children = node.value
    size = 1 + sum(_size(child, known=known) for child in children)
    known[id(node)] = size
    return size
