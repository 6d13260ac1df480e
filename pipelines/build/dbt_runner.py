"""Runs dbt as its own process, and reads what it compiled."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import orjson

from frontdesk.core.errors import FrontdeskError, UnavailableError
from frontdesk.core.faults import tells_of_machine
from frontdesk.domains.attribution import crediting
from pipelines.build.sql_functions import readers_fingerprint
from pipelines.build.start_cache import StartCache

#: What goes out is decided before anything that is only looked at is brought up to date.
DECISIONS = "fct_decisions"
#: What readers see; each reads the ones before it.
PUBLIC_SCHEMAS = ("marts", "activation", "reports")
#: The parts of the project that decide what the models compute.
_FINGERPRINTED = ("dbt_project.yml", "models", "macros", "seeds", "analyses")
#: What the Python models compute with.
MODEL_CODE = Path(str(crediting.__file__)).parent
_TAIL_LINES = 40
#: Where dbt keeps what it has parsed, and the targets, each of which begins with what another has parsed.
_PARSED = "partial_parse.msgpack"
_TARGETS = ("full", "compiled", "docs")


class DbtError(FrontdeskError):
    """dbt ended with an error; the detail is the end of what it printed."""

    title = "dbt failed"


class DbtStoppedError(DbtError, UnavailableError):
    """dbt ended for want of memory or disk, or was killed: no event and no rule is at fault."""


@dataclass(frozen=True, slots=True)
class LiveModel:
    """A model that the live path keeps up to date."""

    name: str
    relation: str  #: quoted, with database and schema
    schema: str
    sql: str  #: as dbt compiled it
    #: append: rows of the new events; replace: rows of a scope; merge: added to the row that is there; replace_all;
    #: scratch, inline: a view in a build, held for a batch or not at all
    mode: str
    column: str | None  #: replace, append: what the scope names; merge: the key
    scope: str | None  #: the list of values (pipelines/live/scopes.py) whose rows a batch concerns
    merge: Mapping[str, str]  #: merge: by column, the aggregate of the row that is there and the batch's
    event_types: tuple[str, ...]  #: prefixes of the event types it reads; empty: it runs for every batch
    fact_families: tuple[str, ...]  #: families of the facts it folds, alone; empty: it runs for every batch
    parents: Mapping[str, str]  #: relations that it reads, by name
    is_of_business: bool = False  #: staging of what has no contact: no facts, its marts read it themselves

    @property
    def is_public(self) -> bool:
        """Tell whether readers see it in the published file."""
        return self.schema in PUBLIC_SCHEMAS


class Manifest:
    """What dbt knows of the project, from target/manifest.json."""

    def __init__(self, path: Path) -> None:
        self._nodes: dict[str, Any] = orjson.loads(path.read_bytes())["nodes"]

    @cached_property
    def live_models(self) -> tuple[LiveModel, ...]:
        """The models tagged live, compiled, in the order in which they build on one another."""
        live = {
            key: node
            for key, node in self._nodes.items()
            if node["resource_type"] == "model" and "live" in node["config"]["tags"]
        }
        order = list(
            TopologicalSorter({key: self._ancestors(key) & live.keys() for key in sorted(live)}).static_order()
        )
        decisions = next(key for key in live if live[key]["name"] == DECISIONS)
        urgent = self._ancestors(decisions) | {decisions}
        order.sort(key=lambda key: key not in urgent)
        return tuple(self._live_model(live[key]) for key in order)

    def live_models_below(self, raw_tables: Iterable[str]) -> frozenset[str]:
        """Return the names of the live models that read any of these tables, directly or through others."""
        sources = {f"source.frontdesk.raw.{table}" for table in raw_tables}
        return frozenset(model.name for model in self.live_models if sources & self._sources_of(model.name))

    def _sources_of(self, name: str) -> frozenset[str]:
        key = f"model.frontdesk.{name}"
        read = (self._nodes[each]["depends_on"].get("nodes", ()) for each in self._ancestors(key) | {key})
        return frozenset(each for parents in read for each in parents if each.startswith("source."))

    def public_relations(self) -> list[tuple[str, str]]:
        """Return (schema, name) of everything that readers see."""
        return [(node["schema"], node["name"]) for node in self._public()]

    def public_tables(self) -> list[tuple[str, str]]:
        """Return (schema, name) of the tables that readers see."""
        return [
            (node["schema"], node["name"]) for node in self._public() if node["config"]["materialized"] == "table"
        ]

    def public_views(self) -> list[tuple[str, str, str]]:
        """Return (schema, name, SQL) of the views that readers see, free of the warehouse's own name.

        A view follows those that it reads.
        """
        views = {node["unique_id"]: node for node in self._public() if node["config"]["materialized"] == "view"}
        order = TopologicalSorter({key: self._ancestors(key) & views.keys() for key in views}).static_order()
        return [(views[key]["schema"], views[key]["name"], _portable(views[key])) for key in order]

    def query(self, name: str) -> str:
        """Return the compiled SQL of an analysis or a model."""
        return next(
            str(node["compiled_code"])
            for node in self._nodes.values()
            if node["resource_type"] in ("analysis", "model") and node["name"] == name
        )

    def portable_query(self, name: str) -> str:
        """Return the compiled SQL of an analysis, free of the warehouse's own name."""
        return next(
            _portable(node)
            for node in self._nodes.values()
            if node["resource_type"] == "analysis" and node["name"] == name
        )

    def _live_model(self, node: Mapping[str, Any]) -> LiveModel:
        live = node["config"]["meta"]["live"]
        parents = (self._nodes[key] for key in node["depends_on"]["nodes"] if key in self._nodes)
        return LiveModel(
            name=node["name"],
            relation=node["relation_name"],
            schema=node["schema"],
            sql=node["compiled_code"],
            mode=live["mode"],
            column=live.get("column"),
            scope=live.get("scope"),
            merge=live.get("merge", {}),
            event_types=tuple(live.get("event_types", ())),
            fact_families=tuple(live.get("fact_families", ())),
            parents={parent["name"]: parent["relation_name"] for parent in parents},
            is_of_business=live.get("is_of_business", False),
        )

    def _public(self) -> Iterable[Mapping[str, Any]]:
        nodes = (node for node in self._nodes.values() if node["resource_type"] == "model")
        public = (node for node in nodes if node["schema"] in PUBLIC_SCHEMAS)
        return sorted(public, key=lambda node: (PUBLIC_SCHEMAS.index(node["schema"]), str(node["name"])))

    def _ancestors(self, key: str) -> set[str]:
        """All models below a model, through views too: those are not run but decide the order."""
        found: set[str] = set()
        waiting = [key]
        while waiting:
            for parent in self._nodes[waiting.pop()]["depends_on"].get("nodes", ()):
                if parent in self._nodes and parent not in found:
                    found.add(parent)
                    waiting.append(parent)
        return found


