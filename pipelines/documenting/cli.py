"""`frontdesk docs`: the data dictionary, and dbt's site with the lineage of every column's model."""

from __future__ import annotations

import sys
import webbrowser
from typing import Annotated

import orjson
import typer
from rich.console import Console

from frontdesk.core.settings import load_settings
from pipelines.documenting.data_dictionary import data_dictionary
from pipelines.home_parts import build_dbt_runner

app = typer.Typer()
docs = typer.Typer(help="What the models are: the data dictionary, and dbt's site.", no_args_is_help=True)
app.add_typer(docs, name="docs")


@docs.command()
def dictionary() -> None:
    """Print the data dictionary as Markdown."""
    manifest = build_dbt_runner(load_settings()).compiled_manifest()
    sys.stdout.write(data_dictionary(orjson.loads(manifest.read_bytes())))


@docs.command()
def site(
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write dbt's site (models, columns, lineage, SQL) as one file that needs no server."""
    settings = load_settings()
    with Console(stderr=True).status("dbt writes its site"):
        page = build_dbt_runner(settings).docs_site(settings.home.absolute() / "docs")
    Console(soft_wrap=True).print(f"{page}", highlight=False)
    if show:
        webbrowser.open(page.as_uri())
