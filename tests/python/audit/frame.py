"""What the tests do beside what those of the faults do too: pages, other partners, bytes on a connection, commands without an installation."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from client.partner_client import PartnerClient
from faults.frame import DAY, Ramp
from rampart_process import Partner

SETTINGS = {
    # A sandbox follows at once what a page fills in; the tests want it as it is in live mode.
    "RAMPART__SANDBOX__DESTINATION_DELAY_SECONDS": str(DAY),
    "RAMPART__WEBHOOKS__CONCURRENCY": "16",
    "RAMPART__SERVER__TRUSTED_PROXIES": "127.0.0.1",
}
"""Of the shared installation."""
REFUSED_ACCOUNT = "ES1621000418410006660001"
"""The bank refuses payouts to it."""

_names = itertools.count(1)


class Another(PartnerClient):
    """Another partner of an installation."""

    def __init__(self, ramp: Ramp) -> None:
        self.ramp = ramp
        self.name = f"another {next(_names)}"
        self.partner = ramp.rampart.create_partner(self.name)
        super().__init__(ramp.rampart.url, self.partner)


def sign_in(url: str, partner: Partner, **headers: str) -> int:
    """The status of the answer to a partner's key and secret."""
    body = {"api_key": partner.api_key, "api_secret": partner.api_secret}
    return httpx.post(f"{url}/api/authenticate", json=body, headers=headers, timeout=30).status_code


# --- pages ---


def page(url: str, **query: str) -> httpx.Response:
    """A page, in English, as somebody sees it who has the link and nothing else."""
    return httpx.get(url, params={**dict(httpx.URL(url).params), "lang": "en", **query}, timeout=30)


def press(url: str, **fields: str) -> httpx.Response:
    """A form that is sent from the page of a link."""
    return httpx.post(url, data=fields, timeout=30)


def link(ramp: Ramp, name: str) -> str:
    """The link to an order's own page."""
    answer = ramp.orders[name]["answer"]
    given = answer.get("url_status") or answer["url_payment"]
    return f"{ramp.rampart.url}/status?{urlsplit(given).query}"


# --- bytes ---


def connect(url: str, receives: int | None = None) -> socket.socket:
    """A connection to a server, with a small receive buffer if asked for."""
    made = socket.socket()
    if receives:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
    made.settimeout(30)
    address = urlsplit(url)
    made.connect((address.hostname, address.port))
    return made


def exchange(url: str, request: str) -> str:
    """Everything that is answered to these bytes, behind which nothing else comes."""
    with connect(url) as made:
        made.sendall(request.encode())
        made.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := made.recv(65_536):
            answer += piece
    return answer.decode(errors="replace")


def taker_of_nothing(url: str, times: int = 200) -> socket.socket:
    """Somebody who asks for many large answers and takes none."""
    made = connect(url, receives=4_096)
    made.sendall(b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n" * times)
    return made


# --- commands ---


def run(binary: Path, *arguments: str, data: Path, **variables: str) -> tuple[int, str]:
    """Runs a command on a data folder of its own: its exit code and everything that it printed."""
    done = subprocess.run(
        [binary, *arguments, "--data", data], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, env={**os.environ, **variables},
    )
    return done.returncode, done.stdout + done.stderr


def post(client: PartnerClient, path: str, **body: Any) -> httpx.Response:
    """A call that may be refused."""
    return client.http.post(path, json=body)
