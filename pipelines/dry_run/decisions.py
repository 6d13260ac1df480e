"""Decides a tenant's whole history in a copy of the warehouse: the live path's SQL with the tenant as its scope."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

import duckdb

from frontdesk.core.errors import ConfigurationError, FrontdeskError
from frontdesk.domains.tenancy.tenant import Tenant
from pipelines.build import warehouse
from pipelines.build.dbt_runner import DECISIONS, Manifest
from pipelines.build.warehouse_builder import WarehouseBuilder
from pipelines.build.writer_lock import WriterLock
from pipelines.ingest.tenant_tables import replace_documents
from pipelines.live.batch_sql import models_of_batch

#: What decisions are made of, in this order.
_STEPS = (
    "int_payment_facts",
    "int_booking_states",
    "int_contact_states",
    "int_rule_causes_dated",
    "int_happenings_told",
    "int_rule_causes_prevented",
    "int_rule_candidates",
    "int_commands_judged",
)
#: What they read of the copy as it is, with the schema it lies in.
_AS_IT_IS = {"int_facts_attributed": "intermediate", "fct_consents": "marts"}


class WarehouseOutdatedError(FrontdeskError):
    """The warehouse is not there, or not what this version's models make of the log."""

    http_status = 409
    title = "Nothing to rehearse with"


def check_there_is(path: Path) -> None:
    """Raise WarehouseOutdatedError if a home has no warehouse: before anything is compiled for it."""
    if not path.exists():
        raise WarehouseOutdatedError(f"{path}: there is no warehouse yet; run `frontdesk process --once` first")


@contextmanager
def copied_warehouse(path: Path) -> Iterator[Path]:
    """Yield a copy of a home's warehouse for a block. Holds the writer lock no longer than copying takes."""
    with TemporaryDirectory(prefix="frontdesk-dry-run-") as folder:
        copy = Path(folder) / path.name
        with WriterLock(path).held():
            for file in (path, path.with_name(path.name + ".wal")):  # the second: its last holder was killed
                if file.exists():
                    copyfile(file, copy.with_name(file.name))
        yield copy


@contextmanager
def decided(builder: WarehouseBuilder, tenant: Tenant, *, manifest: Manifest) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection with the temporary tables `present` and `tried`: rows of fct_decisions of the tenant.

    The builder is of a copy that nobody else uses. Raises WarehouseOutdatedError if its models are others, and
    ConfigurationError if the tenant's file would make other facts.
    """
    is_as_modelled = not builder.needs_build()
    with warehouse.connected(builder.path) as connection:
        try:
            _refuse_other_facts(connection, tenant)
            for name, schema in _AS_IT_IS.items():
                connection.execute(
                    f"create temp table {name} as from {schema}.{name} where tenant_id = ?", [tenant.slug]
                )
            # What stands was decided by these models, unless they, or the tenants' files, were changed since.
            present = f"from marts.{DECISIONS} where tenant_id = '{tenant.slug}'"
            connection.execute(
                f"create temp table present as {present if is_as_modelled else _decide(connection, manifest)}"
            )
            replace_documents(connection, [tenant], of=frozenset({tenant.slug}))
            connection.execute(f"create temp table tried as {_decide(connection, manifest)}")
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise WarehouseOutdatedError(
                f"the warehouse was made by other models ({error}); run `frontdesk process --once` first"
            ) from error
        yield connection


def _decide(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> str:
    """Make what decisions build on, by the rules that the copy has now; return the query that decides."""
    queries = {each.name: each.sql for each in models_of_batch(manifest.live_models)}
    for name in _STEPS:
        connection.execute(f"create or replace temp table {name} as {queries[name]}")
    return queries[DECISIONS]


def _refuse_other_facts(connection: duckdb.DuckDBPyConnection, tenant: Tenant) -> None:
    row = connection.execute(
        "select currency, country, languages, cancel_is_stop, decimal_mark from raw.tenants where tenant_id = ?",
        [tenant.slug],
    ).fetchone()
    if row is None:
        raise ConfigurationError(
            f"slug: the warehouse has no business {tenant.slug}; rules of a new one do nothing yet"
        )
    identity = connection.execute(
        "select identifier_kind, use, list_sort(ignored_values) from raw.identity_rules where tenant_id = ?",
        [tenant.slug],
    ).fetchall()
    # What facts are made with: other values would take a build.
    made_with = {
        "currency": tenant.currency,
        "country": tenant.country,
        "opt_out.languages": ",".join(tenant.spoken_languages()),
        "opt_out.cancel_is_stop": list(tenant.opt_out.cancel_is_stop),
        "decimal_mark": tenant.written_decimal_mark,
    }
    wrong = [key for known, (key, value) in zip(row, made_with.items(), strict=True) if known != value]
    if sorted(identity) != sorted(
        (rule.identifier, rule.use, sorted(tenant.nobodys_values(rule))) for rule in tenant.identity
    ):
        wrong.append("identity")
    if wrong:
        raise ConfigurationError(
            f"{', '.join(wrong)}: differs from what the warehouse was built with; a rehearsal changes rules, "
            "templates and delivery alone, so change this by itself first"
        )
