"""Runs the stand-ins: in the foreground for the command, in a thread on a free port for tests."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from sandbox.standins.connection import BreakableProtocol
from sandbox.standins.own_pages import OwnPagesOnly

_START_TIMEOUT_S = 15.0
_POLL_S = 0.005


def serve(app: FastAPI, *, host: str, port: int) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    uvicorn.Server(_configuration(OwnPagesOnly(app, host), host=host, port=port)).run()


@contextmanager
def running_in_thread(app: FastAPI) -> Iterator[str]:
    """Serve on a free local port while inside; yields the base URL. Raises TimeoutError if it does not start."""
    server = uvicorn.Server(_configuration(app, host="127.0.0.1", port=0))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(_START_TIMEOUT_S)


def _configuration(app: ASGIApp, *, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BreakableProtocol,
        ws="none",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise TimeoutError(f"the stand-ins did not start within {_START_TIMEOUT_S:g} s")
        time.sleep(_POLL_S)
