"""Server-rendered pages of the receiver."""
