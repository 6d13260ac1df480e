"""What a build is recognised by: a change of anything that decides what the models compute starts another."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from pipelines.build import dbt_runner
from pipelines.build.dbt_runner import DbtRunner
from tests.pipelines.kept import REPOSITORY


def test_code_that_a_python_model_computes_with_is_in_the_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = DbtRunner(project_dir=REPOSITORY / "dbt_project", warehouse_path=tmp_path, target_dir=tmp_path)
    before = runner.fingerprint()
    changed = shutil.copytree(dbt_runner.MODEL_CODE, tmp_path / "attribution")
    monkeypatch.setattr(dbt_runner, "MODEL_CODE", changed)
    assert runner.fingerprint() == before, "where it lies is nothing that decides"
    with (changed / "markov.py").open("a") as file:
        file.write("# another way to solve it")
    assert runner.fingerprint() != before


def test_python_models_import_nothing_that_is_not_in_it() -> None:
    for model in (REPOSITORY / "dbt_project" / "models").rglob("*.py"):
        imported = re.findall(r"^\s*(?:from|import) (\S+)", model.read_text(encoding="utf-8"), re.MULTILINE)
        ours = {name for name in imported if name.partition(".")[0] in ("pipelines", "frontdesk")}
        assert ours
        assert {name.rpartition(".")[0] for name in ours} == {"frontdesk.domains.attribution.crediting"}, model.name
