"""What the dashboard's tests share: a home with a published file, and the frame run in it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from dashboard.frame import sign_in
from dashboard.frame.analytics_file import AnalyticsFile
from dashboard.frame.sign_in import StaffMember
from dashboard.parts.formatting import WORD_JOINER
from frontdesk.domains.staff.roles import Role
from tests.dashboard.published_file import BARBERS, MASSAGE, NEWCOMER, nothing_published
from tests.dashboard.published_messages import conversations_published
from tests.dashboard.receivers import Beside, receiver_beside

APP = Path(__file__).parents[2] / "dashboard" / "frame" / "app.py"
#: Generous: the first run in a process imports pandas, DuckDB and Altair.
TIMEOUT_SECONDS = 30.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """DuckDB 1.5's own conversion to pandas uses what pandas 4 deprecates; nothing of ours can help it."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning"))


@pytest.fixture(scope="session", autouse=True)
def _components_looked_for_once() -> Iterator[None]:
    """Streamlit looks through all installed packages whenever a test runs an app, which takes most of the test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


# Of the module, not of the session: with other tests in between, "3 min ago" would not be true any more.
@pytest.fixture(scope="module")
def now() -> datetime:
    """The present: pages judge silence and freshness at the moment they are read."""
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> Path:
    """Published files to copy, because writing one takes ten times as long: `filled.duckdb` and `empty.duckdb`."""
    folder = tmp_path_factory.mktemp("published")
    conversations_published(now=now).publish(folder / "filled.duckdb")
    nothing_published(now=now).publish(folder / "empty.duckdb")
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty FRONTDESK_HOME."""
    monkeypatch.setenv("FRONTDESK_HOME", str(tmp_path))
    monkeypatch.setenv("FRONTDESK_RECEIVER_PORT", "9")  # nobody's, whatever else runs on this machine
    return tmp_path


@pytest.fixture(autouse=True)
def signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner of every business looks at the page; what they would change needs sign_in_as with a real token."""
    sign_in_as(monkeypatch, *(owner_of(tenant_id) for tenant_id in (MASSAGE, BARBERS, NEWCOMER)))


def owner_of(tenant_id: str, *, token: str = "", role: Role = Role.OWNER) -> StaffMember:
    """Return a person's account with a business."""
    expires_at = datetime.now(UTC) + timedelta(days=1)
    return StaffMember(tenant_id, "mia@example.com", "Mia", role, expires_at, token)


def sign_in_as(monkeypatch: pytest.MonkeyPatch, *members: StaffMember) -> None:
    """Let these accounts be the ones that the frame finds signed in."""
    by_tenant = {member.tenant_id: member for member in members}
    monkeypatch.setattr(sign_in, "find_signed_in", lambda _url, **_: dict(by_tenant))


@pytest.fixture
def filled_home(home: Path, published: Path) -> Path:
    """A home with two businesses' published facts."""
    shutil.copyfile(published / "filled.duckdb", home / "analytics.duckdb")
    return home


@contextmanager
def signed_in_beside(home: Path, monkeypatch: pytest.MonkeyPatch, *others: StaffMember) -> Iterator[Beside]:
    """A receiver beside a home, and Mia signed in to Harbour Massage with a token that it takes."""
    with receiver_beside(home) as beside:
        for name, value in beside.environment.items():
            monkeypatch.setenv(name, value)
        sign_in_as(monkeypatch, owner_of(MASSAGE, token=beside.open_session(MASSAGE)), *others)
        yield beside


@pytest.fixture
def beside(filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    """A receiver beside the filled home, and nobody but the owner of one business signed in."""
    with signed_in_beside(filled_home, monkeypatch) as beside:
        yield beside


@pytest.fixture
def empty_home(home: Path, published: Path) -> Path:
    """A home whose published file has businesses, and nothing that happened."""
    shutil.copyfile(published / "empty.duckdb", home / "analytics.duckdb")
    return home


@pytest.fixture
def analytics_file(filled_home: Path) -> AnalyticsFile:
    """A reader of the filled file."""
    return AnalyticsFile(filled_home / "analytics.duckdb")


def open_page(page: str, **query: str) -> AppTest:
    """Run the frame at a page, such as `systems` or `inbox`, with the query parameters of its address."""
    app = AppTest.from_file(APP, default_timeout=TIMEOUT_SECONDS).run()
    for name, value in query.items():
        app.query_params[name] = value
    return app.switch_page(f"../pages/{page}/{page}.py").run()


def text_of(app: AppTest) -> str:
    """Return the page's Markdown, captions, headings, figures and notes as one string, without escapes."""
    elements = [
        *app.markdown,
        *app.caption,
        *app.header,
        *app.subheader,
        *app.info,
        *app.warning,
        *app.success,
        *app.error,
    ]
    parts = [element.value for element in elements] + [f"{figure.label}: {figure.value}" for figure in app.metric]
    return re.sub(r"\\(.)", r"\1", "\n".join(parts)).replace(WORD_JOINER, "")
