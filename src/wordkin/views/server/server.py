"""Serve the app on a port.

In: models, a host and a port. Out: an address, and answers there until the server is stopped.
Requires the extra `explore`.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from wordkin.system.errors import SettingsError, WordkinError
from wordkin.views.page.model import PageModel

if TYPE_CHECKING:
    from wordkin.views.server.app import Feed

_TOKEN = 32  # random bytes of the token
_BACKLOG = 32  # connections that the system queues
_SHUTDOWN_TIMEOUT = 1  # seconds for the last answers
_JOIN_TIMEOUT = 5.0  # seconds for the thread to end


class Server:
    """Serves the page with some models, or a run in progress.

    Parameters
    ----------
    models : sequence of PageModel
        Read anew for each request, so that items of a list may be replaced.
    host : str
        The address to listen on, and the only host that requests may name; for a loopback address
        also `localhost`. For an address that means all interfaces, such as 0.0.0.0, requests may
        name 127.0.0.1, `localhost` and the name of the machine.
    port : int
        0 for any free port.
    feed : Feed, optional
        A run in progress.

    Attributes
    ----------
    url : str
        The address to open, with the token.
    port : int
        The port in use.

    Raises
    ------
    WordkinError
        If the packages of the extra are not installed, the page was not built, or the port is
        taken.
    SettingsError
        If there is no such address or port.
    """

    def __init__(
        self,
        models: Sequence[PageModel],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        feed: Feed | None = None,
    ) -> None:
        try:
            from wordkin.views.server.app import application
            from wordkin.views.server.protocol import uvicorn_server
        except ModuleNotFoundError as error:
            raise WordkinError(
                f"the explorer needs its packages, {error.name} is missing:"
                " pip install 'wordkin[explore]'"
            ) from None
        self._models = models
        self._socket = _listening(host, port)
        self.port: int = self._socket.getsockname()[1]
        token = secrets.token_urlsafe(_TOKEN)
        hosts = _names(host, self.port)
        try:
            app = application(models, token=token, hosts=frozenset(hosts), feed=feed)
        except BaseException:
            self._socket.close()
            raise
        self.url = f"http://{hosts[0]}/?token={token}"
        self._server = uvicorn_server(app, _SHUTDOWN_TIMEOUT)
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Serve until Ctrl-C."""
        self._prepare()
        # uvicorn shuts down on the signal, and then raises it again.
        with suppress(KeyboardInterrupt):
            self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Serve from a background thread, until `stop` or the end of the program."""
        self._prepare()
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="explorer", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop serving, and release the port."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(_JOIN_TIMEOUT)
        self._socket.close()

    def _prepare(self) -> None:
        """Index the words for completion in the background, before the first search."""
        from wordkin.views.server.completion import completion_of

        def prepare() -> None:
            for model in list(self._models):
                completion_of(model.vectors)

        threading.Thread(target=prepare, name="completion", daemon=True).start()


def is_loopback(host: str) -> bool:
    """Return whether an address can only be reached from this machine."""
    return all(ipaddress.ip_address(address).is_loopback for _, address in _resolved(host))


def _is_everywhere(host: str) -> bool:
    """Return whether an address means all interfaces, as 0.0.0.0 does."""
    return any(ipaddress.ip_address(address).is_unspecified for _, address in _resolved(host))


def _resolved(host: str) -> list[tuple[socket.AddressFamily, str]]:
    """Return the addresses that a host name resolves to."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SettingsError(
            f"host must be an address of this machine, got {host!r}: {error}"
        ) from None
    return [(family, str(address[0])) for family, _, _, _, address in found]


def _listening(host: str, port: int) -> socket.socket:
    """Return a listening socket; connections queue until the server runs."""
    if not 0 <= port <= 65535:
        raise SettingsError(f"port must be 0 to 65535, got {port}")
    family, address = _resolved(host)[0]
    # With TCP named, asyncio sets TCP_NODELAY, so that small answers are sent at once.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Otherwise the port would stay taken for a minute after each server.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        cause = os.strerror(error.errno).lower() if error.errno else str(error)
        raise WordkinError(f"cannot listen at {host}, port {port}: {cause}") from None
    return listening


def _names(host: str, port: int) -> list[str]:
    """Return the accepted `Host` values; the first is that of the printed address."""
    names = [f"[{host}]" if ":" in host else host]
    if _is_everywhere(host):  # not an address that browsers can open
        names = ["127.0.0.1", "localhost", socket.gethostname().lower()]
    elif is_loopback(host) and "localhost" not in names:
        names.append("localhost")
    # Browsers leave out port 80, the default of HTTP.
    return [f"{name}:{port}" for name in names] + (names if port == 80 else [])


def open_in_browser(address: str) -> None:
    """Open an address in a browser, if there is a display; else a text browser might start.

    It runs in a thread, since starting a browser can block.
    """
    if sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    ):
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
