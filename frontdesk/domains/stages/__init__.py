"""Sales pipelines: their stages, and the scores of contacts and tasks."""
