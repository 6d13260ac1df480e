"""The outbox: the queue of intended commands, each sent once."""
