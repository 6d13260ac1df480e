"""The language of a business's file: its fields, and where in the YAML each stands."""
