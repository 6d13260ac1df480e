"""Starts Frontdesk's processes together, keeps them up, stops them cleanly; and checks what they need."""
