"""What Dagster loads: the definitions of the home that the environment names."""

from frontdesk.core.settings import load_settings
from pipelines.dagster_definitions import build_definitions
from pipelines.live_process import live_process_of

_settings = load_settings()
defs = build_definitions(_settings, live=live_process_of(_settings))
