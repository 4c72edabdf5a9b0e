"""What anybody who can connect may do to a server: hold it up, read its metrics, or say things that a proxy understands in another way."""

from __future__ import annotations

import select
import signal
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest

from audit.frame import Another, connect, exchange, link, sign_in, taker_of_nothing
from client.partner_client import eventually
from faults.frame import Ramp

POST = "POST /api/authenticate HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n"
TOKEN = "a-token-of-the-operators"


def is_answered(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.entry("readers")
def test_who_takes_nothing_does_not_keep_a_place(fresh: Callable[..., Ramp]) -> None:
    own = fresh(RAMPART__SERVER__CONNECTIONS="4", RAMPART__SERVER__CONNECTIONS_PER_ADDRESS="4", RAMPART__SERVER__WRITE_TIMEOUT_MILLISECONDS="500")
    with ExitStack() as takers:
        for _ in range(4):
            takers.enter_context(closing(taker_of_nothing(own.rampart.url)))
        eventually(lambda: is_answered(own.rampart.url), bool, seconds=8)


@pytest.mark.entry("readers")
def test_a_stop_waits_for_nobody_outside(fresh: Callable[..., Ramp]) -> None:
    """Nor is the file kept from the next process."""
    own = fresh(RAMPART__SERVER__STOP_MILLISECONDS="500")
    process = own.rampart._process
    assert process is not None
    with closing(taker_of_nothing(own.rampart.url)), closing(connect(own.rampart.url)) as half:
        half.sendall(f"{POST}content-length: 9\r\n\r\n{{".encode())
        assert is_answered(own.rampart.url), "both are on their way"
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=8)
    own.start()


@pytest.mark.entry("bodies")
def test_bodies_that_do_not_arrive_keep_nobody_out(fresh: Callable[..., Ramp]) -> None:
    """Neither other callers nor health checks; not behind a proxy either, from which all connections come."""
    own = fresh(
        RAMPART__SERVER__TRUSTED_PROXIES="127.0.0.1", RAMPART__SERVER__CONCURRENCY="4", RAMPART__SERVER__BODIES="16",
        RAMPART__SERVER__BODIES_PER_ADDRESS="6",
    )

    def head(address: str) -> str:
        return f"{POST}x-forwarded-for: {address}\r\ncontent-length: 2\r\n\r\n"

    with ExitStack() as slow:
        sent = [slow.enter_context(closing(connect(own.rampart.url))) for _ in range(8)]
        for connection in sent:
            connection.sendall(f"{head('203.0.113.1')}{{".encode())
        # Those that find no place are answered.
        eventually(lambda: len(select.select(sent, [], [], 0)[0]), lambda answered: answered >= 2)
        answers = [
            *(httpx.get(own.rampart.url + path).status_code for path in ("/healthz", "/readyz", "/openapi.json")),
            *(exchange(own.rampart.url, head(f"203.0.113.{host}") + "{}")[9:12] for host in (1, 2)),
        ]
        assert answers == [200, 200, 200, "422", "422"], "what came whole needs no place among bodies"


@pytest.mark.entry("metrics")
def test_metrics_are_for_operators(ramp: Ramp) -> None:
    assert httpx.get(f"{ramp.rampart.url}/metrics").status_code == 404
    result = httpx.get(ramp.rampart.metrics_url)
    assert result.status_code == 200 and "rampart_database_up 1" in result.text
    apart = ramp.rampart.metrics_url.removesuffix("/metrics")
    assert httpx.get(f"{apart}/api/availableAssets").status_code == 404


@pytest.mark.entry("metrics")
def test_metrics_beside_the_api_need_a_token_and_so_do_reasons(fresh: Callable[..., Ramp], tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    own = fresh(
        RAMPART__SERVER__METRICS_LISTEN="", RAMPART__SERVER__METRICS_TOKEN_FILE=str(file), RAMPART__WORKERS__STUCK_AFTER_SECONDS="1",
    )
    asked = (None, "Bearer wrong", f"Bearer {own.client.http.headers['auth']}", f"Bearer {TOKEN}")
    found = [httpx.get(f"{own.rampart.url}/metrics", headers={"authorization": text} if text else {}).status_code for text in asked]
    assert found == [401, 401, 401, 200]
    own.fault("bank", "questions")
    eventually(lambda: httpx.get(f"{own.rampart.url}/readyz").status_code, lambda status: status == 503)
    assert httpx.get(f"{own.rampart.url}/readyz").json()["reasons"] == []
    assert httpx.get(f"{own.rampart.url}/readyz", headers={"authorization": f"Bearer {TOKEN}"}).json()["reasons"] != []


@pytest.mark.entry("framing")
@pytest.mark.parametrize(
    "request_",
    [
        f"{POST}transfer-encoding: chunked\r\n\r\nzz\r\n{{}}\r\n0\r\n\r\n",
        f"{POST}transfer-encoding: chunked\r\n\r\n2\r\n{{}}XX0\r\n\r\n",
        f"{POST}transfer-encoding: gzip, chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: x y\r\n\r\n",
    ],
    ids=["chunk", "chunks_end", "codings", "no_host", "two_hosts", "odd_host"],
)
def test_what_is_no_http_is_refused(ramp: Ramp, request_: str) -> None:
    answer = exchange(ramp.rampart.url, request_)
    assert answer.startswith("HTTP/1.1 400") and "malformed_request" in answer, answer


@pytest.mark.entry("framing")
def test_forwarded_addresses_are_read_as_proxies_write_them(ramp: Ramp, another: Another) -> None:
    ramp.operate("partner", "set", another.partner.id, "--allow-ip", "203.0.113.7", "--allow-ip", "2001:db8::7")
    result = ["203.0.113.7:4711", '"203.0.113.7"', "[2001:db8::7]:4711", '"[2001:db8::7]"', "203.0.113.8:4711", "[2001:db8::8]:4711"]
    found = [sign_in(ramp.rampart.url, another.partner, **{"x-forwarded-for": each}) for each in result]
    assert found == [200, 200, 200, 200, 401, 401]


@pytest.mark.entry("networks")
def test_networks_of_ipv4_written_as_ipv6_mean_what_they_say(ramp: Ramp, another: Another) -> None:
    found = []
    for network in ("::ffff:127.0.0.0/104", "::ffff:10.0.0.0/104"):
        ramp.operate("partner", "set", another.partner.id, "--allow-ip", network)
        found.append(sign_in(ramp.rampart.url, another.partner))
    assert found == [200, 401]


@pytest.mark.entry("https")
def test_browsers_stay_with_https(fresh: Callable[..., Ramp], ramp: Ramp) -> None:
    own = fresh(RAMPART__SERVER__PUBLIC_URL="https://pay.example")
    name = own.buying(own.spaniard())
    assert own.orders[name]["answer"]["url_payment"].startswith("https://pay.example/")
    for url in (link(own, name), f"{own.rampart.url}/docs", f"{own.rampart.url}/nothing"):
        assert "max-age=" in httpx.get(url).headers.get("strict-transport-security", ""), url
    assert "strict-transport-security" not in httpx.get(f"{ramp.rampart.url}/docs").headers
