"""The page Activity."""
