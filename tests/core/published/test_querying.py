"""`frontdesk sql`: what is published is printed as it is, and what can't be asked is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner, Result

from frontdesk.core.cli import build_app
from frontdesk.core.published.cli import QueryError
from frontdesk.core.published.errors import NothingPublishedError

Ask = Callable[..., Result]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.setenv("FRONTDESK_HOME", str(tmp_path))
    with duckdb.connect(str(tmp_path / "analytics.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute(
            """
            create table marts.fct_payments as
            from (values (9007199254740993, timestamptz '2026-11-21 09:00:00+10'), (null, null)) as t (minor, paid_at)
            """
        )

    def run(*words: str, question: str | None = None) -> Result:
        return CliRunner().invoke(build_app("sql"), ["sql", *words], input=question)

    return run


def test_csv_has_every_digit(ask: Ask) -> None:
    shown = ask("select * from marts.fct_payments", "--csv")
    assert shown.output == "minor,paid_at\n9007199254740993,2026-11-20 23:00:00+00:00\n,\n"


def test_a_table_is_for_people_and_a_question_can_be_piped_in(ask: Ask) -> None:
    assert "9007199254740993" in ask("select minor from marts.fct_payments").output
    assert "2026-11-20 23:00:00+00:00" in ask(question="select paid_at from marts.fct_payments").output
    assert "first 200 rows; use --csv" in ask("select * from range(201)").output


def test_wrong_sql_is_told_in_duckdbs_words(ask: Ask) -> None:
    with pytest.raises(QueryError, match="Table with name nothing does not exist"):
        raise ask("select * from nothing").exception or AssertionError("it was answered")
    with pytest.raises(QueryError, match="read-only"):
        raise ask("delete from marts.fct_payments").exception or AssertionError("it was done")


def test_a_home_without_data_names_itself_and_the_way_to_another(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "analytics.duckdb").unlink()
    with pytest.raises(NothingPublishedError, match=r"analytics\.duckdb: nothing is published yet; .*FRONTDESK_HOME"):
        raise ask("select 1").exception or AssertionError("it was answered")
