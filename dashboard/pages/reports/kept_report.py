"""What of a report's document pages show, and the published file does not have."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Kept(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class KeptStage(_Kept):
    """What came of who came into one stage in the period of a report."""

    pipeline: str
    pipeline_name: str
    stage: str
    stage_name: str
    entered: int
    went_on: int
    won: int
    lost: int


class KeptCredit(_Kept):
    """What one channel was credited with."""

    channel: str
    conversions: float
    revenue_minor: int


class KeptCredits(_Kept):
    """A period's conversions by channel, by one model of attribution."""

    model: str
    lookback_days: int | None
    currency: str
    channels: tuple[KeptCredit, ...]


class KeptReport(_Kept):
    """What of a report's document is nowhere else: the oldest have neither stages nor credits."""

    stages: tuple[KeptStage, ...] = ()
    credits: KeptCredits | None = None
