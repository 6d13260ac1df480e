"""Where a key is in a YAML file, so that a mistake can be told with its line."""

from __future__ import annotations

from collections.abc import Iterable

import yaml


def line_of(root: yaml.Node, path: Iterable[str | int]) -> int:
    """Return the line, from 1, of the key or item at the path, or of the nearest thing above it that is written."""
    line, node = root.start_mark.line, root
    for step in path:
        found = _step(node, step)
        if found is None:
            break
        line, node = found
    return int(line) + 1


def _step(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item.start_mark.line, item
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line, value) for key, value in node.value if key.value == str(step)), None)
    return None
