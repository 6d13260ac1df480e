"""Why a command went out, and why one did not: answered from the log, the decisions and the outbox."""
