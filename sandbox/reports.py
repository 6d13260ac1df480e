"""Asks Frontdesk for every business's newest reports, which its schedule makes on Mondays and firsts of a month."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.console import Console

from sandbox.processes import frontdesk_command

_KINDS = ("weekly", "monthly")
#: For the models to know the whole year that was just sent; a minute on a fast machine.
_MODELS_WAIT_S = 900
_LOOKS_EVERY_S = 1.0


async def make_reports(
    tenants: Iterable[str], *, published: Path, environ: Mapping[str, str], console: Console
) -> None:
    """Have the reports of the last week and month made, one after another; say when they are there, or why not.

    Begins when there is a published file: until then the models of a new home are being built.
    """
    while not published.exists():
        await asyncio.sleep(_LOOKS_EVERY_S)
    for tenant in tenants:
        for kind in _KINDS:
            complaint = await _make(tenant, kind, environ=environ)
            if complaint:
                console.print(f"The {kind} report of {tenant} was not made: {complaint}", style="red", markup=False)
                return
    console.print("Reports    those of the last week and month are in the archive now, of every business.")


async def _make(tenant: str, kind: str, *, environ: Mapping[str, str]) -> str:
    arguments = frontdesk_command("report", "make", tenant, kind, "--wait", str(_MODELS_WAIT_S))
    process = await asyncio.create_subprocess_exec(
        *arguments, env=dict(environ), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, stderr = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    return (
        "" if process.returncode == 0 else stderr.decode(errors="replace").strip() or f"status {process.returncode}"
    )
