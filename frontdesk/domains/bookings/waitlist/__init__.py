"""Who waits for a time of a service, and the times that are offered to them one after the other."""
