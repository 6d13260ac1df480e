"""A report as data: what was computed, from what and when; the same inputs give the same bytes."""

from __future__ import annotations

from datetime import date
from typing import Literal

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict

from frontdesk.domains.reports.archive import ReportId
from frontdesk.domains.reports.periods import Period, PeriodKind
from frontdesk.domains.reports.settings import AttributionModel

Unit = Literal["count", "minor_units", "seconds", "permille"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Figure(_Part):
    """One figure beside the one of the period before; None: nothing to measure."""

    metric: str
    name: str
    unit: Unit
    currency: str | None
    is_higher_better: bool
    value: int | None
    previous: int | None

    @property
    def change(self) -> int | None:
        """Difference to the period before, in the figure's unit."""
        return None if self.value is None or self.previous is None else self.value - self.previous


class Share(_Part):
    """What one service or channel adds to a figure."""

    metric: str
    name: str
    unit: Unit
    currency: str | None
    dimension: Literal["service", "channel"]
    dimension_value: str
    value: int


class StageCount(_Part):
    """What came of who came into one stage in the period, up to its end; each counts once."""

    pipeline: str
    pipeline_name: str
    stage: str
    stage_name: str
    entered: int
    went_on: int  #: to a stage further on in the business's file
    won: int
    lost: int  #: and not won


class ChannelCredit(_Part):
    """What one channel is credited with of the period's conversions."""

    channel: str
    conversions: float  #: to three decimals
    revenue_minor: int


class Credits(_Part):
    """The period's conversions shared out to channels by one model of attribution."""

    model: AttributionModel
    lookback_days: int | None  #: None: all touches count
    conversion: str  #: type of the fact that is a conversion
    currency: str
    channels: tuple[ChannelCredit, ...]


class Tax(_Part):
    """What is in an amount of one tax."""

    name: str | None  #: None: the payments tell all of it in one
    amount_minor: int


class RevenuePart(_Part):
    """The money of one person or service in one currency, as far as what was paid for is told."""

    dimension: Literal["staff", "service"]
    dimension_value: str
    currency: str
    received_minor: int  #: gross
    returned_minor: int
    before_tax_minor: int | None  #: of the payments that tell their tax; None: none does
    taxes: tuple[Tax, ...]


class Point(_Part):
    """A figure of one of the periods up to this one, for the charts."""

    metric: str
    currency: str | None
    period_start: date
    value: int | None


class Report(_Part):
    """The whole document; instants are UTC, days the tenant's."""

    format_version: Literal[1, 2, 3] = 3  #: 1 had neither stages nor credits, 2 no revenue
    tenant_id: str
    business: str
    zone: str
    currency: str
    kind: PeriodKind
    period_start: date
    period_end: date  #: the day after the last
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    log_sequence: int  #: newest event of the log that the figures know of
    models_fingerprint: str
    generated_at: AwareDatetime
    figures: tuple[Figure, ...]
    shares: tuple[Share, ...]
    history: tuple[Point, ...]
    stages: tuple[StageCount, ...] = ()
    credits: Credits | None = None
    revenue: tuple[RevenuePart, ...] = ()
    left_out: tuple[str, ...] = ()  #: sections that could not be computed; the others are as ever

    @property
    def period(self) -> Period:
        """The period it is about."""
        return Period(self.kind, self.period_start)

    @property
    def report_id(self) -> ReportId:
        """What it is found by."""
        return ReportId(self.period, self.log_sequence)

    def to_json(self) -> bytes:
        """Return the document; equal documents have equal bytes."""
        return orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)

    def find(self, metric: str, *, currency: str | None = None) -> Figure | None:
        """Return a figure, None if there is none."""
        found = (each for each in self.figures if each.metric == metric and each.currency == currency)
        return next(found, None)
