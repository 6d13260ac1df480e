"""Reads a mapping file; what is wrong is told by file, key and remedy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from frontdesk.core.errors import ImportFileError, validation_message
from frontdesk.core.tenant.yaml_places import line_of
from frontdesk.domains.imports.mapping import Mapping


class _TextLoader(yaml.SafeLoader):
    """Reads every scalar as text: `No: declined` has the key "No", and 0412 stays a text with its zero."""

    # Only the merge key "<<" keeps its meaning, so that anchors can be shared among events.
    yaml_implicit_resolvers = {"<": yaml.SafeLoader.yaml_implicit_resolvers["<"]}  # noqa: RUF012 - as PyYAML declares it

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key given twice; plain YAML would silently take the last."""
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        repeated = sorted({str(key) for key in keys if keys.count(key) > 1})
        if repeated:
            raise yaml.MarkedYAMLError(
                problem=f"the key {repeated[0]!r} is given twice; keep one", problem_mark=node.start_mark
            )
        return super().construct_mapping(node, deep=deep)


def load_mapping(file: Path) -> Mapping:
    """Read a mapping file. Raises ImportFileError, one line per mistake: file, key, what to do."""
    try:
        root, content = _load_yaml(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ImportFileError(f"{file}: not readable: {error.strerror}; check the path") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ImportFileError(f"{file}: not readable as YAML: {error}") from error
    if not isinstance(content, dict):
        raise ImportFileError(f"{file}: must be a mapping with the keys source and events; see docs/importing.md")
    try:
        return Mapping.model_validate(content)
    except ValidationError as error:
        raise ImportFileError("\n".join(_explain(file, error, root))) from error


def _load_yaml(text: str) -> tuple[yaml.Node | None, Any]:
    loader = _TextLoader(text)
    try:
        root = loader.get_single_node()
        return root, loader.construct_document(root) if root is not None else None
    finally:
        loader.dispose()


def _explain(file: Path, error: ValidationError, root: yaml.Node | None) -> Iterator[str]:
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"]) or "(file)"
        line = f" (line {line_of(root, problem['loc'])})" if root is not None else ""
        yield f"{file}: {key}: {_remedy(problem)}{line}"


def _remedy(problem: Any) -> str:
    message = validation_message(problem)
    match problem["type"]:
        case "missing":
            return "is missing; add it"
        case "extra_forbidden":
            return "is not a known key; remove it or correct its spelling (docs/importing.md lists them)"
        case "literal_error":
            return f"is {problem['input']!r}; use one of {problem['ctx']['expected']}"
        case "value_error":
            return message
        case _:
            return f"is {problem['input']!r}: {message}" if isinstance(problem["input"], str) else message
