"""analytics.duckdb: what readers see."""

from __future__ import annotations

from dagster import AssetKey, AssetsDefinition, MaterializeResult, asset

from core.settings import Settings
from pipelines.lib.assembly import build_dbt_runner, build_modeller
from pipelines.lib.dbt_runner import Manifest

PUBLISHED_KEY = ["published", "analytics"]


def build_published_asset(settings: Settings) -> AssetsDefinition:
    """Return the asset; materialising it writes the whole file and replaces the published one."""
    manifest = Manifest(build_dbt_runner(settings).parsed_manifest())

    @asset(
        key=PUBLISHED_KEY,
        deps=[AssetKey([schema, name]) for schema, name in manifest.public_relations()],
        group_name="platform",
        kinds={"duckdb"},
        description="The marts and reports as one read-only file, replaced atomically.",
    )
    def analytics() -> MaterializeResult:  # type: ignore[type-arg]  # generic only since Dagster 1.13's stubs
        with build_modeller(settings, published_by="dagster").opened() as modeller:
            return MaterializeResult(
                metadata={
                    "modelled_sequence": modeller.modelled_sequence,
                    "bytes": settings.analytics_path.stat().st_size,
                }
            )

    return analytics
