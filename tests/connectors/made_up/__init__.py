"""A provider that there is not: a folder is all it takes."""
