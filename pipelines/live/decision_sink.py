"""Who is told of decisions while they are made."""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa


class DecisionSink(Protocol):
    """Who acts on what is decided. Both tables have the columns of fct_decisions, of the contacts in scope."""

    def apply(self, before: pa.Table, after: pa.Table) -> None:
        """Act on the difference. Called within the batch: what is only looked at comes after it."""

    def decided(self, sequence: int) -> None:
        """Take note that all events up to this one are decided upon; called after the difference was acted on."""

    def renewing(self, tenant_ids: frozenset[str]) -> None:
        """Take note whose decisions are being made anew, and of nobody else's."""


class Nobody:
    """Acts on nothing: for a warehouse that is only being computed."""

    def apply(self, before: pa.Table, after: pa.Table) -> None:
        """Do nothing."""

    def decided(self, sequence: int) -> None:
        """Do nothing."""

    def renewing(self, tenant_ids: frozenset[str]) -> None:
        """Do nothing."""
