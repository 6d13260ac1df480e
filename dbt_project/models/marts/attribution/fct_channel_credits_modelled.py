"""Markov and Shapley credits: what SQL can't solve. Computed by `dbt build`, not by the live path."""

from frontdesk.domains.attribution.crediting.warehouse_model import channel_credits


def model(dbt, session):
    """Return one row per tenant, model, lookback and channel."""
    paths = dbt.ref("fct_attribution_paths").to_arrow_table()
    (sequence,) = dbt.ref("fct_log_position").project("modelled_sequence").fetchone()
    return channel_credits(paths, sequence=sequence)
