"""The rules of the dbt project, over what dbt itself knows of it. They follow dbt-project-evaluator's."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
import yaml

from frontdesk.domains.bookings.facts import WAITLIST_FACTS
from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS
from pipelines.build.dbt_runner import Manifest
from pipelines.build.warehouse import MEMORY_LIMIT
from pipelines.documenting.data_dictionary import data_dictionary
from pipelines.documenting.staging_lists import (
    EVENT_TYPES_SEED,
    FACTS_MACRO,
    fact_models,
    facts_macro,
    known_event_types,
)
from pipelines.live.batch_sql import HistoryUnreachableError, models_of_batch
from tests.architecture.dbt_manifest import DbtProject, Model
from tests.pipelines.homes import HomeFactory

REPOSITORY = Path(__file__).parents[2]
PREFIXES = {
    "staging": ("stg_",),
    "intermediate": ("int_",),
    "marts": ("dim_", "fct_", "bdg_"),
    "activation": ("cmd_",),
    "reports": ("rpt_",),
}
#: Each layer reads itself and the ones before it.
LAYERS = ("staging", "intermediate", "marts", "activation", "reports")
PUBLIC = ("marts", "activation", "reports")
#: Models without a key, and why that is right.
KEYLESS = {
    "stg_zoho__consents": "lines of one delivery have no id, and may name one person twice",
    "int_facts_unioned": "a line of a delivery can be there twice; the marts fold facts and give the keys",
    "int_facts_normalised": "as int_facts_unioned",
    "int_facts_attributed": "as int_facts_unioned",
    "int_identifiers_observed": "observations to be counted: each identifier as often as a fact names it",
    "int_happenings_told": "happenings to be looked up: each as often as a delivery tells of it",
}
#: Tables of events that the live path leaves alone, and why that is right.
BUILT_ONLY = {"fct_channel_credits_modelled": "solved over all journeys at once; says as of which sequence"}
#: Public models without a contract, and why that is right.
CONTRACTLESS = {"fct_channel_credits_modelled": "dbt enforces none on Python; CREDITS_SCHEMA is tested instead"}
#: How the live path brings a model up to date.
MODES = {"append", "replace", "merge", "replace_all", "scratch", "inline"}
#: What the live path reads of the log in the place of these: a batch's events, and the facts of its staging.
OF_BATCH = {"stg_event_log__events", "int_facts_unioned"}
#: So many lines of a model can be read at one look; a longer one shows in a unit test what is hard in it.
UNTESTED_LINES = 60
#: Temporary tables of one batch that name the rows to replace.
SCOPES = {"scope_identifiers", "scope_contacts"}
FACT_FAMILIES = {"contact", "lead", "touch", "booking", "payment", "message", "consent", "engagement"}
CLOCKS = re.compile(
    r"\b(now\s*\(|today\s*\(|current_(date|time|timestamp)\b|get_current_|transaction_timestamp|random\s*\(|uuid\s*\()"
)
#: What the published file's own tables are made from; they are written when it is published.
FRAME = {"dashboard.frame.session", "dashboard.parts.components", "dashboard.parts.formatting", "dashboard.frame.api"}
#: Questions about a past moment are macros over models that the pages read anyway.
NO_MODELS = {"contact_at", "contact_stage_at", "warmness_at"}
PUBLISHED_FROM = {
    "rpt_freshness": "fct_log_position",
    "levels_at": "rpt_measurements",
    "period_figures": "rpt_period_figures",
}


@pytest.fixture(scope="module")
def manifest(homes: HomeFactory) -> Path:
    return homes.compiled_manifest()


@pytest.fixture(scope="module")
def project(manifest: Path) -> DbtProject:
    return DbtProject(manifest)


def test_the_data_dictionary_is_what_the_models_say(manifest: Path) -> None:
    written = (REPOSITORY / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    generated = data_dictionary(orjson.loads(manifest.read_bytes()))
    assert written == generated, "run `frontdesk docs dictionary > docs/data-dictionary.md` and commit it"


def test_only_staging_reads_sources_and_one_model_each(project: DbtProject) -> None:
    staging = {model.key for model in project.models.values() if model.layer == "staging"}
    for source in project.sources("raw"):
        readers = {child for child in project.children(source) if child.startswith("model.")}
        assert len(readers) == 1, f"{source} is read by {sorted(readers) or 'nobody'}"
        assert readers <= staging


def test_every_figure_that_is_counted_has_its_rows(project: DbtProject) -> None:
    counted = "\n".join(m.raw_code for m in project.models.values() if m.name.startswith("rpt_measured_"))
    named = "\n".join(re.findall(r"tenant_id,\s+((?:(?!tenant_id,).)*?) as metric,", counted, re.DOTALL))
    with (REPOSITORY / "dbt_project" / "seeds" / "metrics.csv").open(encoding="utf-8") as file:
        figures = {row["metric"] for row in csv.DictReader(file) if row["aggregation"] not in ("ratio", "difference")}
    assert set(re.findall(r"'([a-z_]+)'", named)) - {"inbound"} == figures


def test_each_layer_reads_itself_and_the_ones_before_it(project: DbtProject) -> None:
    wrong = [
        f"{model.name} reads {parent.name}"
        for model in project.models.values()
        for parent in project.parents(model)
        if LAYERS.index(parent.layer) > LAYERS.index(model.layer)
    ]
    assert wrong == []


def test_reports_read_marts_only(project: DbtProject) -> None:
    reports = [model for model in project.models.values() if model.layer == "reports"]
    read = {parent.layer for report in reports for parent in project.parents(report)}
    assert read <= {"marts", "reports"}


def test_no_relation_is_hard_coded(project: DbtProject) -> None:
    models = (model for model in project.models.values() if not model.is_python)
    wrong = [f"{model.name}: {name}" for model in models for name in _hard_coded(model.sql)]
    assert wrong == []


def _hard_coded(sql: str) -> Iterator[str]:
    own = set(re.findall(r"(\w+)(?: \([^)]*\))?(?: using key \([^)]*\))? as (?:materialized )?\(", sql))
    # A recursion names its own rows so far `recurring.<name>`.
    own |= {f"recurring.{name}" for name in own} | {"?", "values", "unnest", "generate_series", "range"}
    yield from (name for name in re.findall(r"\b(?:(?<!distinct )from|join)\s+([^\s(),;]+)", sql) if name not in own)


def test_everything_is_described(project: DbtProject) -> None:
    assert [name for name, node in project.described() if not node["description"]] == []


def test_every_column_named_is_described_and_public_models_name_theirs(project: DbtProject) -> None:
    wrong = [
        f"{model.name}.{name}"
        for model in project.models.values()
        for name, column in model.columns.items()
        if not column["description"]
    ]
    assert wrong == []
    assert [model.name for model in project.models.values() if not model.columns] == []


def test_every_macro_and_argument_is_described(project: DbtProject) -> None:
    for name, macro in project.macros.items():
        if name.startswith("materialization_"):
            assert macro["description"], name
            continue
        signature = re.search(rf"macro {name}\((.*?)\)\s*-?%}}", macro["macro_sql"], re.DOTALL)
        assert signature, name
        arguments = re.findall(r"(\w+)\s*(?:=[^,]*)?(?:,|$)", signature[1].strip())
        described = {argument["name"]: argument["description"] for argument in macro["arguments"]}
        assert macro["description"], name
        assert list(described) == arguments, name
        assert all(described.values()), name


def test_every_macro_is_used(project: DbtProject) -> None:
    folders = ("models", "macros", "analyses", "tests")
    files = [file for folder in folders for file in (REPOSITORY / "dbt_project" / folder).rglob("*.sql")]
    files.append(REPOSITORY / "dbt_project" / "dbt_project.yml")
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    # dbt calls generate_schema_name itself, and materializations by the models' configuration.
    called = [name for name in project.macros if not name.startswith("materialization_")]
    unused = [name for name in called if len(re.findall(rf"\b{name}\(", text)) < 2]
    assert unused == ["generate_schema_name"]


def test_every_model_has_a_key_that_is_tested(project: DbtProject) -> None:
    keyless = {
        model.name
        for model in project.models.values()
        if not {"unique", "unique_combination"} & set(project.tests_of(model))
    }
    assert keyless == set(KEYLESS)


def test_names_follow_the_folders(project: DbtProject) -> None:
    for model in project.models.values():
        assert model.name.startswith(PREFIXES[model.layer]), model.name
        assert model.config["schema"] == model.layer, model.name
        if model.layer == "staging":
            assert model.name.startswith(f"stg_{model.folder}__"), model.name


def test_marts_commands_and_reports_are_public_with_a_contract_and_nothing_else_is(project: DbtProject) -> None:
    for model in project.models.values():
        is_public = model.layer in PUBLIC
        assert (model.config["access"] == "public") == is_public, model.name
        has_contract = model.config["contract"]["enforced"]
        assert has_contract or not is_public or model.name in CONTRACTLESS, model.name


def test_every_model_has_a_group_and_every_group_an_owner(project: DbtProject) -> None:
    assert [model.name for model in project.models.values() if model.config.get("group") not in project.groups] == []
    assert [name for name, group in project.groups.items() if not group["owner"].get("email")] == []


def test_names_of_public_columns_say_their_type(project: DbtProject) -> None:
    types = {
        r".*_at": "timestamp with time zone",
        r".*_at_local": "timestamp",
        r".*_date": "date",
        r"(is|has)_.*": "boolean",
        r"count_.*|.*_minor|.*_seconds|.*sequence": "bigint",
        r".*_(id|key)|currency|.*_name": "varchar",
    }
    public = (model for model in project.models.values() if model.layer in PUBLIC)
    wrong = [
        f"{model.name}.{name} is {column['data_type']}, not {type_}"
        for model in public
        for name, column in model.columns.items()
        for pattern, type_ in types.items()
        if re.fullmatch(pattern, name) and column["data_type"] != type_
    ]
    assert wrong == []


def test_stored_models_know_no_clock(project: DbtProject) -> None:
    """What is stored is a function of the log: the same tomorrow, and the same in a rebuild."""
    reports = {model.name for model in project.models.values() if model.layer == "reports"}
    assert not any(project.models[name].is_stored for name in reports)
    wrong = [model.name for name, model in project.models.items() if name not in reports and CLOCKS.search(model.sql)]
    wrong += [name for name, macro in project.macros.items() if CLOCKS.search(macro["macro_sql"])]
    assert wrong == []


def test_the_rule_about_clocks_finds_them(project: DbtProject) -> None:
    assert CLOCKS.search(project.models["rpt_source_health"].sql)


def test_every_model_ends_with_its_final_step(project: DbtProject) -> None:
    models = [model for model in project.models.values() if not model.is_python]
    wrong = [m.name for m in models if m.raw_code.rstrip().splitlines()[-1] != "select * from final"]
    assert wrong == []


def test_whatever_is_stored_of_events_is_kept_up_to_date_by_the_live_path(project: DbtProject) -> None:
    events = {"stg_event_log__events", "stg_event_log__log_position", "stg_event_log__rejection_counts"}
    stale = [
        model.name
        for model in project.models.values()
        if model.is_stored and events & project.ancestors(model).keys() and model.live is None
    ]
    assert stale == list(BUILT_ONLY)


def live_models(project: DbtProject) -> Mapping[str, Model]:
    return {name: model for name, model in project.models.items() if model.live is not None}


def test_live_models_say_which_rows_a_batch_replaces(project: DbtProject) -> None:
    for name, model in live_models(project).items():
        live = model.live or {}
        assert model.is_stored == (live["mode"] not in ("scratch", "inline")), name
        assert live["mode"] in MODES, name
        assert ("scope" in live) == ("column" in live and live["mode"] != "merge"), name
        assert "scope" in live or live["mode"] != "replace", name
        assert ("merge" in live) == (live["mode"] == "merge"), name
        assert set(live.get("merge", ())) < set(model.columns), name
        assert live.get("scope", "scope_contacts") in SCOPES, name
        assert set(live.get("fact_families", ())) <= FACT_FAMILIES, name
        if "column" in live:
            assert live["column"] in model.columns, name
            indexed = [column for index in model.config.get("indexes", ()) for column in index["columns"]]
            assert live["column"] in indexed, f"{name}: rows to replace are found by an index"


def test_what_is_planned_with_its_reader_has_one(project: DbtProject) -> None:
    live = live_models(project)
    inline = {name: model for name, model in live.items() if (model.live or {})["mode"] == "inline"}
    assert inline
    for name in inline:
        readers = [other for other, reader in live.items() if f"ref('{name}')" in reader.raw_code]
        assert len(readers) == 1, f"{name}: is computed again for each of {readers}"


def test_live_models_read_their_batch_and_not_the_history(manifest: Path, project: DbtProject) -> None:
    """What reads a batch where it needs history is refused; what reads history must not be made of events."""
    batch = models_of_batch(Manifest(manifest).live_models)
    assert {each.name for each in batch} == live_models(project).keys()
    log = "stg_event_log__events"
    of_events = {name for name, model in project.models.items() if log in {name, *project.ancestors(model)}}
    for each in batch:
        if each.model.mode == "replace_all":
            continue
        history = each.model.parents.keys() & of_events - each.reads
        assert history == set(), f"{each.name} reads the whole of {history}, as it was before the batch"


def test_the_rule_about_history_finds_what_reads_it(manifest: Path) -> None:
    models = Manifest(manifest).live_models
    marts = next(model for model in models if model.name == "fct_bookings")
    for parent in OF_BATCH | {"stg_frontdesk__spend"}:
        reading = replace(marts, parents={parent: f'"warehouse"."staging"."{parent}"'})
        with pytest.raises(HistoryUnreachableError, match="fct_bookings"):
            models_of_batch([*(model for model in models if model.name != "fct_bookings"), reading])


def test_live_staging_runs_for_every_type_it_reads(project: DbtProject) -> None:
    for name, model in live_models(project).items():
        if model.layer == "staging":
            prefixes = tuple((model.live or {})["event_types"])
            if model.folder == "frontdesk":
                read = set(
                    re.findall(
                        r"'([^']+)'", model.raw_code.partition("with events as")[2].partition("),\n\nparsed as")[0]
                    )
                )
                read -= OF_BATCH
                assert read, name
                assert {type_ for type_ in read if not type_.startswith(prefixes)} == set(), name
                told = {*CANONICAL_PAYLOADS, *WAITLIST_FACTS}
                assert {type_ for type_ in told if type_.startswith(prefixes)} == read, name
            else:
                assert prefixes == (f"{model.folder.replace('_', '-')}.",), name


def test_what_is_listed_of_all_providers_is_what_their_folders_say(project: DbtProject) -> None:
    folder = REPOSITORY / "dbt_project"
    written = {file: (folder / file).read_text(encoding="utf-8") for file in (FACTS_MACRO, EVENT_TYPES_SEED)}
    generated = {FACTS_MACRO: facts_macro(folder), EVENT_TYPES_SEED: known_event_types(folder)}
    assert written == generated, "run `python -m pipelines.documenting.staging_lists` and commit what it writes"
    staging = (model for model in project.models.values() if model.layer == "staging" and model.live)
    assert fact_models(folder) == sorted(m.name for m in staging if not (m.live or {}).get("is_of_business"))


def test_tests_are_named_by_what_they_hold(project: DbtProject) -> None:
    assert [name for name in project.singular_tests() if not name.startswith("assert_")] == []
    assert [name for model, name in project.unit_tests() if not name.startswith(f"test_{model}__")] == []


def test_every_long_model_has_a_unit_test(project: DbtProject) -> None:
    tested = {model for model, _ in project.unit_tests()}
    long = (m.name for m in project.models.values() if len(m.raw_code.strip().splitlines()) > UNTESTED_LINES)
    assert sorted(set(long) - tested) == []


def test_exposures_read_public_models(project: DbtProject) -> None:
    public = {model.key for model in project.models.values() if model.config["access"] == "public"}
    for name, exposure in project.exposures.items():
        assert set(exposure["depends_on"]["nodes"]) <= public, name
        assert exposure["owner"]["email"], name
        assert exposure["url"], name


def test_every_page_of_the_dashboard_is_an_exposure_of_what_it_reads(project: DbtProject) -> None:
    dashboard = REPOSITORY / "dashboard"
    frame = _relations_read(dashboard / "frame/session.py") | _relations_read(dashboard / "parts/components.py")
    pages = [page for page in (dashboard / "pages").glob("*/*.py") if page.stem == page.parent.name]
    read = {f"dashboard__{page.stem}": sorted(frame | _relations_read(page)) for page in pages}
    exposed = {
        name: sorted(key.rpartition(".")[2] for key in exposure["depends_on"]["nodes"])
        for name, exposure in project.exposures.items()
    }
    assert exposed == read


def _relations_read(page: Path) -> set[str]:
    """Return the models behind the functions of *queries.py that a page, or what it imports, calls."""
    texts = {
        _module_of(path): path.read_text(encoding="utf-8") for path in (REPOSITORY / "dashboard").rglob("*queries.py")
    }
    called = {call for file in _imported(page) for call in _attributes(file)}
    asked = "\n".join(text for function, text in _queries(texts) if function in called)
    relations = re.findall(r"\b(?:marts|reports)\.(\w+)", asked)
    return {PUBLISHED_FROM.get(relation, relation) for relation in relations} - NO_MODELS


def _module_of(file: Path) -> str:
    return ".".join(file.relative_to(REPOSITORY).with_suffix("").parts)


def _modules_imported(file: Path) -> dict[str, str]:
    """Return the modules of the dashboard that a file imports, by the names that it gives them."""
    names = {}
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dashboard"):
            names[str(node.module)] = str(node.module)
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _imported(page: Path) -> set[Path]:
    """Return a file and the files of the dashboard that it imports, but for the frame's own."""
    found, waiting = set(), [page]
    while waiting:
        file = waiting.pop()
        found.add(file)
        modules = {module for module in _modules_imported(file).values() if module not in FRAME}
        files = {(REPOSITORY / module.replace(".", "/")).with_suffix(".py") for module in modules}
        waiting += [each for each in files - found if each.exists() and not each.stem.endswith("queries")]
    return found


def _attributes(file: Path) -> set[tuple[str, str]]:
    """Return (module, function) of what a file calls of the modules that it imports."""
    modules = _modules_imported(file)
    return {
        (modules[node.value.id], node.attr)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
    }


def _queries(texts: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield (module, function) and its text, with the constants that it names."""
    for module, text in texts.items():
        body = ast.parse(text).body
        constants = {
            target.id: ast.get_source_segment(text, node) or ""
            for node in body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in body:
            if isinstance(node, ast.FunctionDef):
                named = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
                parts = [ast.get_source_segment(text, node) or "", *(constants.get(name, "") for name in named)]
                yield (module, node.name), "\n".join(parts)


def test_a_build_and_the_live_path_keep_to_the_same_memory() -> None:
    profile = yaml.safe_load((REPOSITORY / "dbt_project" / "profiles.yml").read_text(encoding="utf-8"))

    assert profile["frontdesk"]["outputs"]["default"]["settings"]["memory_limit"] == MEMORY_LIMIT
