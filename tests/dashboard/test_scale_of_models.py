"""What the pages ask stays quick where the answers are views: on what the models make of 100,000 events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from dashboard.frame.analytics_file import AnalyticsFile
from dashboard.pages.attribution import queries as attribution_queries
from dashboard.pages.contacts import queries as contact_queries
from dashboard.pages.pipeline import queries as pipeline_queries
from dashboard.pages.reports import queries as report_queries
from dashboard.parts import automation_queries, queries, task_queries
from tests.benchmarks.history import load_history
from tests.dashboard.test_scale import median_processor_seconds
from tests.pipelines.homes import HomeFactory

pytestmark = pytest.mark.slow

COUNT_EVENTS = 100_000
TENANT = "avatar-imaging"
#: Of all processors together; the slowest took 0.3 on a fast host, and hosts differ by a factor of three.
MOST_SECONDS = 1.0
#: The history ends then.
LAST_MONTH, NEXT_MONTH = date(2025, 11, 1), date(2025, 12, 1)

#: Asks one thing of a file, about a contact where it is of one.
Ask = Callable[[AnalyticsFile, str], object]


def open_tasks(file: AnalyticsFile, tenant_ids: list[str]) -> object:
    return task_queries.fetch_open_tasks(
        file, tenant_ids=tenant_ids, whose="everybody", my_names=[], hidden_keys=[], reassigned={}, limit=6
    )


QUESTIONS: dict[str, Ask] = {
    "attribution": lambda file, _: attribution_queries.fetch_attribution(file, tenant_id=TENANT),
    "attribution by Markov and Shapley": lambda file, _: attribution_queries.fetch_modelled(file, tenant_id=TENANT),
    "costs": lambda file, _: attribution_queries.fetch_costs(file, tenant_id=TENANT, count_months=12),
    "payback": lambda file, _: attribution_queries.fetch_payback(file, tenant_id=TENANT, count_cohorts=12),
    "board": lambda file, _: pipeline_queries.fetch_board(
        file, tenant_id=TENANT, subject="contact", pipeline="lead", moved=[], limit=20
    ),
    "funnel": lambda file, _: pipeline_queries.fetch_funnel(
        file, tenant_id=TENANT, subject="contact", pipeline="lead", since=datetime(2025, 1, 1, tzinfo=UTC)
    ),
    "speed to lead": lambda file, _: pipeline_queries.fetch_speed_to_lead(
        file, tenant_id=TENANT, since=datetime(2025, 1, 1, tzinfo=UTC)
    ),
    "tasks of one business": lambda file, _: open_tasks(file, [TENANT]),
    "tasks of all": lambda file, _: open_tasks(file, list(queries.fetch_tenants(file)["tenant_id"])),
    "conversations": lambda file, _: automation_queries.fetch_conversations(
        file, tenant_id=TENANT, text="", only_open=False, settled=[], limit=40
    ),
    "thread": lambda file, contact: automation_queries.fetch_thread(
        file, tenant_id=TENANT, contact_id=contact, limit=50
    ),
    "warmness": lambda file, contact: contact_queries.find_warmness(file, tenant_id=TENANT, contact_id=contact),
    "next action": lambda file, contact: contact_queries.find_next_action(file, tenant_id=TENANT, contact_id=contact),
    "tasks of a contact": lambda file, contact: task_queries.fetch_tasks_of_contact(
        file, tenant_id=TENANT, contact_id=contact, hidden_keys=[]
    ),
    "credits": lambda file, contact: contact_queries.fetch_credits(file, tenant_id=TENANT, contact_id=contact),
    "contact as of": lambda file, contact: contact_queries.find_at(
        file, tenant_id=TENANT, contact_id=contact, at=datetime.now(UTC) - timedelta(days=30), known_at=None
    ),
    "figures of a month": lambda file, _: report_queries.fetch_figures(
        file, tenant_id=TENANT, report_id="none", first=LAST_MONTH, end=NEXT_MONTH
    ),
    "stages of a month": lambda file, _: report_queries.fetch_stages(
        file, tenant_id=TENANT, period_kind="monthly", first=LAST_MONTH
    ),
    "source health": lambda file, _: queries.fetch_source_health(file, tenant_ids=[TENANT]),
}


@pytest.fixture(scope="module")
def built_file(homes: HomeFactory) -> AnalyticsFile:
    home = homes.new_home()
    load_history(home.log, count=COUNT_EVENTS)
    home.modeller().rebuild(with_tests=False)
    with home.modeller().opened():
        pass
    return AnalyticsFile(home.analytics_path)


@pytest.fixture(scope="module")
def contact(built_file: AnalyticsFile) -> str:
    """Somebody who came, paid and was written to."""
    sql = """
    SELECT contact_id FROM marts.dim_contacts
    WHERE tenant_id = $tenant_id AND count_bookings > 1 AND count_messages > 0 AND amount_paid_minor > 0
    ORDER BY contact_id LIMIT 1
    """
    return str(built_file.fetch(sql, tenant_id=TENANT)["contact_id"][0])


def test_the_history_is_modelled(built_file: AnalyticsFile) -> None:
    assert built_file.fetch("SELECT count(*) AS n FROM marts.fct_timeline")["n"][0] > COUNT_EVENTS / 2


@pytest.mark.parametrize("name", QUESTIONS)
def test_it_is_quick(built_file: AnalyticsFile, contact: str, name: str) -> None:
    # What is kept for a file would be asked but once.
    def ask() -> None:
        built_file.close()
        QUESTIONS[name](built_file, contact)

    assert median_processor_seconds(ask) < MOST_SECONDS
