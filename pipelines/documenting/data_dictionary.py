"""Writes the data dictionary: every relation that readers see, with its columns, as dbt's manifest describes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pipelines.build.dbt_runner import PUBLIC_SCHEMAS

Node = Mapping[str, Any]
#: Tests and constraints of dbt by the words that tell of them; the other tests are the models' own checks.
_SAID = {"unique": "unique", "not_null": "never empty"}
_HEAD = """# Data dictionary

Every relation of the published file `analytics.duckdb`, generated from the models' descriptions by
`frontdesk docs dictionary > docs/data-dictionary.md`. Times are UTC instants, money is in minor units (cents) of the
currency beside it; whatever is about a business has its slug in `tenant_id`.
"""
_SCHEMAS = {
    "marts": "Marts: what is true, one row per thing.",
    "activation": "Activation: what is to go out, one row per command.",
    "reports": "Reports: answers, computed when they are asked for.",
}


def data_dictionary(manifest: Mapping[str, Any]) -> str:
    """Return the dictionary as Markdown; `manifest` is the content of dbt's manifest.json."""
    nodes: Mapping[str, Node] = manifest["nodes"]
    tests = _tests_by_column(nodes.values())
    models = [node for node in nodes.values() if node["resource_type"] == "model"]
    parts = [_HEAD]
    for schema in PUBLIC_SCHEMAS:
        public = sorted((node for node in models if node["schema"] == schema), key=lambda node: str(node["name"]))
        parts.append(f"\n## {schema}\n\n{_SCHEMAS[schema]}\n\n")
        parts += [f"- [`{schema}.{node['name']}`](#{schema}{node['name']}): {_first(node)}\n" for node in public]
        parts += [part for node in public for part in _relation(node, tests)]
    return "".join(parts)


def _tests_by_column(nodes: Iterable[Node]) -> Mapping[tuple[str, str], Sequence[Node]]:
    tests: dict[tuple[str, str], list[Node]] = defaultdict(list)
    for node in nodes:
        if node["resource_type"] == "test" and node.get("column_name"):
            tests[node["attached_node"], node["column_name"]].append(node)
    return tests


def _relation(node: Node, tests: Mapping[tuple[str, str], Sequence[Node]]) -> Iterator[str]:
    kind = "view" if node["config"]["materialized"] == "view" else "table"
    yield f"\n### {node['schema']}.{node['name']}\n\n{_line(node['description'])} ({kind})\n\n"
    yield "| Column | Type | What it is |\n|---|---|---|\n"
    for name, column in node["columns"].items():
        promises = [words for test in tests.get((node["unique_id"], name), ()) for words in _words(test)]
        promises += [_SAID[constraint["type"]] for constraint in column.get("constraints", ())]
        also = f" *{', '.join(promises)}*" if promises else ""
        yield f"| `{name}` | {_type(column)} | {_line(column['description']).replace('|', chr(92) + '|')}{also} |\n"


def _words(test: Node) -> Iterator[str]:
    metadata = test.get("test_metadata") or {}
    name, arguments = metadata.get("name"), metadata.get("kwargs", {})
    if name in _SAID:
        yield _SAID[name]
    elif name == "accepted_values":
        yield "one of " + ", ".join(map(str, arguments["values"]))
    elif name == "relationships":
        yield f"of {arguments['to'].removeprefix('ref(').strip(chr(39) + ')')}.{arguments['field']}"


def _type(column: Mapping[str, Any]) -> str:
    return str(column["data_type"] or "").replace("timestamp with time zone", "timestamptz")


def _first(node: Node) -> str:
    return _line(node["description"]).partition(". ")[0].rstrip(".") + "."


def _line(text: str) -> str:
    return " ".join(text.split())
