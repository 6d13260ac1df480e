"""The page Systems."""
