"""Process settings from FRONTDESK_* environment variables; built once by each entry point and passed in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from platformdirs import user_cache_path
from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from frontdesk.core.errors import ConfigurationError, validation_message

_DBT_PROJECT = Path("dbt_project")


def _find_dbt_project(folder: Path) -> Path:
    """Return the folder; if it is the default and not there, that beside this package, in an editable checkout."""
    beside = Path(__file__).parents[2] / _DBT_PROJECT
    return beside if folder == _DBT_PROJECT and not folder.is_dir() and beside.is_dir() else folder


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(each for part in (text or "").split(",") if (each := part.strip()))


class Settings(BaseSettings):
    """Where things are and where they listen. Secrets are not here: see frontdesk/core/secrets.py."""

    model_config = SettingsConfigDict(env_prefix="FRONTDESK_", frozen=True, extra="ignore")

    home: Path = Field(default=Path("data"), description="Folder of everything Frontdesk keeps.")
    database_url: str | None = Field(
        default=None, description="SQLAlchemy URL of log and outbox; default: SQLite in home."
    )
    tenants_dir: Path = Field(default=Path("tenants"), description="Folder of the tenants' YAML files.")
    dbt_project_dir: Annotated[Path, AfterValidator(_find_dbt_project)] = Field(
        default=_DBT_PROJECT, description="Folder of the dbt project; by default the checkout's own serves elsewhere."
    )
    cache_dir: Path | None = Field(
        default=None,
        description="Folder of what all new homes begin with; default: in the user's cache folder.",
    )
    public_url: str = Field(
        default="http://127.0.0.1:8000", description="The address providers see; Twilio signs it."
    )
    host: str = Field(default="127.0.0.1", description="Address every process binds to.")
    allowed_hosts: str | None = Field(
        default=None, description="More names by which browsers reach the pages, separated by commas."
    )
    trusted_proxies: str | None = Field(
        default=None, description="Addresses of proxies whose X-Forwarded-For is believed, separated by commas."
    )
    published_group: str | None = Field(
        default=None, description="Group of this machine that may read the published file, and nothing else."
    )
    receiver_port: int = 8000
    dagster_port: int = 3000
    dashboard_port: int = 8501
    sandbox_port: int = 8900
    sandbox_smtp_port: int = 8925
    api_url_twilio: str = Field(default="https://api.twilio.com", description="Twilio, or what stands in for it.")
    api_url_clicksend: str = Field(default="https://rest.clicksend.com", description="ClickSend.")
    api_url_graph: str = Field(default="https://graph.microsoft.com", description="Microsoft Graph.")
    api_url_graph_login: str = Field(
        default="https://login.microsoftonline.com", description="Where Graph's tokens are from."
    )
    webhook_private_hosts: str | None = Field(
        default=None, description="Hosts inside that webhooks may go to, without TLS too, separated by commas."
    )
    smtp_host: str | None = Field(default=None, description="Mail server in place of every tenant's own.")
    smtp_port: int | None = Field(default=None, description="Its port, in place of the tenant's.")
    webhook_rate_limit_per_minute: int = Field(
        default=600_000, ge=1, description="Deliveries a minute per tenant and source; beyond it 429."
    )
    max_body_bytes: int = Field(default=1_048_576, ge=1, description="Largest accepted request body.")
    session_idle_minutes: int = Field(default=480, ge=1, description="Staff are signed out when idle for so long.")
    session_hours: int = Field(default=168, ge=1, description="Staff sign in again after so long in any case.")
    dashboard_url: str | None = Field(
        default=None, description="Where browsers reach the dashboard; default: its port on the host they use."
    )
    sign_in_url: str | None = Field(
        default=None, description="Where browsers reach /sign-in; default: the receiver's port on the host they use."
    )
    alert_email: str | None = Field(
        default=None, description="Who is told by e-mail when something is ill; several addresses by commas."
    )
    alert_mail_by: str | None = Field(
        default=None,
        description="Slug of the business whose account sends these e-mails; default: the first that can.",
    )
    alert_webhook_url: str | None = Field(
        default=None, description="Where alerts are posted, signed with FRONTDESK_ALERT_WEBHOOK_SECRET."
    )
    least_free_mib: int = Field(default=2_048, ge=1, description="With less room on its disk the home is ill.")
    sign_in_hint: str | None = Field(default=None, description="Shown on the sign-in page; the demo's passwords.")

    @property
    def allowed_host_names(self) -> tuple[str, ...]:
        """Names by which browsers reach the pages, besides this machine's own."""
        return _listed(self.allowed_hosts)

    @property
    def trusted_proxy_addresses(self) -> list[str]:
        """Addresses of proxies whose X-Forwarded-For and -Proto are believed."""
        return [*_listed(self.trusted_proxies)]

    @property
    def alert_addresses(self) -> tuple[str, ...]:
        """Addresses that are told by e-mail when something is ill."""
        return _listed(self.alert_email)

    @property
    def webhook_private_host_names(self) -> frozenset[str]:
        """Hosts that webhooks may go to though they are not on the internet."""
        return frozenset(name.lower() for name in _listed(self.webhook_private_hosts))

    @property
    def event_log_url(self) -> str:
        """SQLAlchemy URL of the operational database (log and outbox)."""
        return self.database_url or f"sqlite:///{self.home.absolute() / 'frontdesk.db'}"

    @property
    def warehouse_path(self) -> Path:
        """DuckDB file that only the pipelines open."""
        return self.home.absolute() / "warehouse.duckdb"

    @property
    def analytics_path(self) -> Path:
        """DuckDB file published for readers; opened read-only, replaced atomically."""
        return self.home.absolute() / "analytics.duckdb"

    @property
    def start_cache_path(self) -> Path:
        """Folder of what new homes begin with; it can be deleted at any time."""
        return self.cache_dir or user_cache_path("frontdesk")

    @property
    def backups_path(self) -> Path:
        """Folder of the copies made before upgrades, and of those that `frontdesk backup` makes."""
        return self.home.absolute() / "backups"

    @property
    def reports_path(self) -> Path:
        """Folder of the archive of reports; files there are never changed."""
        return self.home.absolute() / "reports"

    def places(self) -> dict[str, str]:
        """Return the variables that lead a process of ours, wherever it runs, to the same home and files."""
        places = {
            "FRONTDESK_HOME": str(self.home.absolute()),
            "FRONTDESK_TENANTS_DIR": str(self.tenants_dir.absolute()),
            "FRONTDESK_DBT_PROJECT_DIR": str(self.dbt_project_dir.absolute()),
        }
        return places | ({"FRONTDESK_DATABASE_URL": self.database_url} if self.database_url else {})


def load_settings() -> Settings:
    """Read the environment. Relative paths are taken from the current directory.

    Raises ConfigurationError with one line per wrong variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise ConfigurationError("\n".join(_explain(problem) for problem in error.errors())) from error


def _explain(problem: ErrorDetails) -> str:
    name = "_".join(str(part) for part in problem["loc"]).upper()
    return f"FRONTDESK_{name}: {problem['input']!r}: {validation_message(problem).lower()}"
