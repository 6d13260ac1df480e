"""Computes a stored report again from the log as it was then, in a warehouse beside, and compares."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.progress import ProgressCallback
from frontdesk.domains.reports.computation import Provenance, compute_report
from frontdesk.domains.reports.differences import FigurePair, pair_figures
from frontdesk.domains.reports.document import Report
from frontdesk.domains.tenancy.tenant import Tenant
from pipelines.build import warehouse
from pipelines.build.dbt_runner import DbtRunner
from pipelines.build.warehouse_builder import WarehouseBuilder
from pipelines.build.writer_lock import WriterLock
from pipelines.publish.published_macros import create_published_macros


class NotReproducibleError(FrontdeskError):
    """The log does not hold what the report was computed from; the detail says what is missing."""

    http_status = 409
    title = "Not reproducible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """A stored report and the same computed again."""

    stored: Report
    again: Report

    @property
    def is_equal(self) -> bool:
        """Tell whether every byte is the same but the name of the models."""
        unnamed = {"models_fingerprint": ""}
        return self.stored.model_copy(update=unnamed).to_json() == self.again.model_copy(update=unnamed).to_json()

    @property
    def have_models_changed(self) -> bool:
        """Tell whether the models are no longer those that computed it."""
        return self.stored.models_fingerprint != self.again.models_fingerprint

    @property
    def differences(self) -> Sequence[FigurePair]:
        """The figures that are not the same."""
        return [pair for pair in pair_figures(self.stored, self.again) if pair.differs]


def reproduce(
    stored: Report,
    tenant: Tenant,
    *,
    builder: WarehouseBuilder,
    lock: WriterLock,
    progress: ProgressCallback | None = None,
) -> Reproduction:
    """Build the models from the log up to the report's sequence, beside, and compute the report again.

    Takes as long as a rebuild of that much of the log. The live warehouse is only asked which events it set aside;
    the lock is held for that moment. Raises NotReproducibleError and DbtError.
    """
    last = builder.log.last_sequence()
    if last < stored.log_sequence:
        raise NotReproducibleError(
            f"report {stored.report_id} knew events up to {stored.log_sequence}, the log ends at {last}; "
            "restore the log it was made from"
        )
    with lock.held():
        quarantine = builder.quarantine() if builder.path.exists() else None
    with tempfile.TemporaryDirectory(dir=builder.path.parent, prefix="reproduction-") as folder:
        beside = builder.beside(Path(folder) / builder.path.name)
        beside.build(with_tests=False, progress=progress, end=stored.log_sequence, quarantine=quarantine)
        with warehouse.connected(beside.path) as connection:
            create_published_macros(connection, builder.dbt.manifest())
            again = compute_again(connection, stored, tenant, dbt=builder.dbt)
    return Reproduction(stored=stored, again=again)


def compute_again(connection: duckdb.DuckDBPyConnection, stored: Report, tenant: Tenant, *, dbt: DbtRunner) -> Report:
    """Return the report by what a database knows, made at the same time as the stored one."""
    provenance = Provenance(
        log_sequence=stored.log_sequence,
        models_fingerprint=dbt.fingerprint(),
        generated_at=stored.generated_at,
    )
    return compute_report(connection, tenant, stored.period, provenance=provenance)
