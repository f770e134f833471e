"""How uvicorn speaks here: quietly, and patient neither with floods nor with half requests.

In: an app. Out: a server of it. Takes the extra `explore`.
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
_HALF = 10.0  # seconds to send a whole request


class Protocol(H11Protocol):
    """One connection."""

    _giving_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > _CONNECTIONS:
            transport.abort()
        else:
            self._be_patient()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a request that has begun must be whole soon."""
        super().data_received(data)
        self._be_patient()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, with the headers that all answers have."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):  # it follows a good request
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

    def _be_patient(self) -> None:
        """Wait for the rest of a request, but not for ever."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()
        elif self._giving_up is None:
            self._giving_up = self.loop.call_later(_HALF, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None


def uvicorn_server(app: App, stopping: int) -> uvicorn.Server:
    """Return a server that, when stopped, waits so many seconds for its last answers."""
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
        "timeout_graceful_shutdown": stopping,
    }
    return uvicorn.Server(uvicorn.Config(app, **options))
