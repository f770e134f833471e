"""The server is local, quiet, and survives whatever is sent to it."""

from __future__ import annotations

import asyncio
import queue
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.asking import Answered, app_of, ask_async, page_model, stand_in_page
from support.commands import fails, run
from support.headers import HEADERS
from wordkin import SettingsError, Word2Vec, WordkinError
from wordkin.vectors.formats import write as write_vectors
from wordkin.vectors.formats.vector_file import VectorFile
from wordkin.views import projection
from wordkin.views.page import built
from wordkin.views.server import server
from wordkin.views.server.models import display_names, lay_out_later, load_page_model
from wordkin.views.server.server import Server, is_loopback

WORDS = ["the", "of", "seoul", "서울"]
_FUZZED = 10_000
_GROWTH = 64 << 20


@pytest.fixture(autouse=True)
def _page(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_page(monkeypatch)


@contextmanager
def started(**more: Any) -> Iterator[Server]:
    running = Server([page_model(WORDS)], **more)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def talk(port: int, data: bytes, *, wait: bool = True, ending: bool = False) -> bytes:
    """Send bytes to a port of this machine; return what comes back until it is closed.

    With `ending`, the server receives an end of file, which closes unanswered connections.
    """
    answer = b""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(data)
        if ending:
            connection.shutdown(socket.SHUT_WR)
        if wait:
            while piece := connection.recv(1 << 16):
                answer += piece
    return answer


def request(port: int, address: str = "/", *headers: str) -> bytes:
    lines = [f"GET {address} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def token_of(running: Server) -> str:
    return running.url.partition("?token=")[2]


# ---- starting and stopping -----------------------------------------------------------------------


def test_the_address_opens_the_page_once_the_token_is_a_cookie() -> None:
    with started() as running:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        opener.open(running.url).close()
        with opener.open(f"http://127.0.0.1:{running.port}/") as page:
            assert b'<div id="page">' in page.read()
        with opener.open(f"http://127.0.0.1:{running.port}/api/words?model=0") as words:
            assert b"seoul" in words.read()
        with pytest.raises(urllib.error.HTTPError, match="403") as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{running.port}/")
        refused.value.close()


def test_the_token_has_128_bits_or_more_and_is_another_each_time() -> None:
    tokens = set()
    for _ in range(3):
        with started() as running:
            tokens.add(token_of(running))
    assert len(tokens) == 3
    assert all(len(token) * 6 >= 256 for token in tokens)


def test_a_stopped_server_gives_its_port_back() -> None:
    with started() as running:
        port = running.port
        with pytest.raises(WordkinError, match=f"port {port}: address already in use"):
            Server([], port=port)
    for _ in range(3):  # also one that is stopped before it has begun
        with started(port=port) as again:
            assert again.port == port
    Server([], port=port).stop()


def test_only_this_machine_can_reach_it() -> None:
    with started() as running:
        assert running._socket.getsockname()[0] == "127.0.0.1"
    assert is_loopback("127.0.0.1")
    assert is_loopback("localhost")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("192.0.2.1")


@pytest.mark.parametrize(("host", "port"), [("no such host", 0), ("127.0.0.1", 65536)])
def test_addresses_that_cannot_be_are_refused(host: str, port: int) -> None:
    with pytest.raises(SettingsError, match=str(port or host)):
        Server([], host=host, port=port)


def test_an_address_of_another_machine_cannot_be_listened_at() -> None:
    with pytest.raises(WordkinError, match=r"cannot listen at 192\.0\.2\.1"):
        Server([], host="192.0.2.1")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wordkin.views.server.app", None)
    with pytest.raises(WordkinError, match=r"pip install 'wordkin\[explore\]'"):
        Server([])


def test_an_installation_without_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(built, "files", lambda _: Path("/nonexistent"))
    with pytest.raises(WordkinError, match="WORDKIN_PAGE=ON"):
        Server([])


def test_the_display_names_the_default_port_need_no_port() -> None:
    assert server._names("127.0.0.1", 80) == [
        "127.0.0.1:80", "localhost:80", "127.0.0.1", "localhost",
    ]  # fmt: skip
    assert server._names("::1", 81) == ["[::1]:81", "localhost:81"]
    assert server._names("192.0.2.1", 81) == ["192.0.2.1:81"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_server_at_all_addresses_goes_by_names_that_a_machine_is_called(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "Kitchen")
    assert server._names(host, 81) == ["127.0.0.1:81", "localhost:81", "kitchen:81"]


def test_small_answers_are_sent_at_once() -> None:
    # asyncio turns Nagle's algorithm off, 40 ms an answer, only where a socket says it is of TCP.
    with started() as running:
        assert running._socket.proto == socket.IPPROTO_TCP


# ---- what is no request --------------------------------------------------------------------------


def test_what_is_no_http_is_refused_with_the_same_headers() -> None:
    with started() as running:
        answer = talk(running.port, b"\x16\x03\x01 nonsense\r\n\r\n").decode()
    assert answer.startswith("HTTP/1.1 400 ")
    for name, value in HEADERS.items():
        assert f"{name}: {value}\r\n" in answer


def test_two_hosts_none_and_bodies_are_refused() -> None:
    with started() as running:
        port, cookie = running.port, f"Cookie: wordkin-{running.port}={token_of(running)}"
        assert talk(port, request(port, "/", cookie)).startswith(b"HTTP/1.1 200")
        two = request(port, "/", cookie, "Host: evil.example")
        assert talk(port, two).split()[1] in (b"400", b"403")
        assert talk(port, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 403")
        for body in ("Content-Length: 5", "Transfer-Encoding: chunked"):
            assert talk(port, request(port, "/", cookie, body)).startswith(b"HTTP/1.1 413")


def test_a_request_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wordkin.views.server.protocol._REQUEST_TIMEOUT", 0.05)
    with (
        started() as running,
        socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nHost:")
        with suppress(ConnectionResetError):
            assert connection.recv(1) == b""


def test_more_connections_than_a_browser_makes_are_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wordkin.views.server.protocol._CONNECTIONS", 2)
    with started() as running:
        address = ("127.0.0.1", running.port)
        idle = [socket.create_connection(address, timeout=10) for _ in range(3)]
        with suppress(ConnectionResetError):
            assert idle[2].recv(1) == b""
        for connection in idle:
            connection.close()


def garbage(rng: random.Random, port: int, token: str) -> tuple[bytes, bool]:
    """Return hostile or broken input, and whether it is a single request."""
    cookie = f"Cookie: wordkin-{port}={token}"
    names = [
        "about",
        "words",
        "map",
        "search",
        "neighbours",
        "analogy",
        "compare",
        "same",
        "export",
    ]
    keys = ["model", "id", "n", "a", "b", "c", "q", "ids", "method", "other", "view", "x"]
    values = [
        "0",
        "1",
        "3",
        "20",
        "-1",
        "%FF%00",
        "add",
        "1,2",
        "m=0",
        "%EC%84%9C",
        "9" * 30,
        "<b>",
    ]
    query = "&".join(f"{rng.choice(keys)}={rng.choice(values)}" for _ in range(rng.randrange(7)))
    whole = request(port, f"/api/{rng.choice(names)}?{query}", cookie)
    kind = rng.randrange(8)
    if kind == 0:
        return rng.randbytes(rng.randrange(1, 2000)), False
    if kind == 1:
        return whole[: rng.randrange(1, len(whole))], False
    if kind == 2:
        long = [f"X-{i}: {'a' * 200}" for i in range(rng.randrange(200))]
        return request(port, "/", *long), False
    if kind == 3:
        return request(port, "/" + "a/" * rng.randrange(9000), cookie), False
    if kind == 4:
        return request(port, "/", cookie, "Content-Length: 100000") + rng.randbytes(3000), False
    if kind == 5:
        spoiled = bytearray(whole)
        for _ in range(rng.randrange(1, 5)):
            spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
        return bytes(spoiled), False
    if kind == 6:
        lasting = whole.replace(b"Connection: close\r\n", b"")
        return lasting * rng.randrange(1, 5) + b"\r\n", False
    return whole, True


def resident(pid: int) -> int:
    """Return the bytes of memory that a process has."""
    (kilobytes,) = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(kilobytes) * 1024


_SERVING = """
import sys
from support.asking import _PAGE, page_model
from wordkin.views.page import built as page_files
from wordkin.views.server.server import Server
page_files.read = lambda name: _PAGE[name].encode()
server = Server([page_model([f"word{i}" for i in range(2000)], dim=20)])
print(server.url, flush=True)
server.run()
"""


@contextmanager
def serving() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a server in a process of its own; give the process and the address."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVING], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory cannot be read here")
def test_ten_thousand_fuzzed_requests_leave_the_server_up_and_small() -> None:
    rng = random.Random(1)
    with serving() as (process, url):
        port, token = int(url.split(":")[2].split("/")[0]), url.partition("?token=")[2]
        good = request(port, "/api/neighbours?model=0&id=3&n=20", f"Cookie: wordkin-{port}={token}")
        for _ in range(200):  # what it takes to answer at all is no growth
            assert talk(port, good).startswith(b"HTTP/1.1 200")
        before = resident(process.pid)
        statuses = set()
        for _ in range(_FUZZED):
            data, whole = garbage(rng, port, token)
            answer = talk(port, data, wait=rng.random() < 0.7, ending=not whole)
            statuses.add(answer[9:12].decode())
        assert statuses >= {"200", "400", "403", "404", "413", "414"}
        assert process.poll() is None
        assert talk(port, good).startswith(b"HTTP/1.1 200")
        assert resident(process.pid) - before < _GROWTH


def test_a_full_queue_is_refused_with_a_time_to_retry_and_delays_no_other_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = threading.Event()

    def slow(*_: Any, **__: Any) -> str:
        assert gate.wait(60)
        return "a document"

    monkeypatch.setattr("wordkin.views.server.app._POOLS", {"export": (1, 1)})
    monkeypatch.setattr("wordkin.views.server.app.document", slow)
    app = app_of(page_model(WORDS))

    async def crowd() -> list[Answered]:
        exports = [asyncio.create_task(ask_async(app, "/api/export?view=m%3D0")) for _ in range(3)]
        try:
            (refused,), _ = await asyncio.wait(exports, return_when=asyncio.FIRST_COMPLETED)
            about = await ask_async(app, "/api/about")
        finally:
            gate.set()
        answered = [await export for export in exports]
        return [refused.result(), about, *answered, await ask_async(app, "/api/export?view=m%3D0")]

    refused, *others = asyncio.run(crowd())
    assert (refused.status, refused.header("retry-after")) == (503, "1")
    assert "at once" in refused.json["error"]
    assert [answered.status for answered in others] == [200, 200, 200, 503, 200]


def test_ctrl_c_ends_it_quietly() -> None:
    with serving() as (process, url):
        port = int(url.split(":")[2].split("/")[0])
        assert talk(port, request(port)).startswith(b"HTTP/1.1 403")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out, err) == (0, "", "")


# ---- the verb ------------------------------------------------------------------------------------


@pytest.fixture
def model(tmp_path: Path) -> Path:
    vectors = page_model(WORDS).vectors
    path = tmp_path / "model.safetensors"
    write_vectors(path, VectorFile(list(vectors.words), vectors.matrix, vectors.counts))
    return path


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Server]:
    """The servers that the command would have run."""
    servers: list[Server] = []

    def run_not(self: Server) -> None:
        servers.append(self)
        self.stop()

    monkeypatch.setattr(Server, "run", run_not)
    return servers


def test_the_verb_prints_the_address_in_one_line(model: Path, ran: list[Server]) -> None:
    done = run("explore", model, model, "--no-browser", "--limit", 3)
    assert done.code == 0
    assert done.out == f"{ran[0].url}\n"
    assert [len(one.vectors) for one in ran[0]._models] == [3, 3]


def test_the_verb_opens_the_browser_where_there_is_a_display(
    model: Path, ran: list[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: queue.Queue[str] = queue.Queue()
    monkeypatch.setattr("webbrowser.open", opened.put)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    run("explore", model)
    monkeypatch.setenv("DISPLAY", ":0")
    run("explore", model, "--no-browser")
    run("explore", model)
    assert opened.get(timeout=30) == ran[-1].url
    assert opened.empty()


def test_a_limit_leaves_a_smaller_model_whole(ran: list[Server], tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    text = [["tea", "coffee", "milk", "tea"]] * 50
    Word2Vec(dim=4, min_count=1, threads=1, epochs=1, subsample=0).fit(text).save(path)
    for limit, predicts in ((3, True), (2, False)):
        run("explore", path, "--no-browser", "--limit", limit)
        [one] = ran[-1]._models
        assert (len(one.vectors), one.word2vec is not None) == (limit, predicts)


def test_the_verb_says_what_another_address_means(model: Path, ran: list[Server]) -> None:
    assert "note" not in run("explore", model, "--no-browser").err
    done = run("explore", model, "--no-browser", "--host", "0.0.0.0")
    assert "not encrypted" in done.err


def test_the_verb_says_what_it_cannot_do(model: Path, tmp_path: Path) -> None:
    assert "layout must be one of" in fails("explore", model, "--layout", "x", code=2)
    assert "nowhere" in fails("explore", tmp_path / "nowhere")
    packed = tmp_path / "text.gz"
    packed.write_bytes(b"x")
    assert "unpack" in fails("explore", model, "--corpus", packed)
    with started() as running:
        assert "already in use" in fails("explore", model, "--port", running.port)


def test_another_layout_comes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def doubled(matrix: Any) -> Any:
        return matrix[:, :2] * 2

    def broken(_: Any) -> Any:
        raise WordkinError("no such package")

    for name, place in (("doubled", doubled), ("broken", broken)):
        monkeypatch.setitem(projection.LAYOUTS, name, projection.Method(name, place, fewest=3))
    started: list[Any] = []
    said: list[str] = []
    few, many = page_model(WORDS[:2]), page_model(WORDS, name="many")
    models = [few, many]
    monkeypatch.setattr("threading.Thread.start", lambda self: started.append(self._target))
    lay_out_later(models, "doubled", said.append)
    assert [(one.layout, one.pending) for one in models] == [("pca", None), ("pca", "doubled")]
    started.pop()()
    assert [(one.layout, one.pending) for one in models] == [("pca", None), ("doubled", None)]
    np.testing.assert_array_equal(models[1].points, many.vectors.matrix[:, :2] * 2)
    assert said == []
    lay_out_later(models, "broken", said.append)
    started.pop()()
    assert (models[1].layout, models[1].pending) == ("doubled", None)
    assert said == ["note: no broken map of many: no such package"]


def test_a_model_of_this_program_predicts_unless_it_is_cut(tmp_path: Path) -> None:
    from support import toy
    from wordkin import Word2Vec

    path = tmp_path / "m.safetensors"
    Word2Vec(dim=4, min_count=1, threads=1, epochs=1, subsample=0).fit(toy.sentences(200)).save(
        path
    )
    assert load_page_model(path).word2vec is not None
    cut = load_page_model(path, options={"limit": 3})
    assert (cut.word2vec, len(cut.vectors), len(cut.points)) == (None, 3, 3)
    assert cut.name == "m"


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a/ko.safetensors"], ["ko"]),
        (["wiki.ko.vec", "wiki.en.vec"], ["wiki.ko", "wiki.en"]),
        (["a/ko.safetensors", "ko.bin"], ["ko.safetensors", "ko.bin"]),
        (["a/ko.bin", "b/ko.bin"], ["a/ko.bin", "b/ko.bin"]),
        (["ko.bin", "ko.bin"], ["ko (1)", "ko (2)"]),
        (["v1.5", "ko"], ["v1.5", "ko"]),
    ],
)
def test_models_are_called_by_short_names_that_differ(paths: list[str], names: list[str]) -> None:
    assert display_names([Path(path) for path in paths]) == names
