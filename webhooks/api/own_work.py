"""What a tech may work on: own tasks and those of nobody, and own bookings; the others may work on all."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import HTTPException

from frontdesk.core.published import reader as published
from frontdesk.core.published.errors import NothingPublishedError
from frontdesk.domains.staff.roles import Role
from webhooks.api.callers import Caller
from webhooks.runtime import Runtime


class OwnWork:
    """Tells a caller's own work from others', by what is published."""

    def __init__(self, runtime: Runtime) -> None:
        self._path = runtime.settings.analytics_path

    def check_stage_change(self, caller: Caller, *, booking_id: str | None) -> None:
        """Return where the caller may move it. Raises HTTPException with 403 where a tech may not."""
        if caller.role is not Role.TECH:
            return
        if booking_id is None:
            raise _not_own("a tech moves bookings; moving a person through a pipeline needs the role admin")
        try:
            with published.opened(self._path) as file:
                staff_name = file.staff_of_booking(caller.tenant_id, booking_id)
        except NothingPublishedError:
            staff_name = None  # nobody's, as far as is known
        if not staff_name or caller.account is None or not caller.account.is_meant_by(staff_name):
            raise _not_own("a tech moves own bookings, and this one is not known as theirs; it needs the role admin")

    def check_task(self, caller: Caller, *, assigned_to: str | None) -> None:
        """Return where the caller may change it. Raises HTTPException with 403 where a tech may not."""
        if not is_own_task(caller, assigned_to=assigned_to):
            raise _not_own("this task is somebody else's; changing it needs the role admin")


def is_own_task(caller: Caller, *, assigned_to: str | None) -> bool:
    """Return whether the caller may see and change a task: a tech those of themselves and of nobody."""
    if caller.role is not Role.TECH or not assigned_to:
        return True
    return caller.account is not None and caller.account.is_meant_by(assigned_to)


def _not_own(detail: str) -> HTTPException:
    return HTTPException(HTTPStatus.FORBIDDEN, detail)
