"""The server: the app on a port, for as long as somebody looks.

In: models to show. Out: an address, and answers on it until it is stopped. Takes the extra
`explore`.
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
from wordkin.views.page.shown import Shown

if TYPE_CHECKING:
    from wordkin.views.server.app import Feed


_TOKEN = 32  # bytes
_WAITING = 32  # connections that the system keeps until they are taken
_STOPPING = 1  # seconds for answers that are under way
_JOINING = 5.0


class Server:
    """A server of the page.

    Parameters
    ----------
    shown : sequence of Shown
        Looked at anew for each request: an item of a list may be replaced.
    host : str
        The address to listen at, and the only one that requests may name, beside `localhost` for
        this machine's own. Where it stands for all of them, as 0.0.0.0 does, requests may name
        127.0.0.1, `localhost` and the machine's name.
    port : int
        0: any that is free.
    feed : Feed, optional
        A run to follow.

    Raises
    ------
    WordkinError
        If the packages of the extra are not installed, the page was not built in, or the port is
        taken.
    SettingsError
        If there is no such address or port.
    """

    def __init__(
        self,
        shown: Sequence[Shown],
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
        self._shown = shown
        self._socket = _listening(host, port)
        self.port: int = self._socket.getsockname()[1]
        token = secrets.token_urlsafe(_TOKEN)
        hosts = _names(host, self.port)
        try:
            app = application(shown, token=token, hosts=frozenset(hosts), feed=feed)
        except BaseException:
            self._socket.close()
            raise
        self.url = f"http://{hosts[0]}/?token={token}"
        self._server = uvicorn_server(app, _STOPPING)
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Answer until Ctrl-C."""
        self._prepare()
        # uvicorn ends in order at the signal, and then raises it once more.
        with suppress(KeyboardInterrupt):
            self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Answer from a thread of its own, until `stop` or the end of the program."""
        self._prepare()
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="explorer", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop answering; without `start`, give the port back."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(_JOINING)
        self._socket.close()

    def _prepare(self) -> None:
        """Arrange words for completion before anybody types."""
        from wordkin.views.server.completion import completion_of

        def prepare() -> None:
            for one in list(self._shown):
                completion_of(one.vectors)

        threading.Thread(target=prepare, name="completion", daemon=True).start()


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can ask at an address."""
    return all(ipaddress.ip_address(address).is_loopback for _, address in _resolved(host))


def _is_everywhere(host: str) -> bool:
    """Tell whether an address stands for all that the machine has, as 0.0.0.0 does."""
    return any(ipaddress.ip_address(address).is_unspecified for _, address in _resolved(host))


def _resolved(host: str) -> list[tuple[socket.AddressFamily, str]]:
    """Return the addresses that a name stands for."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SettingsError(
            f"host must be an address of this machine, got {host!r}: {error}"
        ) from None
    return [(family, str(address[0])) for family, _, _, _, address in found]


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that connections can be made to, answered or not yet."""
    if not 0 <= port <= 65535:
        raise SettingsError(f"port must be 0 to 65535, got {port}")
    family, address = _resolved(host)[0]
    # With its protocol named: by that asyncio knows to send at once what is small.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Else a port would be taken for a minute after each server on it.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(_WAITING)
    except OSError as error:
        listening.close()
        what = os.strerror(error.errno).lower() if error.errno else str(error)
        raise WordkinError(f"cannot listen at {host}, port {port}: {what}") from None
    return listening


def _names(host: str, port: int) -> list[str]:
    """Return what a browser may call the server, the name to give it first."""
    names = [f"[{host}]" if ":" in host else host]
    if _is_everywhere(host):  # nobody calls a machine that
        names = ["127.0.0.1", "localhost", socket.gethostname().lower()]
    elif is_loopback(host) and "localhost" not in names:
        names.append("localhost")
    # Browsers leave out the port that is the protocol's own.
    return [f"{name}:{port}" for name in names] + (names if port == 80 else [])


def open_in_browser(address: str) -> None:
    """Open an address in a browser, where there is a display; without, a text browser would come.

    A browser may take its time to return, so it is not waited for.
    """
    if sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    ):
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
