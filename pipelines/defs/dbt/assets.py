"""The dbt project as assets: one build, streamed."""

from collections.abc import Iterator
from typing import Any

from dagster import AssetExecutionContext, AssetsDefinition
from dagster_dbt import DbtCliResource, dbt_assets

from core.health.signs import RunKind
from core.settings import Settings
from pipelines.lib.assembly import build_dbt_runner, build_modeller, build_signs
from pipelines.lib.dbt_translator import Translator


def build_dbt_assets(settings: Settings) -> AssetsDefinition:
    """Return the models, seeds and tests of the project; materialising builds them from the whole raw log."""

    @dbt_assets(manifest=build_dbt_runner(settings).parsed_manifest(), dagster_dbt_translator=Translator())
    def warehouse_models(context: AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        # The live path gives the file up between two batches and takes it back afterwards.
        lock = build_modeller(settings, published_by="dagster").lock
        with build_signs(settings).recorded(RunKind.BUILD), lock.held():
            yield from dbt.cli(["build"], context=context).stream()

    return warehouse_models
