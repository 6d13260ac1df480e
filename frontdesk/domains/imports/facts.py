"""Facts about imports: a run that is taken back, or counts again."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, Field

from frontdesk.core.plain_text import Identifier, Text
from frontdesk.core.values import Payload


class ImportRunFact(Payload):
    """import.undone, import.restored: the events of a run of an import no longer count, or count again."""

    run: Identifier = Field(description="Name of the run, as frontdesk import runs lists it.")
    by: Text | None = Field(default=None, description="Who said so.")
    reason: Text | None = None


#: The events of a run no longer count, or count again.
UNDONE, RESTORED = "import.undone", "import.restored"
#: Every fact of this noun, and the payload that it has.
FACTS: Mapping[str, type[BaseModel]] = {
    UNDONE: ImportRunFact,
    RESTORED: ImportRunFact,
}
