"""Who works here: accounts with roles, signed-in sessions, and the record of who did and read what."""
