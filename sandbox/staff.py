"""The demo's staff: an owner, an admin and a tech of every business, made by Frontdesk's own command line."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from hashlib import sha256

from sandbox.processes import ProcessError, frontdesk_command
from sandbox.secrets import OWNER_API_KEY, TenantSecrets

_PEOPLE = {"owner": "Olive Demo", "admin": "Adam Demo", "tech": "Tess Demo"}


def make_accounts(
    businesses: Iterable[str], secrets: Mapping[str, TenantSecrets], *, environ: Mapping[str, str]
) -> None:
    """Make the accounts that are not there yet. Raises ProcessError if Frontdesk refuses."""
    tenants = [part for slug in businesses for part in ("--tenant", slug)]
    for role, name in _PEOPLE.items():
        who = ("staff", "add", _email(role), "--name", name, "--role", role, "--if-missing", "--password-stdin")
        answer = subprocess.run(
            frontdesk_command(*who, *tenants),
            env=dict(environ),
            input=f"{demo_password(secrets)}\n",
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            raise ProcessError(f"the demo's accounts could not be made: {answer.stderr.strip()}")


def describe_accounts(secrets: Mapping[str, TenantSecrets]) -> str:
    """Return who can sign in to the demo, with the password of all."""
    return f"This is a demo. Sign in as {', '.join(map(_email, _PEOPLE))}; password {demo_password(secrets)}"


def demo_password(secrets: Mapping[str, TenantSecrets]) -> str:
    """Return the home's password: made from its secrets, so that it is another in every home and the same again."""
    keys = "\n".join(secrets[slug][OWNER_API_KEY] for slug in sorted(secrets))
    return f"demo-{sha256(keys.encode()).hexdigest()[:10]}"


def _email(role: str) -> str:
    return f"{role}@demo.example"
