"""analytics.duckdb, what readers see; and the nightly proof that it is what a rebuild gives."""

from __future__ import annotations

from dagster import AssetKey, AssetsDefinition, Failure, MaterializeResult, asset

from frontdesk.core.settings import Settings
from frontdesk.domains.operations.heartbeats import RunKind, RunOutcome
from pipelines.build.dbt_runner import Manifest
from pipelines.home_parts import build_booking_tables, build_dbt_runner, build_heartbeats, build_modeller

PUBLISHED_KEY = ["published", "analytics"]
VERIFICATION_KEY = ["published", "verification"]


def build_published_asset(settings: Settings) -> AssetsDefinition:
    """Return the asset; materialising it writes the whole file and replaces the published one."""
    manifest = Manifest(build_dbt_runner(settings).compiled_manifest())

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


def build_verification_asset(settings: Settings) -> AssetsDefinition:
    """Return the asset; materialising it builds from the log beside, and compares every row of every mart."""

    @asset(
        key=VERIFICATION_KEY,
        deps=[AssetKey(PUBLISHED_KEY)],
        group_name="platform",
        kinds={"python", "duckdb"},
        description="The proof that live rows, and claims, are those of a rebuild from the first event of the log.",
    )
    def verification() -> MaterializeResult:  # type: ignore[type-arg]  # generic only since Dagster 1.13's stubs
        modeller = build_modeller(settings, published_by="dagster")
        with build_heartbeats(settings).recorded(RunKind.VERIFICATION) as result:
            differing = [difference.mart for difference in modeller.verify()]
            differing += [difference.table for difference in build_booking_tables(settings).compare()]
            result.detail = f"Equal through event {modeller.verified_sequence}"
            if differing:
                result.outcome = RunOutcome.DIFFERENT
                result.detail = f"Through event {modeller.verified_sequence} these differ: {', '.join(differing)}"
        if differing:
            raise Failure(result.detail)
        return MaterializeResult(metadata={"verified_sequence": modeller.verified_sequence})

    return verification
