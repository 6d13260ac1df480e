"""What changed rules would have done: all history decided again in a copy, nothing sent."""
