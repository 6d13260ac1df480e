"""What can go wrong with a backup; the detail says what to do."""

from __future__ import annotations

from frontdesk.core.errors import FrontdeskError


class BackupError(FrontdeskError):
    """A backup can't be made, is damaged, or does not fit the place that it is to be restored to."""

    title = "Backup"
    http_status = 409
