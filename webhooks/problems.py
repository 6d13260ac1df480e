"""Errors as application/problem+json (RFC 9457), for the raw deliveries and for FastAPI's routes."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from frontdesk.core.errors import FrontdeskError, located_message
from frontdesk.core.serving.problems import problem_body
from frontdesk.domains.staff.errors import SignInLockedError, SignInRefusedError

PROBLEM_JSON = "application/problem+json"

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong and what to do."},
        "reason": {"type": "string", "description": "Why it was refused, as one fixed word."},
    },
}

NO_MEMBERS: Mapping[int, Mapping[str, Any]] = MappingProxyType({})


def problem_response(
    *, status: int, title: str, detail: str, headers: Mapping[str, str] | None = None, **members: object
) -> Response:
    """Return a problem as an answer."""
    body = problem_body(status=status, title=title, detail=detail, **members)
    return Response(body, status_code=status, headers=headers, media_type=PROBLEM_JSON)


def document_problems(
    *statuses: int, members: Mapping[int, Mapping[str, Any]] = NO_MEMBERS
) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI documentation of problem answers with these statuses.

    `members`: what the problem of a status has besides, by name, as JSON Schema.
    """
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM_JSON: {"schema": _schema_with(members.get(status, {}))}},
        }
        for status in statuses
    }


def _schema_with(members: Mapping[str, Any]) -> dict[str, Any]:
    return PROBLEM_SCHEMA | {"properties": PROBLEM_SCHEMA["properties"] | dict(members)}


def without_invented_answers(document: dict[str, Any]) -> dict[str, Any]:
    """Remove FastAPI's own 422 answers, which these handlers never give, from an OpenAPI document; return it."""
    for operations in document["paths"].values():
        for operation in operations.values():
            invalid = operation["responses"].get("422")
            if invalid and PROBLEM_JSON not in invalid["content"]:
                del operation["responses"]["422"]
    schemas = document.get("components", {}).get("schemas", {})
    for invented in ("HTTPValidationError", "ValidationError"):
        schemas.pop(invented, None)
    return document


def with_answers_of_limits(document: dict[str, Any]) -> dict[str, Any]:
    """Add what webhooks/request_limits.py answers before a route is asked to an OpenAPI document; return it."""
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path.startswith("/v1/") and "requestBody" in operation:
                for status, answer in document_problems(413, 431).items():
                    operation["responses"].setdefault(str(status), answer)
    return document


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of the application's routes a problem."""

    @app.exception_handler(HTTPException)
    async def on_http_exception(_request: Request, error: HTTPException) -> Response:
        return problem_response(
            status=error.status_code,
            title=HTTPStatus(error.status_code).phrase,
            detail=str(error.detail),
            headers=error.headers,
        )

    @app.exception_handler(RequestValidationError)
    async def on_invalid_request(_request: Request, error: RequestValidationError) -> Response:
        # Without the values: they may be personal data.
        return problem_response(
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            title="Invalid request",
            detail="; ".join(map(located_message, error.errors())),
        )

    @app.exception_handler(FrontdeskError)
    async def on_expected_error(_request: Request, error: FrontdeskError) -> Response:
        return problem_response(
            status=error.http_status,
            title=error.title,
            detail=error.detail,
            headers=_headers_of(error),
            **error.members,
        )

    @app.exception_handler(Exception)
    async def on_unexpected_error(_request: Request, _error: Exception) -> Response:
        return problem_response(
            status=HTTPStatus.INTERNAL_SERVER_ERROR,
            title="Internal error",
            detail="an unexpected error; the receiver's log tells where",
        )


def _headers_of(error: FrontdeskError) -> dict[str, str]:
    if isinstance(error, SignInLockedError):
        return {"Retry-After": str(error.retry_after_s)}
    return {"WWW-Authenticate": "Bearer"} if isinstance(error, SignInRefusedError) else {}
