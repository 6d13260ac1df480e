"""Who looks at the page, by every name that a task can know them by, and whom tasks can be given to."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.frame.session import PageContext
from dashboard.parts import queries, task_queries
from frontdesk.domains.staff.roles import Role


def my_names(context: PageContext) -> list[str]:
    """Return the e-mail addresses and names of who is signed in, in lower case; none if nobody is."""
    members = () if context.receiver is None else context.receiver.signed_in.values()
    return sorted({name.strip().casefold() for member in members for name in (member.email, member.name)})


def own_work_only(context: PageContext) -> list[str]:
    """Return the businesses in which who is signed in is a tech, and works on own tasks and nobody's, as /v1 says."""
    members = {} if context.receiver is None else context.receiver.signed_in
    return [tenant_id for tenant_id, member in members.items() if member.role is Role.TECH]


def find_assignees(context: PageContext) -> dict[str, Mapping[str, str]]:
    """Return, by business, whom a task can be given to: what the task will say, and how to call them.

    Who is signed in comes first, then whoever had tasks before, the busiest first.
    """
    mine = set(my_names(context))
    found: dict[str, dict[str, str]] = {business.tenant_id: {} for business in context.chosen}
    for tenant_id, member in ({} if context.receiver is None else context.receiver.signed_in).items():
        if tenant_id in found:
            found[tenant_id][member.email] = f"Me ({member.name})"
    for row in queries.rows_of(task_queries.fetch_assignees(context.file, tenant_ids=context.tenant_ids)):
        if row.assigned_to.strip().casefold() not in mine:
            found[row.tenant_id][row.assigned_to] = row.assigned_to
    return dict(found)
