"""Configure uvicorn: no logs, a limit on connections, and a timeout for incomplete requests.

In: an ASGI app. Out: a uvicorn server for it. Requires the extra `explore`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from wordkin.views.server.guard import HEADERS, App

_CONNECTIONS = 100
_LONGEST_HEADERS = 16 * 1024  # bytes of a request without its body
_REQUEST_TIMEOUT = 10.0  # seconds to send a complete request


class Protocol(H11Protocol):
    """One connection."""

    _timeout: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > _CONNECTIONS:
            transport.abort()
        else:
            self._update_timeout()

    def data_received(self, data: bytes) -> None:
        """Receive bytes; a request that has begun must be complete before the timeout."""
        super().data_received(data)
        self._update_timeout()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timeout of a closed connection."""
        self._stop_timeout()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer invalid HTTP with the headers that all responses have."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):  # it follows a valid request
            self.transport.abort()
            return
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"connection", b"close"),
            *HEADERS,
        ]
        response = h11.Response(status_code=400, headers=headers, reason=b"Bad Request")
        for event in (response, h11.Data(data=f"{msg}\n".encode()), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _update_timeout(self) -> None:
        """Start the timeout while a request is incomplete; stop it while one is being answered."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_timeout()
        elif self._timeout is None:
            self._timeout = self.loop.call_later(_REQUEST_TIMEOUT, self.transport.abort)

    def _stop_timeout(self) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None


def uvicorn_server(app: App, shutdown_timeout: int) -> uvicorn.Server:
    """Return a server that, when stopped, waits that many seconds for its last answers."""
    options: dict[str, Any] = {
        "http": Protocol,
        "ws": "none",
        "loop": "asyncio",
        "lifespan": "off",
        "log_config": None,
        "log_level": "error",
        "access_log": False,
        "server_header": False,
        "date_header": False,
        "proxy_headers": False,
        "h11_max_incomplete_event_size": _LONGEST_HEADERS,
        "timeout_graceful_shutdown": shutdown_timeout,
    }
    return uvicorn.Server(uvicorn.Config(app, **options))
