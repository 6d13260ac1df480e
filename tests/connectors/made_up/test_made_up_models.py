"""A provider is a folder of staging: its facts are in the marts without a change of anything else."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from frontdesk.core.log.envelope import NewEvent
from pipelines.documenting import staging_lists
from tests.pipelines.facts import TENANT, fact
from tests.pipelines.homes import Home
from tests.pipelines.kept import REPOSITORY

STAGING = Path(__file__).with_name("staging")


def happened(event_id: str, *, phone: str, hours: float) -> NewEvent:
    payload = {"who": {"phone": phone, "name": "Ana Lee"}, "thing": "MRI"}
    return fact("made-up.thing.happened", payload, event_id=event_id, hours=hours, source="made-up")


def with_its_folder(home: Home, folder: Path) -> Home:
    """Return the same home under a project that has the provider's folder beside the others."""
    project = folder / "dbt_project"
    shutil.copytree(REPOSITORY / "dbt_project", project, ignore=shutil.ignore_patterns("target", "logs"))
    shutil.copytree(STAGING, project / "models" / "staging", dirs_exist_ok=True)
    staging_lists.write(project)
    return replace(home, project_dir=project, target_dir=folder / "dbt_target")


def test_its_models_are_listed(home: Home, tmp_path: Path) -> None:
    project = with_its_folder(home, tmp_path).project_dir
    assert "ref('stg_made_up__leads')" in (project / staging_lists.FACTS_MACRO).read_text()
    assert "made-up.thing.happened,mapped by staging/made_up" in staging_lists.known_event_types(project)


@pytest.mark.slow
def test_its_facts_are_in_the_marts_built_and_live(home: Home, tmp_path: Path) -> None:
    known = with_its_folder(home, tmp_path)
    known.log.append([happened("built", phone="0400 000 001", hours=-2)])
    with known.modeller().opened():
        pass
    known.follow_in_batches([[happened("live", phone="+61400000001", hours=-1)]])
    leads = "select source, type, detail from marts.fct_timeline where source = 'made-up' order by occurred_at"
    assert known.query(leads) == [("made-up", "lead.created", "MRI")] * 2
    people = f"select display_name, phone, acquisition_channel from marts.dim_contacts where tenant_id = '{TENANT}'"
    assert known.query(people) == [("Ana Lee", "+61400000001", "made up")]
    assert known.query("select bool_and(is_known_type) from marts.fct_source_activity") == [(True,)]
    assert known.modeller().verify() == []
