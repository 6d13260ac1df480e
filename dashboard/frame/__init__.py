"""The frame around every page: session, sign-in, the published file, /v1."""
