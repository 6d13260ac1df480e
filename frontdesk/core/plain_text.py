"""Text that people write: something in it can be seen."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

#: A character that leaves a mark: no blank, no control, nothing of zero width. It is read by browsers, too.
SEEN = (
    r"[^\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_SEEN = re.compile(SEEN)


def refuse_unseen(text: str) -> str:
    """Return the text. Raises ValueError if nothing of it can be seen."""
    if not _SEEN.search(text):
        raise ValueError("nothing of this text can be seen; write words, or leave it out")
    return text


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000),
    AfterValidator(refuse_unseen),
    Field(json_schema_extra={"pattern": SEEN}),
]
Identifier = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=255),
    AfterValidator(refuse_unseen),
    Field(json_schema_extra={"pattern": SEEN}),
]
