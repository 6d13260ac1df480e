"""What this session did to tasks and the published file does not say yet, so that a click shows at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from dashboard.frame import actions
from dashboard.frame.analytics_file import AnalyticsFile
from dashboard.frame.api import BusinessApi
from dashboard.parts import components, task_queries

_KEY = "pending_tasks"


@dataclass(frozen=True)
class _Pending:
    asked_at: datetime
    is_done: bool
    new_name: str | None  #: None: the task is gone, done or snoozed


@dataclass(frozen=True)
class PendingTasks:
    """Keys of tasks that are gone from every list, how many of them are done, and new names of others."""

    hidden_keys: tuple[str, ...]
    count_done: int
    reassigned: dict[str, str]


def pending_tasks(file: AnalyticsFile, *, tenant_ids: Iterable[str]) -> PendingTasks:
    """Return what is not published yet; what is has been forgotten by then."""
    pending = _pending()
    if pending:
        changes = task_queries.fetch_published_changes(
            file, tenant_ids=list(tenant_ids), task_keys=list(pending.keys())
        )
        for task_key, changed_at in changes.items():
            if changed_at >= pending[task_key].asked_at:
                del pending[task_key]
    return PendingTasks(
        hidden_keys=tuple(key for key, each in pending.items() if each.new_name is None),
        count_done=sum(each.is_done for each in pending.values()),
        reassigned={key: each.new_name for key, each in pending.items() if each.new_name is not None},
    )


def change_task(
    tenant_id: str,
    task_key: str,
    change: Callable[[BusinessApi], None],
    *,
    toast: str,
    is_done: bool = False,
    new_name: str | None = None,
) -> None:
    """Run a change over /v1, and show its effect at once; if it is refused, the task stays as it is.

    A task that is gone by a click before is left alone: the second of a double click would count it once more.
    """
    known = _pending().get(task_key)
    if known is not None and known.new_name is None:
        return
    asked_at = components.present()

    def run(api: BusinessApi) -> str:
        change(api)
        return toast

    if actions.act(tenant_id, run):
        _pending()[task_key] = _Pending(asked_at, is_done, new_name)


def _pending() -> dict[str, _Pending]:
    pending: dict[str, _Pending] = st.session_state.setdefault(_KEY, {})
    return pending
