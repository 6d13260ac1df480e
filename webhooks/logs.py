"""Structured logs: one JSON object a line, without personal data."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime

import orjson

#: Every logger of the receiver is below this one.
LOGGER_NAME = "frontdesk.webhooks"
#: Attribute of a log record that holds its named values.
FIELDS = "frontdesk_fields"


class JsonFormatter(logging.Formatter):
    """Formats a record as JSON: time, level, logger, message, and the values it was given by name."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, tz=UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def configure_logging() -> None:
    """Send every log line of the process to stderr as JSON, from level INFO."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)


def log_refused_delivery(
    *, tenant_id: str, source: str, reason: str, status: int, detail: str, body_size: int
) -> None:
    """Write the one line of a refused delivery. Nothing in it comes from the request but its size."""
    fields = {
        "tenant": tenant_id,
        "source": source,
        "reason": reason,
        "status": status,
        "detail": detail,
        "body_size": body_size,
    }
    logging.getLogger(LOGGER_NAME).warning("delivery refused", extra={FIELDS: fields})


def log_event_log_unavailable(cause: str) -> None:
    """Write that the event log refused an append, and why."""
    logging.getLogger(LOGGER_NAME).error("event log unavailable", extra={FIELDS: {"cause": cause}})


def log_following(event: str, **fields: object) -> None:
    """Write what became of following the businesses' configurations."""
    logging.getLogger(LOGGER_NAME).info(event, extra={FIELDS: fields})


def log_unusable_source(tenant_id: str, source: str, detail: str) -> None:
    """Tell that a source can't be used as it is configured; its deliveries are answered 503."""
    fields = {"tenant": tenant_id, "source": source, "reason": detail}
    logging.getLogger(LOGGER_NAME).error("source set aside", extra={FIELDS: fields})


def log_unusable_key(variable: str, detail: str) -> None:
    """Tell that a key for /v1 can't be used as it is configured; who shows it is refused."""
    logging.getLogger(LOGGER_NAME).error("key set aside", extra={FIELDS: {"variable": variable, "reason": detail}})


def log_unexpected_error(error: Exception) -> None:
    """Write the kind and place of an error that nobody foresaw; not its message, which may quote a delivery."""
    frames = traceback.extract_tb(error.__traceback__)
    fields = {
        "error": type(error).__name__,
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    logging.getLogger(LOGGER_NAME).error("unexpected error", extra={FIELDS: fields})
