"""What imports take is what the nouns' facts.py say, and nothing that names a fact elsewhere names another."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest

from frontdesk import domains
from frontdesk.domains.attribution.settings import Conversion
from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS
from frontdesk.domains.rules.vocabulary import FACT_TYPES
from frontdesk.domains.stages.scoring import DEFAULT_FACT_POINTS

_NOUNS = sorted(file.parent.name for file in Path(next(iter(domains.__path__))).glob("*/facts.py"))


@pytest.mark.parametrize("noun", _NOUNS)
def test_the_facts_of_every_noun_are_known(noun: str) -> None:
    facts = import_module(f"frontdesk.domains.{noun}.facts").FACTS
    assert facts
    assert facts.items() <= CANONICAL_PAYLOADS.items()


def test_no_two_nouns_tell_the_same_fact() -> None:
    counts = [len(import_module(f"frontdesk.domains.{noun}.facts").FACTS) for noun in _NOUNS]
    assert sum(counts) == len(CANONICAL_PAYLOADS)


def test_settings_name_facts_that_there_are() -> None:
    assert set(get_args(Conversion)) <= set(CANONICAL_PAYLOADS)
    assert set(DEFAULT_FACT_POINTS) <= set(FACT_TYPES)
