"""`frontdesk why` and `frontdesk why-not`: one question, answered from the log, the decisions and the outbox."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from frontdesk.core.clock import SystemClock
from frontdesk.core.errors import FrontdeskError
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import open_database
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.published.errors import UnknownRuleError
from frontdesk.core.settings import Settings, load_settings
from frontdesk.core.tenant.files import load_businesses
from frontdesk.domains.rules.explaining import screen
from frontdesk.domains.rules.explaining.explainer import Explainer
from frontdesk.domains.rules.settings import RuledBusiness
from frontdesk.domains.rules.vocabulary import suggest
from frontdesk.domains.sending.outbox.outbox import Outbox

app = typer.Typer()

#: Columns where the output is no terminal.
_FILE_WIDTH = 240

_AsJson = Annotated[bool, typer.Option("--json", help="Print everything as JSON.")]


class WhichBusinessError(FrontdeskError):
    """It is not clear, or not known, which business is meant."""

    title = "Which business"


@app.command()
def why(
    *,
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="The command's key, as `frontdesk outbox list` shows it.")
    ],
    as_json: _AsJson = False,
) -> None:
    """Show why a command went out, or did not: rule, cause, consent, words, every attempt, what came of it."""
    settings = load_settings()
    answer = _explainer(settings, load_businesses(settings.tenants_dir, RuledBusiness)).explain_command(key)
    if as_json:
        typer.echo(answer.model_dump_json(indent=2))
    else:
        screen.show_command(answer, console=_console())


@app.command(name="why-not")
def why_not(
    *,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule's id.")],
    contact: Annotated[str, typer.Argument(metavar="CONTACT", help="Id, phone number, e-mail address or name.")],
    tenant: Annotated[str | None, typer.Option(help="The business; needed where several have such a rule.")] = None,
    as_json: _AsJson = False,
) -> None:
    """Show why a rule did not act for a contact: the first condition that failed, or the fact that never came."""
    settings = load_settings()
    tenants = load_businesses(settings.tenants_dir, RuledBusiness)
    tenant_id = _choose_tenant(tenants, tenant, rule_id=rule)
    answer = _explainer(settings, tenants).explain_absence(tenant_id, rule_id=rule, contact=contact)
    if as_json:
        typer.echo(answer.model_dump_json(indent=2))
    else:
        screen.show_absence(answer, console=_console())


def _explainer(settings: Settings, tenants: dict[str, RuledBusiness]) -> Explainer:
    engine = open_database(settings.event_log_url, backups=settings.backups_path)
    clock = SystemClock()
    ids = UuidV7Factory(clock)
    outbox = Outbox(engine, clock=clock, ids=ids)
    return Explainer(settings.analytics_path, outbox=outbox, log=EventLog(engine, ids=ids), tenants=tenants)


def _choose_tenant(tenants: dict[str, RuledBusiness], wanted: str | None, *, rule_id: str) -> str:
    if wanted is not None:
        if wanted not in tenants:
            raise WhichBusinessError(f"there is no business {wanted}; use one of {', '.join(sorted(tenants))}")
        return wanted
    having = sorted(slug for slug, tenant in tenants.items() if any(rule.id == rule_id for rule in tenant.rules))
    if not having:
        every = tuple(sorted({rule.id for tenant in tenants.values() for rule in tenant.rules}))
        raise UnknownRuleError(f"no business has a rule {rule_id}; {suggest(rule_id, every)}")
    if len(having) > 1:
        raise WhichBusinessError(
            f"several businesses have a rule {rule_id}; add --tenant with one of {', '.join(having)}"
        )
    return having[0]


def _console() -> Console:
    # A key that is cut in two by a file's narrow columns could not be searched for.
    return Console(width=None if sys.stdout.isatty() else _FILE_WIDTH)
