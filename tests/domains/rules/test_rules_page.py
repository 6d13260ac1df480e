"""docs/rules.md: its examples load, its commands are understood, and it leaves no key out."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from pydantic import BaseModel

from frontdesk.core.cli import build_app
from frontdesk.domains.rules.rule import Actions, CallWebhook, Condition, CreateTask, Due, Rule, SyncRecord, Unless
from frontdesk.domains.tenancy.tenant import load_tenants, read_tenant

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_part_of_a_good_file(example: str, tmp_path: Path) -> None:
    content: dict[str, Any] = yaml.safe_load((ROOT / "tenants" / "avatar-imaging.yaml").read_text(encoding="utf-8"))
    file = tmp_path / "example.yaml"
    file.write_text(yaml.safe_dump({**content, **yaml.safe_load(example)}))

    assert read_tenant(file).rules


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_is_understood(line: str) -> None:
    program, name, *words = shlex.split(line)
    group = typer.main.get_group(build_app())
    command = group.get_command(typer.Context(group, info_name=program), name)
    assert command is not None

    context = command.make_context(name, words)

    assert context.params
    if "rule" in context.params:
        rules = {rule.id for tenant in load_tenants(ROOT / "tenants").values() for rule in tenant.rules}
        assert context.params["rule"] in rules


@pytest.mark.parametrize("model", [Rule, Due, Unless, Condition, Actions, CreateTask, CallWebhook, SyncRecord])
def test_no_key_is_left_out(model: type[BaseModel]) -> None:
    keys = {field.alias or name for name, field in model.model_fields.items()}
    assert {key for key in keys if not re.search(rf"\b{key}\b", PAGE)} == set()


def test_there_is_something_to_test() -> None:
    assert len(EXAMPLES) >= 3
    assert {line.split()[1] for line in COMMANDS} == {"dry-run", "why", "why-not"}
