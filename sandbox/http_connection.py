"""One keep-alive HTTP/1.1 connection that posts: as fast as one process of Python gets, and no more than that."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sandbox.delivery import SignedRequest

_TIMEOUT_S = 30.0  # the longest any of the providers waits for an answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver answered."""

    status: int
    body: bytes
    content_type: str
    retry_after_s: float | None


class HttpConnection:
    """Posts one request after the other to one host; opens and reopens by itself."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, request: SignedRequest) -> Answer:
        """Post and return the answer. Raises OSError if the receiver is not there, hangs up or stays silent."""
        try:
            return await asyncio.wait_for(self._post(request), _TIMEOUT_S)
        except (asyncio.IncompleteReadError, TimeoutError, ValueError) as error:
            await self.close()
            raise ConnectionError(f"no complete answer from {self._host}:{self._port}") from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close the connection; the next post opens another."""
        if self._streams is not None:
            _, writer = self._streams
            self._streams = None
            writer.close()

    async def _post(self, request: SignedRequest) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        lines = [f"POST {request.path} HTTP/1.1", f"Host: {self._host}:{self._port}"]
        lines += [f"{name}: {value}" for name, value in request.headers]
        lines += [f"Content-Length: {len(request.body)}", "", ""]
        writer.write("\r\n".join(lines).encode() + request.body)
        status_line, headers = _parse_head(await reader.readuntil(b"\r\n\r\n"))
        # Every answer of the receiver has a length; one without would raise here and count as no answer.
        body = await reader.readexactly(int(headers.get("content-length", "")))
        if headers.get("connection") == "close":
            await self.close()
        retry_after = headers.get("retry-after", "")
        return Answer(
            status=int(status_line.split()[1]),
            body=body,
            content_type=headers.get("content-type", ""),
            retry_after_s=float(retry_after) if retry_after.isdigit() else None,
        )


def _parse_head(head: bytes) -> tuple[str, dict[str, str]]:
    status_line, *lines = head.decode("latin-1").rstrip().split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return status_line, {name.strip().lower(): value.strip() for name, _, value in pairs}
