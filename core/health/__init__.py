"""How Frontdesk itself is doing: signs of life, results of nightly runs, incidents and their alerts."""
