"""Schedule: who is booked when, and what staff do about it."""
