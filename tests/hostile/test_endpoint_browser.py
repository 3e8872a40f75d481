"""A page of another origin in a real browser: it learns nothing from the endpoint, not even with the token in its hands."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from tests.support.home import Home
from tests.support.served import SECRETS, bind_warm, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

PAGE = """<!doctype html><title>another origin</title><pre id="found"></pre>
<iframe name="frame"></iframe><form id="form" method="post" target="frame" action="@URL@"><input name="a" value="b"></form>
<script>
const url = "@URL@", token = "@TOKEN@";
const settled = (promise) => promise.then((value) => `got ${value}`, (error) => `failed ${error.name}`);
const read = async (options) => (await fetch(url, options)).text();
const event = (target, good, bad) => new Promise((yes, no) => { target[good] = () => yes(good); target[bad] = () => no(new Error(bad)); });
const image = new Image(), script = document.createElement("script"), ws = new WebSocket(url.replace("http", "ws"));
const tries = {
  simple: read(),
  opaque: read({ mode: "no-cors" }),
  token: read({ headers: { Authorization: token } }),
  cookies: read({ credentials: "include" }),
  post: read({ method: "POST", body: "x" }),
  beacon: Promise.resolve(navigator.sendBeacon(url, "x")),
  image: event(image, "onload", "onerror"),
  script: event(script, "onload", "onerror"),
  socket: event(ws, "onopen", "onerror"),
};
image.src = url; script.src = url; document.body.append(script); document.getElementById("form").submit();
(async () => {
  const found = {};
  for (const [name, promise] of Object.entries(tries)) found[name] = await settled(promise);
  await new Promise((done) => setTimeout(done, 300));
  try { found.frame = `got ${frames.frame.document.body.innerText}`; } catch (error) { found.frame = `failed ${error.name}`; }
  await fetch("/found", { method: "POST", body: JSON.stringify(found) });
  document.getElementById("found").textContent = "done";
})();
</script>"""


class Page(BaseHTTPRequestHandler):
    text = ""
    found: dict[str, str]
    told = threading.Event()

    def do_GET(self) -> None:
        body = type(self).text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        type(self).found = json.loads(self.rfile.read(int(self.headers["content-length"])))
        type(self).told.set()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def page() -> Iterator[tuple[type[Page], int]]:
    Page.found = {}
    Page.told.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Page, server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def browsing(command: list[str], folder: Path) -> Iterator[None]:
    """Run a browser, and end all of its processes."""
    environ = {"HOME": str(folder), "PATH": os.environ["PATH"]}
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def test_a_page_of_another_origin_reads_and_changes_nothing(
    page: tuple[type[Page], int], tmp_path: Path
) -> None:
    browser = shutil.which("chromium")
    if browser is None:  # `.ci/run` installs none: it would take a third of a minute and 400 MB
        pytest.skip("no browser: `apt-get install --no-install-recommends chromium`")
    home = Home(tmp_path)
    bind_warm(home)
    kind, port = page
    with serving(home, "--verbose") as server:
        kind.text = PAGE.replace("@URL@", server.url).replace("@TOKEN@", server.token)
        flags = (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-extensions",
        )
        command = [str(browser), *flags, f"--user-data-dir={tmp_path}/browser", "--remote-debugging-port=0"]
        with browsing([*command, f"http://127.0.0.1:{port}/"], tmp_path):
            assert kind.told.wait(60), "the page did not come to its end"
        _, err = server.stop()
    assert {
        name: said.partition(" ")[0] for name, said in kind.found.items() if name not in {"opaque", "beacon"}
    } == dict.fromkeys(("simple", "token", "cookies", "post", "image", "script", "socket", "frame"), "failed")
    assert kind.found["opaque"] in {"got ", "failed TypeError"}
    for secret in SECRETS:
        assert secret not in json.dumps(kind.found)
    answered = re.findall(r"^(?:[A-Z]+|-) \S+ (\d+)$", err, re.MULTILINE)
    assert len(answered) >= 5, err
    assert set(answered) <= {"403", "405"}
