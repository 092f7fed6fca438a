"""The proxy samples, as shipped but for ports and names: understood by the real program, and the product behind it works."""

import grp
import os
import pwd
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from pbx.playing.calls import inbound
from tests.practice_office import PracticeOffice, practice_office
from tests.product import ROOT, Product, eventually, free_port, running
from tests.requirements import requires_caddy, requires_nginx

__all__ = ["requires_caddy", "requires_nginx"]  # fixtures

NGINX = ROOT / "deploy/nginx/firstring.conf"
CADDY = ROOT / "deploy/caddy/Caddyfile"
NAME = "crm.example.org"
AROUND = """daemon off; user {user} {group}; pid {folder}/nginx.pid; error_log stderr;
events {{}}
http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
uwsgi_temp_path {folder}; scgi_temp_path {folder}; include {folder}/firstring.conf; }}"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PracticeOffice]:
    with practice_office(tmp_path / "monitor") as office:
        yield office


@pytest.fixture
def product(tmp_path: Path, office: PracticeOffice) -> Iterator[Product]:
    with running(tmp_path / "var", **office.settings) as product:
        eventually(lambda: "exchange_up" in product.said, what="the exchange")
        yield product


@pytest.fixture
def behind_nginx(tmp_path: Path, product: Product, requires_nginx: None) -> Iterator[str]:
    folder, port = tmp_path / "nginx", free_port()
    folder.mkdir()
    _make_certificate(folder)
    told = NGINX.read_text().replace("127.0.0.1:8080", f"127.0.0.1:{product.port}").replace("/etc/ssl/firstring", str(folder))
    told = re.sub(r"listen \[::\]:\d+.*;", "", told).replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
    (folder / "firstring.conf").write_text(told.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"))
    # Started by root it would keep large requests as www-data, which may not look into the folder of a test.
    user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user, group=group))
    words = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    subprocess.run([*words, "-t"], check=True, capture_output=True, timeout=30)
    with _running(words, {}, f"https://127.0.0.1:{port}"):
        yield f"https://127.0.0.1:{port}"


@pytest.fixture
def behind_caddy(tmp_path: Path, product: Product, requires_caddy: None) -> Iterator[str]:
    port = free_port()
    told = {
        "FIRSTRING_SITE": f"http://{NAME}:{port}", "FIRSTRING_AT": f"127.0.0.1:{product.port}",
        "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "PATH": "/usr/bin:/bin",
    }  # fmt: skip
    file = tmp_path / "Caddyfile"
    file.write_text(f"{{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}}\n{CADDY.read_text()}")
    words = ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"]
    subprocess.run(["caddy", "validate", *words[2:]], env=told, check=True, capture_output=True, timeout=30)
    with _running(words, told, f"http://127.0.0.1:{port}"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(params=["nginx", "caddy"])
def site(request: pytest.FixtureRequest) -> str:
    address: str = request.getfixturevalue(f"behind_{request.param}")
    return address


def test_behind_the_proxy_people_log_in_and_are_told_of_a_call_at_once(
    site: str, product: Product, office: PracticeOffice, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("a long enough password")
    product.run("user", "add", "head@office.test", "--role", "head", "--password-file", str(tmp_path / "password"))
    with httpx.Client(base_url=site, verify=False, headers={"Host": NAME}) as browser:
        form = {"email": "head@office.test", "password": "a long enough password"}
        ours = {"Origin": f"{site.partition(':')[0]}://{NAME}"}
        entered = browser.post("/login", data=form, headers=ours)
        assert entered.status_code == 303, entered.text
        assert ("Secure" in entered.headers["set-cookie"]) == site.startswith("https")

        token = product.token("head@office.test")
        heard = _Heard(browser, {"Authorization": f"Bearer {token}"})
        eventually(lambda: heard.begun, what="the stream")
        office.play(inbound("79035551122", "74951112245").rings("101").given_up_after(1))
        eventually(lambda: "call_started" in heard.text, within=10, what="the call in the stream")

        assert browser.get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code == 404
        assert browser.get("/readyz").json() == {"status": "ready"}
        assert browser.post("/login", content=b"x" * 3_000_000, headers=ours).is_error
        customers = b"phone;name\n" + b"".join(b"7916%07d;Somebody\n" % number for number in range(150_000))
        taken = browser.post("/imports", data={"noun": "contact"}, files={"file": ("customers.csv", customers)}, headers=ours)
        assert taken.status_code == 303, taken.text
        assert browser.get("/healthz").status_code == 200


class _Heard:
    """All that a stream said so far."""

    def __init__(self, browser: httpx.Client, headers: dict[str, str]) -> None:
        self.text, self.begun = "", False
        threading.Thread(target=self._listen, args=(browser, headers), daemon=True).start()

    def _listen(self, browser: httpx.Client, headers: dict[str, str]) -> None:
        try:
            with browser.stream("GET", "/api/v1/stream", headers=headers, timeout=30) as answer:
                for piece in answer.iter_text():
                    self.begun = True
                    self.text += piece
        except httpx.HTTPError:
            return  # the test is over


def _make_certificate(folder: Path) -> None:
    made = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run(["openssl", "req", *made, *files], check=True, capture_output=True, timeout=60)


@contextmanager
def _running(words: list[str], told: dict[str, str], url: str) -> Iterator[None]:
    process = subprocess.Popen(
        words, env=told or None, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        eventually(lambda: _answers(url), what=words[0])
        yield
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", verify=False, headers={"Host": NAME}, timeout=5).status_code == 200
    except httpx.TransportError:
        return False
