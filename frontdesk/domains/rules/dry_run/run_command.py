"""Tries a changed tenant file: runs `frontdesk dry-run` over all history, which sends and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.running.frontdesk_command import CommandNotRunError, CommandTimeoutError, run_frontdesk
from frontdesk.domains.rules.dry_run.report import Report

_TIMEOUT_SECONDS = 180.0
_CHANGED = 1
_LAST_LINES = 12


class DryRunError(FrontdeskError):
    """The change can't be tried; the detail says why, as the command says it."""

    http_status = 422
    title = "Not rehearsed"


def try_rules(
    text: str,
    *,
    tenant_id: str,
    since: date | None,
    environ: Mapping[str, str] | None = None,
    command: Path | None = None,
) -> Report:
    """Return what a changed tenant file would do. Takes up to half a minute over a year of history.

    `environ` names the home, that of this process if None; `command` is the `frontdesk` to run, that of this
    installation if None. Raises DryRunError.
    """
    with TemporaryDirectory(prefix="frontdesk-dry-run-") as folder:
        # The file's name tells the business, as in the folder of tenants.
        file = Path(folder) / f"{tenant_id}.yaml"
        file.write_text(text, encoding="utf-8")
        arguments = ["dry-run", "--rules", str(file), "--json"]
        if since is not None:
            arguments += ["--since", since.isoformat()]
        try:
            ended = run_frontdesk(arguments, timeout_seconds=_TIMEOUT_SECONDS, environ=environ, command=command)
        except CommandTimeoutError as error:
            raise DryRunError(
                f"{error.detail}; give a later day to begin with, or run `frontdesk dry-run` in a terminal"
            ) from error
        except CommandNotRunError as error:
            raise DryRunError(error.detail) from error
    if "No such command" in ended.errors:
        raise DryRunError("This installation has no `frontdesk dry-run`; update it to rehearse changes here.")
    if ended.status not in (0, _CHANGED) or not ended.output.strip():
        raise DryRunError(ended.complaint(last_lines=_LAST_LINES).replace(f"{folder}/", ""))
    return _read_report(ended.output, tenant_id=tenant_id)


def _read_report(output: str, *, tenant_id: str) -> Report:
    try:
        report = Report.model_validate_json(output)
    except ValidationError as error:
        raise DryRunError(
            "`frontdesk dry-run --json` is of another version than who asks; update this installation"
        ) from error
    if report.tenant_id != tenant_id:
        # The file's slug says whose rules it changes; who sees one business is not to see another's contacts.
        raise DryRunError(f"slug: is {report.tenant_id}, but this is about {tenant_id}; send that business's file")
    return report
