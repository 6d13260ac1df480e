"""How a contact came: the touches up to each conversion, and what each model credits them with."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from dashboard.frame.session import Business, PageContext
from dashboard.pages.attribution.tables import MODELS, name_channel, name_model
from dashboard.pages.contacts import queries as contact_queries
from dashboard.parts import components, queries
from dashboard.parts.formatting import escape_markdown, format_instant, format_money, format_share, format_words


def show_journey(context: PageContext, business: Business, contact_id: str) -> None:
    """Show a table for each conversion, the newest first, and the touches that led to none yet."""
    key = {"tenant_id": business.tenant_id, "contact_id": contact_id}
    touches = queries.rows_of(contact_queries.fetch_journey(context.file, **key))
    conversions = queries.rows_of(contact_queries.fetch_conversions_of_contact(context.file, **key))
    if not touches and not conversions:
        components.empty_state(
            "No touch known",
            "This contact's clicks, campaigns and referrals appear here, with what they led to.",
            icon="ads_click",
        )
        return
    shares = {
        (row.conversion_key, row.touchpoint_key, row.model): row.credit
        for row in queries.rows_of(contact_queries.fetch_credits(context.file, **key))
    }
    still_open = [touch for touch in touches if touch.conversion_key is None]
    if still_open:
        st.markdown("**Since then** :gray[:small[led to nothing yet]]")
        _show_touches(still_open, business, {})
    for conversion in conversions:
        worth = escape_markdown(format_money(conversion.revenue_minor, conversion.currency))
        when = escape_markdown(format_instant(conversion.converted_at, business.zone))
        st.markdown(f"**{escape_markdown(format_words(conversion.conversion_type))}** {worth} :gray[:small[{when}]]")
        led = [touch for touch in touches if touch.conversion_key == conversion.conversion_key]
        if led:
            _show_touches(led, business, shares)
        else:
            st.caption("No touch is known before it.")
    st.caption(
        "Shares of the conversion by each model, however long ago the touch was. Markov and Shapley credit channels, "
        "not single touches: see Attribution."
    )


def _show_touches(touches: list[Any], business: Business, shares: dict[tuple[str, str, str], float]) -> None:
    models = [model for model in MODELS if any(key[2] == model for key in shares)]
    cells = []
    for touch in touches:
        channel = escape_markdown(name_channel(touch.channel))
        if touch.campaign:
            channel += f" :gray[:small[{escape_markdown(touch.campaign)}]]"
        of_touch = {model: shares.get((touch.conversion_key, touch.touchpoint_key, model)) for model in models}
        cells.append(
            {
                "When": escape_markdown(format_instant(touch.occurred_at, business.zone)),
                "Channel": channel,
                **{name_model(model): format_share(share) for model, share in of_touch.items()},
            }
        )
    st.table(pd.DataFrame(cells), border="horizontal", hide_index=True)
