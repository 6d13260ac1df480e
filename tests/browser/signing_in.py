"""Signs somebody in to the dashboard in a browser, through the receiver's own page."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def sign_in_at(url: str, page: Page, *, email: str, password: str, name: str) -> None:
    """Sign in as people do: from the dashboard at `url` to the form, and back."""
    page.goto(f"{url}/inbox")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}/inbox")
    expect(page.get_by_role("button", name=name)).to_be_visible()
