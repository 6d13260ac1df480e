"""What pydantic finds wrong is told with its key, and without pydantic's own words for it."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError, field_validator, model_validator

from frontdesk.core.errors import located_message, validation_message


class _Lead(BaseModel):
    channel: str
    tags: list[int] = []

    @field_validator("channel")
    @classmethod
    def _is_known(cls, channel: str) -> str:
        if channel == "pigeon":
            raise ValueError("is 'pigeon'; use sms or email")
        return channel

    @model_validator(mode="after")
    def _is_whole(self) -> _Lead:
        if self.channel == "email" and not self.tags:
            raise ValueError("an e-mail needs tags")
        return self


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"channel": "pigeon"}, ["channel: is 'pigeon'; use sms or email"]),
        ({"channel": "email"}, ["an e-mail needs tags"]),
        ({"channel": "sms", "tags": [1, "x"]}, ["tags.1: Input should be a valid integer"]),
    ],
)
def test_a_mistake_is_told_with_its_key(content: dict[str, object], told: list[str]) -> None:
    with pytest.raises(ValidationError) as raised:
        _Lead.model_validate(content)

    shown = [located_message(problem).split(", unable")[0] for problem in raised.value.errors()]
    assert shown == told
    assert not any("Value error" in validation_message(problem) for problem in raised.value.errors())
