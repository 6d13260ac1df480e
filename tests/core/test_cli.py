"""The command line shows an expected error as text on stderr, and ends with status 1."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
import typer

from frontdesk.core import cli
from frontdesk.core.errors import ConfigurationError


@pytest.fixture
def failing_command(monkeypatch: pytest.MonkeyPatch) -> None:
    app = typer.Typer()

    @app.command()
    def fail() -> None:
        raise ConfigurationError("a.yaml: events.[key]: [/red] is wrong\nb.yaml: too")

    @app.command()
    def write() -> None:
        raise NotADirectoryError(20, "Not a directory", "/etc/passwd/logs")

    @app.command()
    def succeed() -> None:
        typer.echo("done")

    entry_point = SimpleNamespace(name="testing", value="testing:app", load=lambda: app)
    monkeypatch.setattr(cli, "entry_points", lambda group: [entry_point] if group == cli.COMMANDS_GROUP else [])


@pytest.mark.usefixtures("failing_command")
def test_an_expected_error_is_told_to_the_letter(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["frontdesk", "fail"])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert ended.value.code == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "Wrong configuration: a.yaml: events.[key]: [/red] is wrong\nb.yaml: too\n"


@pytest.mark.usefixtures("failing_command")
def test_a_home_that_can_not_be_written_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["frontdesk", "write"])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert ended.value.code == 1
    shown = capsys.readouterr().err
    assert shown.startswith("Not possible: [Errno 20] Not a directory: '/etc/passwd/logs'; FRONTDESK_HOME must be")


@pytest.mark.usefixtures("failing_command")
def test_a_command_that_succeeds_ends_with_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["frontdesk", "succeed"])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert ended.value.code == 0
    assert capsys.readouterr().out == "done\n"
