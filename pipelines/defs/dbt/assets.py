"""The dbt project as assets: one build, streamed; if a model fails, what fails it is found and left out."""

from collections.abc import Hashable, Iterator
from typing import Any

from dagster import AssetCheckResult, AssetExecutionContext, AssetsDefinition, Output
from dagster_dbt import DbtCliInvocation, DbtCliResource, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from frontdesk.core.settings import Settings
from frontdesk.domains.operations.heartbeats import RunKind
from pipelines.build.dbt_translator import Translator
from pipelines.home_parts import build_dbt_runner, build_heartbeats, build_modeller


def build_dbt_assets(settings: Settings) -> AssetsDefinition:
    """Return the models, seeds and tests of the project; materialising builds them from the whole raw log."""

    @dbt_assets(manifest=build_dbt_runner(settings).compiled_manifest(), dagster_dbt_translator=Translator())
    def warehouse_models(context: AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        modeller = build_modeller(settings, published_by="dagster")
        yielded_keys: set[Hashable] = set()
        with build_heartbeats(settings).recorded(RunKind.BUILD) as result:
            # The live path gives the file up between two batches and takes it back afterwards.
            with modeller.lock.held():
                first = dbt.cli(["build"], context=context)
                try:
                    yield from _first_results(first, yielded_keys)
                except DagsterDbtCliRuntimeError:
                    if not _has_failed_model(first):
                        raise
                else:
                    return
            modeller.rebuild(with_tests=False, is_tried_again=False)
            result.detail = "A model failed; what failed it was looked for and left out"
            with modeller.lock.held():
                yield from _first_results(dbt.cli(["build"], context=context), yielded_keys)

    return warehouse_models


def _first_results(invocation: DbtCliInvocation, yielded_keys: set[Hashable]) -> Iterator[Any]:
    """Yield what a build tells; of each model and test once, as Dagster takes no second word on one."""
    for event in invocation.stream():
        match event:
            case Output():
                key: Hashable = event.output_name
            case AssetCheckResult():
                key = (event.asset_key, event.check_name)
            case _:
                yield event
                continue
        if key not in yielded_keys:
            yielded_keys.add(key)
            yield event


def _has_failed_model(invocation: DbtCliInvocation) -> bool:
    """Tell whether a model raised; if only tests failed, there is nothing to leave out."""
    try:
        results = invocation.get_artifact("run_results.json")["results"]
    except FileNotFoundError:
        return False  # it ended before it built anything
    return any(each["status"] == "error" and each["unique_id"].startswith("model.") for each in results)
