"""`python -m pipelines.monitoring`: what `frontdesk up` runs beside the other processes."""

from pipelines.monitoring.command_line import app

app()
