"""People and their sessions as /v1 shows them: the receiver answers these, and pages read them."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, Field

from frontdesk.domains.staff.roles import Role


class StaffRead(BaseModel):
    """A person who works here."""

    staff_id: str
    tenant_id: str
    email: str
    name: str
    role: Role


class SessionRead(BaseModel):
    """A session of a person with one business."""

    staff: StaffRead
    created_at: AwareDatetime
    expires_at: AwareDatetime = Field(description="At the latest; it ends earlier when it is not used.")
