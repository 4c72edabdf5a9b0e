"""Who has the link to an order's page has no word in where its money or coins go, but for what nobody has said; and that waits."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from audit.frame import REFUSED_ACCOUNT, link, post, press
from faults.frame import DAY, Person, Ramp, spanish_account, wallet
from upgrade.installation import HOLDER


def half_paid(ramp: Ramp, person: Person, **more: str) -> str:
    """A purchase of which a part has arrived, from an account that the bank does not name."""
    name = ramp.buying(person, "200.00", **more)
    ramp.transfer(name, "150.00", account=None)
    ramp.received(name, "150.00")
    return name


def held_sale(ramp: Ramp, person: Person) -> str:
    """A sale whose payout the bank has refused."""
    name = ramp.selling(person, iban=REFUSED_ACCOUNT)
    ramp.depositing(name, "100")
    ramp.arrives(name, "on_hold")
    return name


def last_event(ramp: Ramp, name: str) -> dict[str, Any]:
    """The last event of an order."""
    return [event for event in ramp.client.events() if event["data"].get("id") == ramp.orders[name]["id"]][-1]


def is_followed_a_day_later(result: dict[str, Any]) -> bool:
    at, used_from = (datetime.fromisoformat(result[key].replace("Z", "+00:00")) for key in ("given_at", "used_from"))
    return used_from - at == timedelta(seconds=DAY)


@pytest.mark.entry("destinations")
def test_the_partners_refund_account_is_final_for_a_page(ramp: Ramp) -> None:
    person, thief = ramp.spaniard(), spanish_account()
    name = half_paid(ramp, person, refund_account=person.account)
    press(link(ramp, name), action="refund", account=thief, name=HOLDER)
    ramp.order("refund", name)
    ramp.arrives(name, "refunded", seconds=1)
    assert (ramp.paid(thief), ramp.paid(person)) == (0, Decimal("150.00"))


@pytest.mark.entry("destinations")
def test_the_partners_refund_wallet_is_final_for_a_page(ramp: Ramp) -> None:
    """Neither while coins are awaited nor while it is on hold."""
    person, thief = ramp.spaniard(), wallet()
    name = ramp.selling(person, iban=REFUSED_ACCOUNT, refund_wallet=person.wallet)
    press(link(ramp, name), action="refund", wallet=thief)
    ramp.depositing(name, "100")
    ramp.arrives(name, "on_hold")
    press(link(ramp, name), action="refund", wallet=thief)
    ramp.order("refund", name)
    ramp.arrives(name, "refunded", blocks=1)
    assert ramp.sent(thief) == 0 < ramp.sent(person)


@pytest.mark.entry("destinations")
def test_a_payout_that_failed_goes_where_the_partner_says(ramp: Ramp) -> None:
    person, thief = ramp.spaniard(), spanish_account()
    name = held_sale(ramp, person)
    for action in ("payout", "refund"):
        press(link(ramp, name), action=action, account=thief, name=HOLDER)
    ramp.quiet()
    assert (ramp.view(name)["status"], ramp.paid(thief)) == ("on_hold", 0)
    answer = post(ramp.client, "/api/setPayoutAccount", rampoff_id=ramp.orders[name]["id"], iban=person.account)
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["payout_destination"]["given_by"] == "partner"
    ramp.arrives(name, "finished", seconds=1)
    assert ramp.paid(person) > 0 == ramp.paid(thief)


@pytest.mark.entry("destinations")
def test_an_account_that_a_page_fills_in_waits_and_is_announced(ramp: Ramp) -> None:
    """Everybody with the link can type the customer's name."""
    person, filled = ramp.spaniard(), spanish_account()
    name = half_paid(ramp, person)
    ramp.order("refund", name)
    ramp.arrives(name, "on_hold")
    press(link(ramp, name), action="refund", account=filled, name=HOLDER)
    ramp.quiet()
    assert (ramp.view(name)["status"], ramp.paid(filled)) == ("on_hold", 0)

    # The partner, an operator and an auditor see it, by its ends.
    result = last_event(ramp, name)
    destination = result["data"]["refund_destination"]
    assert (result["type"], destination["given_by"]) == ("PAYMENT_UPDATED", "page")
    assert is_followed_a_day_later(destination)
    assert destination["destination"].endswith(filled[-4:]) and filled not in str(result)
    assert ramp.view(name)["refund_destination"] == destination
    order = ramp.orders[name]["id"]
    for command in (("order", "show", order), ("audit", "list", "--subject", order), ("review", "list")):
        shown = ramp.operate(*command)
        assert "given by the page at" in shown and filled not in shown, shown

    ramp.advance(DAY - 120)
    ramp.quiet()
    assert ramp.paid(filled) == 0
    ramp.advance(180)
    ramp.arrives(name, "refunded", seconds=1)
    assert ramp.paid(filled) == Decimal("150.00")


@pytest.mark.entry("destinations")
def test_calling_an_order_off_hurries_nothing(ramp: Ramp) -> None:
    """Both are buttons of one page."""
    filled = spanish_account()
    name = half_paid(ramp, ramp.spaniard())
    press(link(ramp, name), action="refund", account=filled, name=HOLDER)
    press(link(ramp, name), action="cancel")
    ramp.quiet()
    assert (ramp.view(name)["status"], ramp.paid(filled)) == ("on_hold", 0)
    ramp.advance(DAY + 60)
    ramp.arrives(name, "refunded", seconds=1)
    assert ramp.paid(filled) == Decimal("150.00")


@pytest.mark.entry("destinations")
def test_a_holder_who_is_not_the_customer_waits_for_a_person(ramp: Ramp) -> None:
    filled = spanish_account()
    name = half_paid(ramp, ramp.spaniard())
    ramp.order("refund", name)
    ramp.arrives(name, "on_hold")
    press(link(ramp, name), action="refund", account=filled, name="Tom Ripley")
    ramp.advance(30 * DAY)
    ramp.quiet()
    assert (ramp.view(name)["status"], ramp.paid(filled)) == ("on_hold", 0)
    with pytest.raises(RuntimeError, match="--to"):
        ramp.order("refund", name)
    ramp.command("order", "refund", ramp.orders[name]["id"], "--to", filled[-4:])
    ramp.arrives(name, "refunded", seconds=1)
    assert "followed by a person only" in ramp.operate("audit", "list", "--subject", ramp.orders[name]["id"])


@pytest.mark.entry("destinations")
def test_the_partner_is_followed_before_a_wallet_that_a_page_filled_in(ramp: Ramp) -> None:
    person, thief = ramp.spaniard(), wallet()
    name = held_sale(ramp, person)
    ramp.order("refund", name)
    press(link(ramp, name), action="refund", wallet=thief)
    ramp.quiet()
    result = last_event(ramp, name)
    assert (ramp.view(name)["status"], ramp.sent(thief), result["type"]) == ("on_hold", 0, "RAMPOFF_UPDATED")
    assert result["data"]["refund_destination"]["given_by"] == "page" and is_followed_a_day_later(result["data"]["refund_destination"])
    answer = post(ramp.client, "/api/setRefundWallet", rampoff_id=ramp.orders[name]["id"], refund_wallet=person.wallet)
    assert answer.status_code == 200, answer.text
    ramp.arrives(name, "refunded", blocks=1)
    assert ramp.sent(thief) == 0 < ramp.sent(person)
