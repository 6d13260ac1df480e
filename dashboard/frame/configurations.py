"""The businesses' configurations in force: read from the log, and from files where no version is in it."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Final

import streamlit as st
from sqlalchemy import Engine

from frontdesk.core.errors import ConfigurationError, EventLogUnavailableError
from frontdesk.core.log.database import has_tables, open_existing
from frontdesk.core.tenant.configurations import Configuration
from frontdesk.domains.tenancy.directory import TenantDirectory, open_configurations
from frontdesk.domains.tenancy.documents import document_text
from frontdesk.domains.tenancy.tenant import Tenant, load_tenant

_LOOK_EVERY_S: Final = 1.0


class ConfigurationsInForce:
    """Reads alone, and looks for new versions at most once a second. All sessions of the process share it."""

    def __init__(self, event_log_url: str, tenants_dir: Path) -> None:
        self._url = event_log_url
        self._folder = tenants_dir
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._directory: TenantDirectory | None = None
        self._looked_at: float | None = None

    def get(self, tenant_id: str) -> Tenant:
        """Return a business as it is in force. Raises ConfigurationError if there is none that can be read."""
        directory = self._look()
        if directory is None or not directory.sequence:
            file = self._folder / f"{tenant_id}.yaml"
            return _load_file(file, _changed_at(file))
        if tenant_id not in directory:
            raise ConfigurationError(directory.wrong.get(tenant_id, f"there is no business {tenant_id}"))
        return directory[tenant_id]

    def version_of(self, tenant_id: str) -> Configuration | None:
        """Return the version in force, None if the log has none."""
        directory = self._look()
        return directory.versions.get(tenant_id) if directory else None

    def problem_of(self, tenant_id: str) -> str:
        """Return what is wrong with the version in force; empty if nothing is."""
        directory = self._look()
        return directory.wrong.get(tenant_id, "") if directory else ""

    def text_of(self, tenant_id: str) -> str:
        """Return a business's file, else its document in force as one; empty if there is neither."""
        try:
            return (self._folder / f"{tenant_id}.yaml").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            version = self.version_of(tenant_id)
            return document_text(version.document) if version and version.document else ""

    def close(self) -> None:
        """Close what is open."""
        if self._engine is not None:
            self._engine.dispose()

    def _look(self) -> TenantDirectory | None:
        """Return the businesses of the log, as they were a second ago or later; None if it is not there."""
        with self._lock:
            now = time.monotonic()
            if self._looked_at is None or now - self._looked_at >= _LOOK_EVERY_S:
                self._looked_at = now
                self._refresh()
            return self._directory

    def _refresh(self) -> None:
        try:
            if self._engine is None:
                self._engine = open_existing(self._url)
            if self._directory is None and self._engine is not None and has_tables(self._engine):
                self._directory = TenantDirectory(open_configurations(self._engine))
            if self._directory is not None:
                self._directory.refresh()
        except (EventLogUnavailableError, ConfigurationError):
            return  # what was known stays; whether the database is there the Systems page tells


@st.cache_resource(show_spinner=False, max_entries=8, on_release=ConfigurationsInForce.close)
def open_configurations_in_force(event_log_url: str, tenants_dir: Path) -> ConfigurationsInForce:
    """Return the one reader of this home that all sessions of the process share."""
    return ConfigurationsInForce(event_log_url, tenants_dir)


@st.cache_resource(show_spinner=False, max_entries=64)
def _load_file(file: Path, changed_at: int) -> Tenant:
    """Read a file once for each time that it changed."""
    del changed_at
    return load_tenant(file)


def _changed_at(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
