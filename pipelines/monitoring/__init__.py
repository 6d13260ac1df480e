"""Watches over everything from a process of its own, and tells the owner what is ill and when it is well."""
