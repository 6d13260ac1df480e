"""Errors of Microsoft Graph and of its token endpoint, in their forms."""

from __future__ import annotations

from uuid import uuid4

from starlette.responses import JSONResponse, Response

from sandbox.delivery import iso_seconds
from sandbox.sender import utc_now


def graph_error(status: int, code: str, message: str) -> Response:
    """Return an error of Graph."""
    inner = {"date": iso_seconds(utc_now())[:-1], "request-id": str(uuid4()), "client-request-id": str(uuid4())}
    error = {"code": code, "message": message, "innerError": inner}
    return JSONResponse({"error": error}, status_code=status)


def token_error(error: str, number: int, description: str) -> Response:
    """Return an error of the token endpoint: 401 for wrong credentials, 400 otherwise."""
    now = iso_seconds(utc_now()).replace("T", " ")
    content = {
        "error": error,
        "error_description": f"AADSTS{number}: {description}",
        "error_codes": [number],
        "timestamp": now,
        "trace_id": str(uuid4()),
        "correlation_id": str(uuid4()),
    }
    return JSONResponse(content, status_code=401 if error == "invalid_client" else 400)


class GraphForms:
    """The errors that have nothing to do with the request."""

    def rate_limited(self) -> Response:
        """Return 429."""
        return graph_error(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.")

    def server_error(self, status: int) -> Response:
        """Return a 5xx."""
        return graph_error(status, "ServiceUnavailable", "The service is temporarily unavailable. Retry later.")
