"""How dbt's nodes appear in Dagster: asset keys equal the relation, groups equal dbt's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from dagster import AssetKey, AssetSpec, FreshnessPolicy
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject

#: The nightly build proves every model once a day; half a day of grace covers a failed night that is repeated.
BUILD_FRESHNESS = FreshnessPolicy.time_window(fail_window=timedelta(hours=36), warn_window=timedelta(hours=26))


class Translator(DagsterDbtTranslator):
    """Keys `[schema, name]`, group from dbt, kinds by engine."""

    def __init__(self) -> None:
        super().__init__(settings=DagsterDbtTranslatorSettings(enable_asset_checks=True))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> AssetKey:
        """Return `[schema, name]`, the relation's own name."""
        return AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Return dbt's group; seeds and sources are the platform's."""
        group = dbt_resource_props.get("group") or dbt_resource_props.get("config", {}).get("group")
        return str(group) if group else "platform"

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> AssetSpec:
        """Add the freshness that the nightly build owes."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        return spec.replace_attributes(freshness_policy=BUILD_FRESHNESS)
