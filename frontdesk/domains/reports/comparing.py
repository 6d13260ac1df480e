"""Two reports of one period side by side: as we knew it then, and with what we know now."""

from __future__ import annotations

from dataclasses import dataclass

from frontdesk.domains.reports.document import Figure, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class FigurePair:
    """One metric in both; None where one has no such figure."""

    name: str
    metric: str
    currency: str | None
    then: Figure | None
    now: Figure | None

    @property
    def differs(self) -> bool:
        """Tell whether the value is another."""
        return (self.then and self.then.value) != (self.now and self.now.value)


def pair_figures(then: Report, now: Report) -> list[FigurePair]:
    """Return every metric that either has, in the order of the reports."""
    keys = dict.fromkeys((each.metric, each.currency) for report in (now, then) for each in report.figures)
    pairs = []
    for metric, currency in keys:
        old, new = then.find(metric, currency=currency), now.find(metric, currency=currency)
        known = new or old
        pairs.append(
            FigurePair(name=known.name if known else metric, metric=metric, currency=currency, then=old, now=new)
        )
    return pairs
