"""What intake is measured against: FastAPI on an endpoint that does nothing, served as the receiver is."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI

PATH = "/webhooks/noizylab/stripe"

app = FastAPI()


@app.post(PATH)
async def accept() -> dict[str, str]:
    """Answer."""
    return {"status": "nothing done"}


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        # The rest as in webhooks/cli.py.
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        log_config=None,
    )
