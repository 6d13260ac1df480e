"""Routes of pages: whatever is refused is told in plain words, on a page in the business's colours."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from frontdesk.core.errors import FrontdeskError
from webhooks.pages.booking.rendering import problem_page
from webhooks.pages.booking.visit import TooManyRequestsError

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_LATER = "this can't be done just now; please try again in some minutes, or call"


class PageRoute(APIRoute):
    """A route whose refusals are pages."""

    def get_route_handler(self) -> _Handler:
        """Return what answers a request."""
        answer = super().get_route_handler()

        async def answer_or_tell(request: Request) -> Response:
            try:
                return await answer(request)
            except TooManyRequestsError as error:
                headers = {"Retry-After": str(error.retry_after_s)}
                return problem_page(
                    request, status=error.http_status, title=error.title, detail=error.detail, headers=headers
                )
            except FrontdeskError as error:
                # What a database says is for who runs it, and not for customers.
                is_ours = error.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR
                detail = _LATER if is_ours else error.detail
                return problem_page(request, status=error.http_status, title=error.title, detail=detail)
            except HTTPException as error:
                title = HTTPStatus(error.status_code).phrase
                return problem_page(request, status=error.status_code, title=title, detail=str(error.detail))
            except RequestValidationError:
                detail = "the address is not one of ours; begin again"
                return problem_page(request, status=404, title="There is no page here", detail=detail)

        return answer_or_tell


class HostPageRoute(PageRoute):
    """A route of an address that only the own host of a business has: who does not GET it finds nothing there."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether a request is this route's."""
        match, child_scope = super().matches(scope)
        return (Match.NONE, {}) if match is Match.PARTIAL else (match, child_scope)
