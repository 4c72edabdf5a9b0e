"""Partners of one sandbox learn nothing of each other, nor how many customers the others have."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from audit.frame import Another, post
from client.people import spaniard
from faults.frame import Ramp


@pytest.mark.entry("sandbox partners")
def test_one_partners_payers_are_not_anothers(ramp: Ramp, another: Another) -> None:
    name = ramp.buying(ramp.spaniard())
    account = ramp.orders[name]["answer"]["iban"]
    line = ramp.client.sandbox("bank/transfers", {"account": account, "amount": "12.50", "currency": "EUR", "sender_name": "Nicanor Seco"})["line"]
    seen = [json.dumps(client.world("bank/statement", account=account)) for client in (ramp.client, another)]
    assert ["Nicanor Seco" in text for text in seen] == [True, False]
    assert post(another, f"/sandbox/bank/transfers/{line}/recall").status_code == 422, "nor can they take their money back"


@pytest.mark.entry("sandbox partners")
def test_the_inbox_takes_only_what_is_signed(ramp: Ramp, another: Another) -> None:
    """Every receiver of a partner's webhooks knows its key."""
    forged = httpx.post(
        f"{ramp.rampart.url}/sandbox/inbox", content=b'{"type":"COINS_SENT"}',
        headers={"x-api-key": another.partner.api_key, "content-type": "application/json", "x-signature": "00", "webhook-signature": "v1,AAAA"},
    )
    assert (forged.status_code, another.world("inbox")) == (401, [])
    another.subscribe(f"{ramp.rampart.url}/sandbox/inbox", "KYC_UPDATED")
    another.verified_user(spaniard())
    ramp.wait(lambda: another.world("inbox"), bool)


@pytest.mark.entry("sandbox partners")
def test_calls_of_the_sandbox_count(fresh: Callable[..., Ramp]) -> None:
    own = fresh(
        RAMPART__RATE_LIMITS__ENABLED="true", RAMPART__RATE_LIMITS__PARTNER_PER_SECOND="1", RAMPART__RATE_LIMITS__PARTNER_BURST="50",
    )
    statuses = [own.client.http.get("/sandbox/inbox").status_code for _ in range(80)]
    assert (statuses[0], statuses[-1]) == (200, 429)
    assert own.client.http.get("/api/availableAssets").status_code == 429, "it is one limit"


@pytest.mark.entry("user ids")
def test_numbers_of_customers_count_nobody(ramp: Ramp, another: Another) -> None:
    """Clients hold them in 32 bits."""
    given = [client.register_user(spaniard())["id"] for client in (another, ramp.client, another, ramp.client, another)]
    steps = {later - earlier for earlier, later in zip(given, given[1:])}
    assert len(set(given)) == 5 and max(map(abs, steps)) > 10, given
    assert all(0 < number < 10_000_000 for number in given), given
