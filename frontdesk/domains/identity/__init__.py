"""Who is who: what staff decide about identifiers."""
