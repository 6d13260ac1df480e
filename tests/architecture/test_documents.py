"""What the documents promise is there: commands, links, and decisions with all their sections."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from frontdesk.core.cli import build_app
from tests.architecture.repository import ROOT, text_of, tracked

SECTIONS = ["Context", "Decision", "Consequences", "Alternatives", "When to look again"]
DECISIONS = [name for name in tracked(".md") if name.parts[:2] == ("docs", "decisions")]
DOCUMENTS = tracked(".md")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def commands_named(document: Path, program: str) -> set[str]:
    """The first words after the program's name in the document's code."""
    code = "\n".join(CODE.findall(text_of(document)))
    # "frontdesk report make" names no target.
    code = re.sub(r"frontdesk [a-z]+ make", "frontdesk report", code) if program == "make" else code
    return set(re.findall(rf"(?:^|[\s`/]){program} (?:[A-Z_]+=\S+ )*([a-z][a-z-]*)", code))


def test_the_readme_tells_how_to_begin() -> None:
    assert {"demo", "test"} <= commands_named(Path("README.md"), "make")


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_make_targets_named_in_a_document_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of(Path("Makefile")), re.MULTILINE))

    assert commands_named(document, "make") <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_frontdesk_commands_named_in_a_document_exist(document: Path) -> None:
    command = typer.main.get_command(build_app())
    names = set(getattr(command, "commands", {}))
    assert "up" in names

    assert commands_named(document, "frontdesk") <= names


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text_of(document)):
        assert (ROOT / document.parent / target).exists(), f"{document}: {target} is not there"


@pytest.mark.parametrize("decision", DECISIONS, ids=str)
def test_a_decision_has_all_its_sections(decision: Path) -> None:
    text = text_of(decision)

    assert re.match(rf"# {int(decision.name[:4])}\. \S", text), "begin with the number and what was decided"
    sections = [section.partition("\n") for section in text.split("\n## ")[1:]]
    assert [heading for heading, _, _ in sections] == SECTIONS
    assert all(content.strip() for _, _, content in sections)


def test_each_decision_has_a_number_of_its_own() -> None:
    # Numbers are given out before the work begins, and the work lands in any order.
    numbers = [int(decision.name[:4]) for decision in DECISIONS]

    assert len(numbers) == len(set(numbers))
    assert min(numbers) == 1


def test_ci_runs_the_commands_of_the_makefile() -> None:
    script = text_of(Path(".ci/run"))

    assert "make lint" in script
    assert "make test" in script
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100, "make .ci/run executable"
