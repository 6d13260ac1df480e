"""`python -m frontdesk.domains.operations`: what `frontdesk up` runs beside the other processes."""

from frontdesk.domains.operations.watch_cli import app

app()
