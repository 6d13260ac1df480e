"""What dbt knows of the project, as the rules about it read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

_JINJA_COMMENT = re.compile(r"{#.*?#}", re.DOTALL)
_JINJA = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
_SQL_COMMENT = re.compile(r"--[^\n]*")
_STRING = re.compile(r"'[^']*'")


@dataclass(frozen=True)
class Model:
    """One model of the project."""

    key: str
    node: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Name of model and relation."""
        return str(self.node["name"])

    @property
    def layer(self) -> str:
        """Folder below models/: staging, intermediate, marts, reports."""
        return str(self.node["fqn"][1])

    @property
    def folder(self) -> str:
        """Folder the file is in."""
        return Path(self.node["original_file_path"]).parent.name

    @property
    def config(self) -> Mapping[str, Any]:
        """The configuration in force."""
        config: Mapping[str, Any] = self.node["config"]
        return config

    @property
    def is_python(self) -> bool:
        """Tell whether it is written in Python instead of SQL."""
        return bool(self.node["language"] == "python")

    @property
    def columns(self) -> Mapping[str, Any]:
        """The columns that its YAML names, by name."""
        columns: Mapping[str, Any] = self.node["columns"]
        return columns

    @property
    def is_stored(self) -> bool:
        """Tell whether its rows are kept, or computed by whoever reads it."""
        return bool(self.config["materialized"] == "table")

    @property
    def live(self) -> Mapping[str, Any] | None:
        """How the live path keeps it up to date; None when it does not."""
        return self.config["meta"].get("live") if "live" in self.config["tags"] else None

    @property
    def raw_code(self) -> str:
        """The text of the file."""
        return str(self.node["raw_code"])

    @cached_property
    def sql(self) -> str:
        """The text without comments and strings, each Jinja expression a question mark."""
        text = _JINJA.sub("?", _JINJA_COMMENT.sub("", self.raw_code))
        return _STRING.sub("''", _SQL_COMMENT.sub("", text))


class DbtProject:
    """The manifest of one `dbt parse`."""

    def __init__(self, manifest_path: Path) -> None:
        self._manifest = json.loads(manifest_path.read_text(encoding="utf-8"))

    @cached_property
    def models(self) -> Mapping[str, Model]:
        """All models by name."""
        nodes = self._manifest["nodes"].items()
        found = (Model(key, node) for key, node in nodes if node["resource_type"] == "model")
        return {model.name: model for model in found}

    @cached_property
    def exposures(self) -> Mapping[str, Any]:
        """All exposures by name."""
        return {exposure["name"]: exposure for exposure in self._manifest["exposures"].values()}

    @cached_property
    def groups(self) -> Mapping[str, Any]:
        """All groups by name."""
        return {group["name"]: group for group in self._manifest["groups"].values()}

    @cached_property
    def macros(self) -> Mapping[str, Any]:
        """The project's own macros by name; generic tests are not among them."""
        own = (macro for macro in self._manifest["macros"].values() if macro["package_name"] == "frontdesk")
        return {macro["name"]: macro for macro in own if macro["original_file_path"].startswith("macros/")}

    def sources(self, name: str) -> list[str]:
        """Return the tables of a source, as keys."""
        return [key for key, node in self._manifest["sources"].items() if node["source_name"] == name]

    def described(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield (name, node) of everything of the project that a reader can look up."""
        for section in ("sources", "exposures", "groups"):
            for node in self._manifest[section].values():
                yield f"{section}/{node['name']}", node
        for node in self._manifest["nodes"].values():
            if node["resource_type"] in ("model", "seed"):
                yield node["name"], node

    def children(self, key: str) -> list[str]:
        """Return the keys of what reads a node."""
        return list(self._manifest["child_map"].get(key, ()))

    def parents(self, model: Model) -> list[Model]:
        """Return the models that a model reads."""
        by_key = {found.key: found for found in self.models.values()}
        return [by_key[key] for key in self._manifest["parent_map"][model.key] if key in by_key]

    def ancestors(self, model: Model) -> dict[str, Model]:
        """Return all models below a model, by name."""
        found: dict[str, Model] = {}
        waiting = self.parents(model)
        while waiting:
            parent = waiting.pop()
            if parent.name not in found:
                found[parent.name] = parent
                waiting += self.parents(parent)
        return found

    def tests_of(self, model: Model) -> list[str]:
        """Return the names of the generic tests on a model or its columns: unique, not_null, ..."""
        nodes = self._manifest["nodes"].values()
        return [
            str(node["test_metadata"]["name"])
            for node in nodes
            if node["resource_type"] == "test" and node.get("attached_node") == model.key
        ]

    def singular_tests(self) -> list[str]:
        """Return the names of the tests that are SQL files."""
        nodes = self._manifest["nodes"].values()
        return [
            str(node["name"]) for node in nodes if node["resource_type"] == "test" and not node.get("test_metadata")
        ]

    def unit_tests(self) -> list[tuple[str, str]]:
        """Return (model, name) of each unit test."""
        return [(str(test["model"]), str(test["name"])) for test in self._manifest["unit_tests"].values()]
