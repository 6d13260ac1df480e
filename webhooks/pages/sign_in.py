"""The page on which people sign in by browser: a plain form, and a cookie that the dashboard gets too."""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from frontdesk.core.ids import new_session_token
from frontdesk.core.running.addresses import local_url
from frontdesk.domains.staff.errors import SignInLockedError, SignInRefusedError
from frontdesk.domains.staff.sessions import (
    COOKIE_SEPARATOR,
    DEVICE_COOKIE,
    KNOWN_FOR,
    SESSION_COOKIE,
    OpenedSession,
    tokens_of,
)
from webhooks.dependencies import RuntimeDep, client_address
from webhooks.pages.forms import check_origin, read_form
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

#: An e-mail address, a password and where to go on; a browser sends no more.
_MAX_FORM_BYTES = 8_192
_NO_FRAMES = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_STYLE = """
:root { color-scheme: light dark; font-family: system-ui, sans-serif; }
body { min-height: 100vh; margin: 0; display: grid; place-items: center; }
main { width: min(22rem, 90vw); }
label { display: block; margin-block: 1rem; }
input, button { box-sizing: border-box; width: 100%; padding: .6rem; font: inherit; margin-top: .3rem; }
button { cursor: pointer; }
.problem { color: light-dark(#a40000, #ff8a80); }
.hint { opacity: .75; font-size: .9rem; white-space: pre-line; }
"""


def _html(description: str) -> dict[str, object]:
    return {"description": description, "content": {"text/html": {"schema": {"type": "string"}}}}


_FORM: dict[str, object] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["email", "password"],
                    "properties": {
                        "email": {"type": "string"},
                        "password": {"type": "string"},
                        "next": {"type": "string", "description": "Path on the dashboard to go on to."},
                    },
                }
            }
        },
    }
}


async def _check_origin(request: Request, *, runtime: RuntimeDep) -> None:
    """Raise HTTPException with 403 unless the form is of our own page; SameSite does the same in the browser."""
    check_origin(request, hosts=runtime.hosts, page="/sign-in")


_FROM_OUR_PAGE = Depends(_check_origin)

router = APIRouter(tags=["staff"], default_response_class=HTMLResponse)


@router.get("/sign-in", responses={200: _html("The form.")})
def show_form(
    next_path: Annotated[str, Query(alias="next", max_length=2_000)] = "/", *, runtime: RuntimeDep
) -> Response:
    """Show the form, without JavaScript and without anything from elsewhere."""
    return _page(runtime, next_path=next_path)


@router.post(
    "/sign-in",
    status_code=HTTPStatus.SEE_OTHER,
    openapi_extra=_FORM,
    responses={
        303: {"description": "Signed in: on to the dashboard, with the cookie."},
        401: _html("E-mail and password don't belong to an account that may sign in."),
        429: _html("Too many failed attempts; Retry-After says for how long."),
        **document_problems(403, 413, 421, 503),
    },
    dependencies=[_FROM_OUR_PAGE],
)
async def sign_in(request: Request, *, runtime: RuntimeDep) -> Response:
    """Sign in to every business in which e-mail and password are an account's."""
    form = await read_form(request, max_bytes=_MAX_FORM_BYTES)
    email, next_path = form.first("email"), form.first("next", "/")
    device = request.cookies.get(DEVICE_COOKIE) or new_session_token()
    try:
        opened = await run_in_threadpool(
            runtime.staff.sessions.sign_in,
            email=email,
            password=form.first("password"),
            address=client_address(request),
            device=device,
        )
    except (SignInRefusedError, SignInLockedError) as error:
        return _refused(runtime, error, email=email, next_path=next_path)
    answer = RedirectResponse(_dashboard_url(runtime, request) + _safe_path(next_path), HTTPStatus.SEE_OTHER)
    _set_device_cookie(answer, device, request=request)
    _set_cookie(answer, opened, runtime=runtime, request=request)
    return answer


@router.post(
    "/sign-out",
    status_code=HTTPStatus.SEE_OTHER,
    responses={303: {"description": "Signed out: on to the form."}, **document_problems(403, 421, 503)},
    dependencies=[_FROM_OUR_PAGE],
)
def sign_out(request: Request, *, runtime: RuntimeDep) -> Response:
    """End the cookie's sessions."""
    for token in tokens_of(request.cookies.get(SESSION_COOKIE, "")):
        session = runtime.staff.sessions.find(token, is_use=False)
        if session is not None:
            runtime.staff.sessions.end(session)
    answer = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
    answer.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax", secure=_is_https(request))
    return answer


def _set_cookie(answer: Response, opened: list[OpenedSession], *, runtime: Runtime, request: Request) -> None:
    answer.set_cookie(
        SESSION_COOKIE,
        COOKIE_SEPARATOR.join(each.token for each in opened),
        max_age=runtime.settings.session_hours * 3600,
        httponly=True,
        # Not strict: a link to the dashboard in an e-mail must not look signed out.
        samesite="lax",
        secure=_is_https(request),
    )


def _set_device_cookie(answer: Response, device: str, *, request: Request) -> None:
    answer.set_cookie(
        DEVICE_COOKIE,
        device,
        max_age=int(KNOWN_FOR.total_seconds()),
        path="/sign-in",
        httponly=True,
        samesite="strict",
        secure=_is_https(request),
    )


def _refused(
    runtime: Runtime, error: SignInRefusedError | SignInLockedError, *, email: str, next_path: str
) -> Response:
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, SignInLockedError) else {}
    return _page(
        runtime,
        next_path=next_path,
        email=email,
        problem=f"{error.title}: {error.detail}.",
        status=error.http_status,
        headers=headers,
    )


def _page(
    runtime: Runtime,
    *,
    next_path: str,
    email: str = "",
    problem: str = "",
    status: int = HTTPStatus.OK,
    headers: dict[str, str] | None = None,
) -> HTMLResponse:
    hints = [runtime.settings.sign_in_hint] if runtime.settings.sign_in_hint else []
    if runtime.staff.accounts.is_empty():
        hints.append("Nobody has an account yet; make one by: frontdesk staff add")
    alert = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    hint_lines = "".join(f'<p class="hint">{escape(hint)}</p>' for hint in hints)
    return HTMLResponse(
        f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sign in · Frontdesk</title><style>{_STYLE}</style></head>
<body><main><h1>Frontdesk</h1>{alert}
<form method="post" action="/sign-in">
<input type="hidden" name="next" value="{escape(_safe_path(next_path))}">
<label>E-mail
<input name="email" type="email" value="{escape(email)}" autocomplete="username" required autofocus></label>
<label>Password
<input name="password" type="password" autocomplete="current-password" required></label>
<button>Sign in</button>
</form>{hint_lines}</main></body></html>
""",
        status_code=status,
        headers=_NO_FRAMES | (headers or {}),
    )


def _safe_path(path: str) -> str:
    """Return a path on the dashboard; anything that could lead to another site becomes its first page."""
    is_safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and path.isascii()
    return path if is_safe else "/"


def _dashboard_url(runtime: Runtime, request: Request) -> str:
    settings = runtime.settings
    if settings.dashboard_url is not None:
        return settings.dashboard_url.rstrip("/")
    return local_url(request.url.hostname or settings.host, settings.dashboard_port)


def _is_https(request: Request) -> bool:
    # A proxy that is not configured as ours may not say so by its headers, but the browser says what page it is on.
    return request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")
