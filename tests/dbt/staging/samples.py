"""One good payload of every kind, in the providers' own shapes, and how many rows each model makes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

#: The canonical facts among the samples come from it; every other source is a provider.
IMPORTED_SOURCE = "old-crm"


class Sample(NamedTuple):
    """A delivery, and the models that have rows of it."""

    source: str
    type: str
    rows: Mapping[str, int]
    payload: Any


def _load_samples() -> tuple[Sample, ...]:
    lines = Path(__file__).with_name("samples.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(Sample(**json.loads(line)) for line in lines)


SAMPLES = _load_samples()
