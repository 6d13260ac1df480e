"""Prices: what something costs when it is asked for, line by line, and the proof of what was told."""
