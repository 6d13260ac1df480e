"""Checks businesses' files, and whether what they say is in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from frontdesk.core.errors import ConfigurationError, EventLogUnavailableError
from frontdesk.core.log.database import has_tables, open_existing
from frontdesk.core.settings import Settings
from frontdesk.core.tenant.configurations import Configuration, digest_of
from frontdesk.core.tenant.files import FileContent
from frontdesk.domains.operations.findings import Finding, Level
from frontdesk.domains.tenancy.directory import TenantDirectory, describe_version, open_configurations
from frontdesk.domains.tenancy.tenant import Tenant, look_at

_SUBJECT = "Tenants"


def check_tenants(settings: Settings) -> tuple[list[Tenant], list[Finding]]:
    """Return the businesses as they are, or are to be once their files are in force, and what was found."""
    folder = settings.tenants_dir
    directory = _read_directory(settings)
    looked_at = {file.stem: look_at(file) for file in sorted(folder.glob("*.yaml"))}
    versions = directory.versions if directory else {}
    tenants = dict(directory or {})
    findings: list[Finding] = []
    for slug, found in looked_at.items():
        findings += _check_file(slug, found, versions=versions)
        if found.business is not None and not found.problem:
            tenants[slug] = found.business
    for slug, problem in (directory.wrong if directory else {}).items():
        if slug not in looked_at:
            findings += _tell(problem, f"Correct it: frontdesk tenant show {slug}, then frontdesk tenant apply")
    if tenants:
        findings.append(Finding(Level.OK, _SUBJECT, f"valid: {', '.join(sorted(tenants))}"))
    elif not findings:
        remedy = "Put one <slug>.yaml per business there, or set FRONTDESK_TENANTS_DIR; `frontdesk tenant init` asks"
        findings.append(Finding(Level.ERROR, _SUBJECT, f"{folder}: no tenant files", remedy))
    return [tenants[slug] for slug in sorted(tenants)], findings


def _check_file(slug: str, found: FileContent[Tenant], *, versions: Mapping[str, Configuration]) -> Iterator[Finding]:
    version = versions.get(slug)
    stays = f"the version of {describe_version(version)} stays in force" if version else ""
    if found.problem or found.content is None:
        yield from _tell(found.problem, f"Correct the file; until then {stays}" if stays else "Correct the file")
        return
    if versions and (version is None or digest_of(found.content, slug=slug) != version.digest):
        detail = f"{slug}.yaml is not in force: {stays or 'no version of it is'}"
        remedy = f"Start Frontdesk, which follows its files, or run `frontdesk tenant apply {slug}.yaml`"
        yield Finding(Level.WARNING, _SUBJECT, detail, remedy)


def _tell(problem: str, remedy: str) -> list[Finding]:
    return [Finding(Level.ERROR, _SUBJECT, line, remedy) for line in problem.splitlines()]


def _read_directory(settings: Settings) -> TenantDirectory | None:
    """Return what is in force; None if the log is not there, or can't be read, which another check tells."""
    try:
        engine = open_existing(settings.event_log_url)
    except ConfigurationError:
        return None
    if engine is None:
        return None
    directory = TenantDirectory(open_configurations(engine))
    try:
        if has_tables(engine):
            directory.refresh()
    except EventLogUnavailableError:
        return None
    finally:
        engine.dispose()
    return directory
