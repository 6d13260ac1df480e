"""The page Automations."""
