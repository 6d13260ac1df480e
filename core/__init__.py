"""The shared kernel: event log, envelope, tenants, settings, clock, ids. Imports no other package of ours."""
