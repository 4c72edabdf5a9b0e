"""Refusals that an integrator meets first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from client.partner_client import Failure, PartnerClient
from client.people import spaniard
from rampart_process import Partner, Rampart

WALLET = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"


def refused(call: Callable[[], Any]) -> Failure:
    with pytest.raises(Failure) as caught:
        call()
    body = caught.value.body
    assert body["status"] == "error" and body["message"] and body["request_id"], body
    return caught.value


def payment_of(user_id: int, **changes: Any) -> dict[str, Any]:
    return {
        "user_id": user_id, "payment_type": "card", "fiat_symbol": "EUR", "fiat_amount": 50, "coin_symbol": "USDC", "coin_chain": "polygon",
        "wallet": WALLET, **changes,
    }


def test_wrong_credentials(rampart: Rampart, client: PartnerClient, partner: Partner) -> None:
    texts = set()
    for key, secret in ((partner.api_key, "wrong"), ("unknown", partner.api_secret)):
        failure = refused(lambda key=key, secret=secret: client.authenticate(key, secret))
        assert (failure.status_code, failure.code) == (401, "authorization_incorrect")
        texts.add(failure.body["message"])
    assert len(texts) == 1, "the two must not be distinguishable"
    assert httpx.get(f"{rampart.url}/api/payments").status_code == 401
    bearer = httpx.get(f"{rampart.url}/api/payments", headers={"authorization": f"Bearer {client.http.headers['auth']}"})
    assert bearer.status_code == 200


def test_identity_comes_first(client: PartnerClient) -> None:
    user = client.register_user(spaniard())
    failure = refused(lambda: client.create_payment(payment_of(user["id"])))
    assert (failure.status_code, failure.code) == (403, "require_kyc")
    assert failure.body["data"].startswith("http")


def test_the_customer_is_known_once(client: PartnerClient) -> None:
    body = spaniard()
    user = client.register_user(body)
    failure = refused(lambda: client.register_user(body))
    assert (failure.status_code, failure.code) == (409, "user_already_exists")
    assert failure.body["data"]["id"] == user["id"]


def test_fields(client: PartnerClient) -> None:
    failure = refused(lambda: client.register_user({"name": "Nobody"}))
    assert (failure.status_code, failure.code) == (422, "fail_mandatory_field")
    assert "email" in failure.body["errors"]
    user_id = client.verified_user(spaniard())
    codes = {
        "user_not_found": payment_of(987_654_321),
        "method_not_allowed": payment_of(user_id, payment_type="SPEI"),
        "coin_not_supported": payment_of(user_id, coin_chain="bitcoin"),
        "invalid_wallet": payment_of(user_id, wallet="0xb51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"),
        "min_purchase": payment_of(user_id, fiat_amount="0.01"),
        "validation_failed": payment_of(user_id, fiat_amount="10.001"),
        "quote_mismatch": payment_of(user_id, quote_id=client.quote(amount="51", symbol="USDC", payment_type="card")["quote_id"]),
    }
    assert {code: refused(lambda body=body: client.create_payment(body)).code for code, body in codes.items()} == {code: code for code in codes}


def test_idempotency(client: PartnerClient) -> None:
    user_id = client.verified_user(spaniard())
    key = {"Idempotency_Key": "key-1"}
    first = client.create_payment(payment_of(user_id), **key)
    assert client.create_payment(payment_of(user_id), **key) == first
    assert refused(lambda: client.create_payment(payment_of(user_id, fiat_amount=51), **key)).code == "idempotency_conflict"
    client.create_payment(payment_of(user_id, external_id="mine"))
    assert refused(lambda: client.create_payment(payment_of(user_id, external_id="mine", fiat_amount=51))).code == "external_id_conflict"


def test_partners_do_not_see_each_other(rampart: Rampart, client: PartnerClient) -> None:
    user_id = client.verified_user(spaniard())
    payment_id = client.create_payment(payment_of(user_id))["payment_id"]
    with PartnerClient(rampart.url, rampart.create_partner("a stranger")) as stranger:
        foreign, absent = (refused(lambda id=id: stranger.payment(id)) for id in (payment_id, "0" * 25))
        assert foreign.code == absent.code == "payment_not_found"
        assert refused(lambda: stranger.check_kyc(user_id)).code == "user_not_found"
        assert stranger.payments()["data"] == []


def test_http_statuses_as_documented(rampart: Rampart, partner: Partner, client: PartnerClient) -> None:
    rampart.run("partner", "set", partner.id, "--http-errors", "documented")
    with PartnerClient(rampart.url, partner) as documented:
        response = documented.http.get("/api/payment/" + "0" * 25)
        assert response.status_code == 200 and response.json()["error"] == "payment_not_found"
