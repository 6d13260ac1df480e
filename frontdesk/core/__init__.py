"""The kernel: event log, settings, clock, ids, money, phones. Imports nothing else of ours."""
