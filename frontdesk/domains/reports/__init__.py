"""Weekly and monthly reports: their periods, and the archive that keeps every version."""
