"""The businesses of a home: those configured in the log, and those whose file is not in it yet."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TypeVar

from frontdesk.core.errors import ConfigurationError, EventLogUnavailableError
from frontdesk.core.log.database import has_tables, open_existing
from frontdesk.core.settings import Settings
from frontdesk.core.tenant.business import Business
from frontdesk.core.tenant.configurations import read_newest
from frontdesk.core.tenant.files import content_of, read_as

_logger = logging.getLogger(__name__)

B = TypeVar("B", bound=Business)


def load_businesses(settings: Settings, shape: type[B]) -> dict[str, B]:
    """Return a home's businesses by slug, each as far as the shape knows it.

    What other domains need is not looked at; what is wrong is logged and left out. Raises ConfigurationError if
    there is no business that can be read.
    """
    found: dict[str, B] = {}
    documents, problems = _read_files(settings)
    documents.update(_in_force(settings))
    for slug, document in sorted(documents.items()):
        if document is None:
            continue
        try:
            found[slug] = read_as(shape, document, name=f"configuration of {slug}")
        except ConfigurationError as error:
            problems.append(error.detail)
    for problem in problems:
        _logger.error("a business is left out: %s", problem)
    if not found:
        none = f"{settings.tenants_dir}: no tenant files; put one <slug>.yaml per business there"
        raise ConfigurationError("\n".join(problems) or none)
    return found


def _read_files(settings: Settings) -> tuple[dict[str, Mapping[str, object] | None], list[str]]:
    """Return what files hold, by slug, and what is wrong with them."""
    documents: dict[str, Mapping[str, object] | None] = {}
    problems = []
    for file in sorted(settings.tenants_dir.glob("*.yaml")):
        try:
            documents[file.stem] = content_of(file)
        except ConfigurationError as error:
            problems.append(error.detail)
    return documents, problems


def _in_force(settings: Settings) -> dict[str, Mapping[str, object] | None]:
    """Return the newest document of each business in the log; None for one that has left."""
    engine = open_existing(settings.event_log_url)
    if engine is None:
        return {}
    try:
        if not has_tables(engine):
            return {}
        return {slug: each.document for slug, each in read_newest(engine).items()}
    except EventLogUnavailableError as error:
        _logger.warning("the businesses are read from their files alone: %s", error.detail)
        return {}
    finally:
        engine.dispose()
