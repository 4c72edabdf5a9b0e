"""Receivers of webhooks do not delay each other, their answers count, and they are called at their current URL with their current key."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from audit.frame import Another, post, press, sign_in
from audit.receiver import Receiver
from client.partner_client import PartnerClient, eventually
from client.people import spaniard
from client.signatures import verify
from faults.frame import HOUR, Ramp
from rampart_process import Partner
from upgrade.installation import ACCOUNT

KIND = "PAYMENT_UPDATED"


def order(client: PartnerClient, user: int) -> dict[str, Any]:
    """A purchase with a card."""
    body = {"user_id": user, "payment_type": "card", "fiat_symbol": "EUR", "fiat_amount": 20, "coin_symbol": "USDC", "coin_chain": "polygon"}
    return dict(client.create_payment({**body, "wallet": "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"}))


def cause_event(client: PartnerClient, made: dict[str, Any]) -> str:
    """An event of this moment: the order is called off. Whose."""
    page = made["url_payment"].replace("/gateway/card", "/status")
    assert press(page, action="cancel").status_code < 400
    return str(made["payment_id"])


@pytest.mark.entry("webhook shares")
def test_slow_receivers_of_one_partner_keep_nobody_waiting(ramp: Ramp, another: Another, receiver: Receiver) -> None:
    """Five subscriptions that do not answer, with more for each than there are places."""
    ramp.market("0.90")
    with Receiver() as slow:
        slow.answers.clear()
        for kind in (KIND, "KYC_UPDATED", "PAY_IN", "COINS_SENT", "RAMPOFF_UPDATED"):
            another.subscribe(slow.url, kind)
        ramp.client.subscribe(receiver.url, KIND)
        own = ramp.spaniard()
        for _ in range(6):
            user = another.verified_user(spaniard())
            another.sandbox(f"payments/{order(another, user)['payment_id']}/pay")
            cause_event(another, order(another, user))
            sold = another.create_rampoff({"user_id": user, "amount": 50, "blockchain": "polygon", "symbol": "USDC", "iban": ACCOUNT})
            press(sold["url_status"], action="cancel")
        eventually(lambda: len(slow.heard), lambda count: count > 0)
        ramp.quiet()
        for _ in range(3):
            subject, began = cause_event(ramp.client, order(ramp.client, own.id)), time.monotonic()
            eventually(lambda: receiver.about(subject), bool, seconds=4)
        assert time.monotonic() - began < 4
        ramp.client.remove_webhook(KIND)
        for subscription in another.webhooks():
            another.remove_webhook(subscription["type"])


@pytest.mark.entry("current url")
def test_what_follows_an_update_goes_to_the_new_url(another: Another, receiver: Receiver) -> None:
    user = another.verified_user(spaniard())
    orders = [order(another, user) for _ in range(8)]
    with Receiver() as other:
        places = (receiver, other)
        another.subscribe(other.url, KIND)
        for number, made in enumerate(orders):
            now, before = places[number % 2], places[1 - number % 2]
            another.update_subscription(now.url, KIND)
            subject = cause_event(another, made)
            eventually(lambda: now.about(subject) or before.about(subject), bool)
            assert (len(now.about(subject)), len(before.about(subject))) == (1, 0), f"after {number} updates"


@pytest.mark.entry("current partner")
def test_what_a_command_has_changed_of_a_partner_is_so(ramp: Ramp, another: Another) -> None:
    """Whatever a server remembers of it: it has just been asked."""

    def asked() -> int:
        return another.http.get("/api/webhooks").status_code

    found = []
    for command in (("set", "--allow-ip", "203.0.113.7"), ("set", "--allow-ip", "any"), ("disable",)):
        found.append(asked())
        ramp.command("partner", command[0], another.partner.id, *command[1:])
        found.append(asked())
    assert found == [200, 401, 401, 200, 200, 401]


@pytest.mark.entry("receivers heard")
def test_a_receiver_that_is_gone_is_disabled_until_it_is_updated(ramp: Ramp, another: Another, receiver: Receiver) -> None:
    user = another.verified_user(spaniard())
    orders = [order(another, user) for _ in range(2)]
    receiver.status = 410
    another.subscribe(receiver.url, KIND)
    first = cause_event(another, orders[0])

    def subscription() -> Any:
        return another.webhooks()[0]

    eventually(subscription, lambda result: result.get("status") == "disabled", seconds=5)
    second = cause_event(another, orders[1])
    result = eventually(subscription, lambda result: result["parked"] == 2)
    assert result["disabled_at"]
    assert (len(receiver.about(first)), len(receiver.about(second))) == (1, 0)
    assert {first, second} <= {event["data"].get("id") for event in another.events()}, "the log has both"
    assert another.partner.id in ramp.operate("webhook", "disabled", "--json")
    eventually(
        lambda: [line for line in another.http.get(ramp.rampart.metrics_url).text.splitlines() if line.startswith("rampart_subscriptions_disabled")],
        lambda lines: lines == ["rampart_subscriptions_disabled 1"],
    )
    receiver.status = 204
    answer = post(another, "/api/updateWebhookSubscription", url=receiver.url, type=KIND, replay="true")
    assert answer.status_code == 200, answer.text
    eventually(lambda: (len(receiver.about(first)), len(receiver.about(second))), lambda heard: heard == (2, 1))
    eventually(subscription, lambda result: (result["status"], result["parked"]) == ("active", 0))


@pytest.mark.entry("receivers heard")
def test_a_receiver_that_asks_for_time_gets_it(ramp: Ramp, another: Another, receiver: Receiver) -> None:
    made = order(another, another.verified_user(spaniard()))
    receiver.status, receiver.headers = 503, {"retry-after": str(2 * HOUR)}
    another.subscribe(receiver.url, KIND)
    subject = cause_event(another, made)
    eventually(lambda: len(receiver.about(subject)), lambda heard: heard == 1)
    ramp.quiet()
    ramp.advance(HOUR)
    ramp.quiet()
    assert len(receiver.about(subject)) == 1, "it asked for two hours"
    receiver.status = 204
    ramp.advance(HOUR + 60)
    eventually(lambda: len(receiver.about(subject)), lambda heard: heard == 2)


@pytest.mark.entry("overlap")
def test_a_rotated_key_works_on_for_as_long_as_the_operator_says(ramp: Ramp, another: Another, receiver: Receiver) -> None:
    user = another.verified_user(spaniard())
    orders = [order(another, user) for _ in range(2)]
    another.subscribe(receiver.url, KIND)

    def rotated(*more: str) -> Partner:
        result = json.loads(ramp.operate("partner", "rotate-key", another.partner.id, *more, "--json"))
        return Partner(another.partner.id, result["api_key"], result["api_secret"])

    def is_signed_by(subject: str) -> list[bool]:
        """Which of the keys have signed, oldest first; a receiver knows the newest."""
        heard = eventually(lambda: [each for each in receiver.heard if each.event["data"]["id"] == subject], bool)[0]
        verify(heard, keys[-1])
        found = []
        for key in keys:
            try:
                found.append(bool(Webhook(key.api_secret).verify(heard.body, heard.headers)))
            except WebhookVerificationError:
                found.append(False)
        return found

    keys = [another.partner, rotated()]
    assert [sign_in(ramp.rampart.url, key) for key in keys] == [200, 200], "for a day"
    assert another.http.get("/api/events").status_code == 200, "so do the old key's tokens"
    assert is_signed_by(cause_event(another, orders[0])) == [True, True]

    keys.append(rotated("--overlap", "0"))
    assert another.http.get("/api/events").status_code == 401, "after a leak nothing is left"
    assert [sign_in(ramp.rampart.url, key) for key in keys] == [401, 401, 200]
    assert is_signed_by(cause_event(another, orders[1])) == [False, False, True]
