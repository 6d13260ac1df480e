"""The hot path: verify a delivery, append it durably, answer."""
