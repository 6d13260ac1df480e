"""What a demo remembers in its home, so that the next run continues it instead of telling another story."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

STORIES_FILE = "sandbox-stories.json"


def story_end(home: Path, *, seed: int, scale: float, now: datetime) -> datetime:
    """Return when this home's story of that seed and scale ends: now at first, and the same instant ever after.

    So the second run sends the first one's events again, and each is a duplicate.
    """
    home.mkdir(parents=True, exist_ok=True)
    file = home / STORIES_FILE
    ends: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    key = f"seed {seed}, scale {scale:g}"
    if key not in ends:
        # Whole seconds: the story's instants are milliseconds from here.
        ends[key] = now.replace(microsecond=0).isoformat()
        file.write_text(json.dumps(ends, indent=1), encoding="utf-8")
    return datetime.fromisoformat(ends[key])
