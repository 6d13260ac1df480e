"""What Dagster loads: the definitions of the home that the environment names."""

from frontdesk.core.settings import load_settings
from pipelines.dagster_definitions import build_definitions

defs = build_definitions(load_settings())