class DbtRunner:
    """Runs dbt on one project and one warehouse file. The caller holds the writer lock and has the file closed."""

    def __init__(
        self, *, project_dir: Path, warehouse_path: Path, target_dir: Path, cache: StartCache | None = None
    ) -> None:
        self._project_dir = project_dir.absolute()
        self._warehouse_path = warehouse_path.absolute()
        self._target_dir = target_dir.absolute()
        self._cache = cache

    def beside(self, warehouse_path: Path) -> DbtRunner:
        """Return the same project for another warehouse file of the same name; what is compiled is shared."""
        return DbtRunner(
            project_dir=self._project_dir,
            warehouse_path=warehouse_path,
            target_dir=self._target_dir,
            cache=self._cache,
        )

    def fingerprint(self) -> str:
        """Return a digest of all that decides what the models compute: the project, and what its Python imports."""
        files = [file for part in _FINGERPRINTED for file in _files(self._project_dir / part)]
        files += sorted(MODEL_CODE.glob("*.py"))
        states = ((stat.st_mtime_ns, stat.st_size) for stat in map(Path.stat, files))
        return _digest(self._project_dir, tuple(zip(files, states, strict=True)), readers_fingerprint())

    def build(self, *, with_tests: bool, select: Sequence[str] = ()) -> None:
        """Compute seeds and models from the whole raw log. Raises DbtError."""
        arguments = ["build", "--quiet"]
        if not with_tests:
            # Nobody reads the artifacts of such a build; writing them takes 2 of its 20 s.
            arguments += ["--resource-type", "model", "seed", "--no-write-json"]
        if select:
            arguments += ["--select", *select]
        self._run(arguments, warehouse=self._warehouse_path, target=self._target_dir / "full")

    def test(self) -> None:
        """Run the tests on what is built. Raises DbtError."""
        self._run(["test", "--quiet"], warehouse=self._warehouse_path, target=self._target_dir / "full")

    def manifest(self) -> Manifest:
        """Return what dbt knows of the project, compiled. Raises DbtError."""
        path = self.compiled_manifest()
        return _read_manifest(path, path.stat().st_mtime_ns)

    def compiled_manifest(self) -> Path:
        """Compile the project, once per state of it; return the manifest's path. Raises DbtError."""
        arguments = ["compile", "--quiet"]
        # Nobody runs the tests from here; compiling the thousand of them takes 15 of 40 s.
        arguments += ["--exclude", "resource_type:test", "resource_type:unit_test"]
        return self._once_per_state(arguments, name="compiled")

    def docs_site(self, folder: Path) -> Path:
        """Write dbt's documentation into `folder` as one page that needs no server; return it. Raises DbtError."""
        target = self._target_dir / "docs"
        # Columns and types are in the contracts: nothing is asked of a database.
        arguments = ["docs", "generate", "--quiet", "--static", "--empty-catalog"]
        self._run(arguments, warehouse=target / self._warehouse_path.name, target=target)
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copyfile(target / "static_index.html", folder / "index.html"))

    def cli_options(self) -> dict[str, Any]:
        """Return the options of dagster-dbt's resource for this project and warehouse."""
        os.environ["FRONTDESK_WAREHOUSE"] = str(self._warehouse_path)
        return {
            "project_dir": str(self._project_dir),
            "profiles_dir": str(self._project_dir),
            "dbt_executable": _dbt_executable(),
        }

    def _once_per_state(self, arguments: Sequence[str], *, name: str) -> Path:
        target = self._target_dir / name
        stamp, manifest = target / "fingerprint", target / "manifest.json"
        fingerprint = self.fingerprint()
        if stamp.exists() and stamp.read_text() == fingerprint:
            return manifest
        # The project's folder is in the manifest.
        digest = hashlib.sha256(f"{fingerprint} {self._project_dir} {self._warehouse_path.name}".encode()).hexdigest()
        if self._cache is None or not self._cache.take(digest, f"{name}.json", to=manifest):
            # This needs a database of the same name, not its content: an empty one beside the target, so that it
            # never waits for the warehouse.
            self._run(arguments, warehouse=target / self._warehouse_path.name, target=target)
            if self._cache is not None:
                self._cache.keep(digest, f"{name}.json", file=manifest)
        stamp.write_text(fingerprint)
        return manifest

    def _run(self, arguments: Sequence[str], *, warehouse: Path, target: Path) -> None:
        target.mkdir(parents=True, exist_ok=True)
        self._take_over_parse(target)
        self._forget_parse_of_another_project(target)
        command = [
            _dbt_executable(),
            *arguments,
            *("--project-dir", str(self._project_dir), "--profiles-dir", str(self._project_dir)),
            *("--target-path", str(target), "--log-path", str(target / "logs"), "--no-use-colors"),
            # Each statement's log lines take 2 of the 20 s of a build.
            *("--log-level-file", "warn"),
        ]
        environ = environ_of_dbt(os.environ, warehouse=warehouse)
        done = subprocess.run(command, env=environ, cwd=warehouse.parent, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            tail = "\n".join((done.stdout + done.stderr).splitlines()[-_TAIL_LINES:])
            is_stopped = done.returncode < 0 or tells_of_machine(tail)
            kind = DbtStoppedError if is_stopped else DbtError
            raise kind(f"`dbt {' '.join(arguments)}` ended with {done.returncode}:\n{tail}")

    def _take_over_parse(self, target: Path) -> None:
        """Begin with what another target has parsed: 5 s instead of 15."""
        if (target / _PARSED).exists():
            return
        for other in (self._target_dir / name for name in _TARGETS):
            if (other / _PARSED).exists() and (other / "project_dir").exists():
                for file in (_PARSED, "project_dir"):
                    shutil.copyfile(other / file, target / file)
                return

    def _forget_parse_of_another_project(self, target: Path) -> None:
        """Have the project parsed anew if it lies elsewhere than last time: dbt keeps paths of what it parsed."""
        stamp = target / "project_dir"
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != str(self._project_dir):
            (target / _PARSED).unlink(missing_ok=True)
            stamp.write_text(str(self._project_dir), encoding="utf-8")


def environ_of_dbt(environ: Mapping[str, str], *, warehouse: Path) -> dict[str, str]:
    """Return the variables that a dbt process is given: none of ours but the warehouse's name, so no secret."""
    others = {name: value for name, value in environ.items() if not name.upper().startswith("FRONTDESK_")}
    return others | {
        # By its name, from its folder: with another value dbt would parse the project anew (15 s instead of 5).
        "FRONTDESK_WAREHOUSE": warehouse.name,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def _files(part: Path) -> list[Path]:
    return sorted(file for file in part.rglob("*") if file.is_file()) if part.is_dir() else [part]


# Whoever opens a warehouse asks four times; reading the 500 files takes 60 ms of CPU.
@lru_cache(maxsize=4)
def _digest(project_dir: Path, files: tuple[tuple[Path, tuple[int, int]], ...], readers: str) -> str:
    digest = hashlib.sha256()
    for file, _state in files:
        name = file.relative_to(project_dir) if file.is_relative_to(project_dir) else file.name
        digest.update(str(name).encode())
        digest.update(file.read_bytes())
    digest.update(readers.encode())
    return digest.hexdigest()


# Reading takes 150 ms of CPU, and whoever opens a warehouse asks for it three times.
@lru_cache(maxsize=1)
def _read_manifest(path: Path, _changed_at: int) -> Manifest:
    return Manifest(path)


def _portable(node: Mapping[str, Any]) -> str:
    return str(node["compiled_code"]).replace(f'"{node["database"]}".', "")


def _dbt_executable() -> str:
    return str(Path(sys.executable).with_name("dbt"))
