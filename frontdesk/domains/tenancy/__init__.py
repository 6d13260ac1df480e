"""A business's whole configuration: one file, validated."""
