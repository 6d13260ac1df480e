"""What homes of tests begin with, kept between runs: the compiled project, and warehouses of an empty log.

Making both takes 60 s of CPU; taking them from here, none. Each lies in a folder named after a digest of all that
decides its content, so that one of another state of the repository is never taken.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from frontdesk.domains.tenancy.tenant import Tenant

REPOSITORY = Path(__file__).parents[2]
#: Where it is kept; `make clean` removes it.
CACHE = REPOSITORY / "build" / "test-cache"
#: Warehouses differ by their tenants, and a state of the repository has some ten of them, of 15 MB each.
_COUNT_KEPT = 32
_LIBRARIES = ("dbt-core", "dbt-adapters", "dbt-common", "dbt-duckdb", "duckdb", "pyarrow", "pydantic", "phonenumbers")
_MADE_BY_DBT = frozenset({"target", "logs", "dbt_packages"})


@cache
def project_digest() -> str:
    """Return a digest of all that decides what dbt makes of the project, and where it lies: that is in its output."""
    digest = hashlib.sha256(f"{REPOSITORY} {sys.version}".encode())
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}".encode())
    project = REPOSITORY / "dbt_project"
    _add(
        digest,
        (
            file
            for file in project.rglob("*")
            if file.is_file() and not _MADE_BY_DBT.intersection(file.relative_to(project).parts)
        ),
    )
    _add(digest, (REPOSITORY / "pipelines" / "build").rglob("*.py"))
    return digest.hexdigest()


@cache
def _code_digest() -> str:
    """Return a digest of all that can decide what a warehouse of an empty log holds, but the tenants."""
    digest = hashlib.sha256(project_digest().encode())
    for package in ("frontdesk", "pipelines"):
        _add(digest, (REPOSITORY / package).rglob("*.py"))
    _add(digest, (Path(__file__), Path(__file__).with_name("homes.py")))
    return digest.hexdigest()


def warehouse_digest(tenants: Mapping[str, Tenant]) -> str:
    """Return a digest of all that decides what a warehouse of an empty log holds for these tenants."""
    digest = hashlib.sha256(_code_digest().encode())
    for slug in sorted(tenants):
        digest.update(tenants[slug].model_dump_json().encode())
    return digest.hexdigest()


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of this name, made now where it is not kept. Called by one process at a time."""
    folder = CACHE / name
    if folder.exists():
        os.utime(folder)
        return folder
    draft = CACHE / f"{name}.draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    make(draft)
    draft.rename(folder)
    _forget_old()
    return folder


def _forget_old() -> None:
    folders = [each for each in CACHE.iterdir() if each.is_dir()]
    folders.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in folders[_COUNT_KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


def _add(digest: hashlib._Hash, files: Iterable[Path]) -> None:
    for file in sorted(files):
        digest.update(str(file).encode())
        digest.update(file.read_bytes())
