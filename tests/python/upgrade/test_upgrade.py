"""An installation of the version before the rules for what arrives is gone on with. An upgrade exchanges and refunds nothing by itself.

The tests follow the course of one upgrade, in this order: what is there at first, while the world still fails as it did when the
older version stopped; what was under way; then what customers and persons do with the orders of before; then time.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from client.listener import Listener
from client.partner_client import Failure, eventually
from rampart_process import Rampart

from . import kept
from .installation import ACCOUNT, HOLDER, REFUND_WALLET, STRANGERS_ACCOUNT, WALLET, pages
from .upgraded import Upgraded, reserved

ORDERS = kept.known()["orders"]
NAMES = tuple(ORDERS)
PEOPLE = tuple(kept.known()["people"].values())
HELD = tuple(name for name, order in ORDERS.items() if order["view"]["status"] == "on_hold")
BEHIND_THEIR_END = tuple(name for name in NAMES if "behind its end" in name)
PROMISED = ("transfer open", "transfer held in time", "transfer held, coins refused", "sale confirming", "sale held, payout refused")
PROMISED_NO_MORE = (
    "transfer held short", "transfer held over", "transfer held for its payer", "card held over", "card held short", "SPEI held for its payer",
    "sale held short", "sale held over", "sale held for its destination", "sale held, undone by its chain",
)
"""Held for a reason for which the present version reserves nothing, and far behind the end of the promise."""
DECIDED = {"transfer held over, coins refused": "318.522189", "sale held over, payout refused": "114.84"}
"""What more than was ordered had become when it could not leave."""


def fault(sentence: str) -> pytest.MarkDecorator:
    """What the present version does wrong with what it finds."""
    return pytest.mark.xfail(strict=True, reason=sentence)


# --- What is there at first ------------------------------------------------------------------------------------------


def test_every_order_is_listed(upgraded: Upgraded) -> None:
    upgraded.quiet()
    assert [row["id"] for row in pages(upgraded.client.payments)] == upgraded.known["payments"]
    assert [row["id"] for row in pages(upgraded.client.rampoffs)] == upgraded.known["rampoffs"]


def test_every_order_stands_where_it_stood(upgraded: Upgraded) -> None:
    # The chain was read past the end of the first one; those that a bank or a processor pays wait for a reading. What the second one's
    # coins were handed over in is in a block, whose answer was lost.
    seen = {"sale behind its end": "expired", "transfer sent, answer lost": "coins_sent"}
    expected = {name: order["view"]["status"] for name, order in ORDERS.items()} | seen
    assert {name: upgraded.view(name)["status"] for name in NAMES} == expected


@pytest.mark.parametrize("name", NAMES)
def test_amounts_are_those_of_before(upgraded: Upgraded, name: str) -> None:
    order, view = ORDERS[name], upgraded.view(name)
    ordered, _ = amounts(name)
    assert view[ordered] == order["created"][ordered], "what was ordered stays for ever"
    if name not in DECIDED:
        assert decided(upgraded, name) == decided_before(name)
    for key in ("received_amount", "exception", "reversal", "holder", "expires_at", "created_at", "external_id", "user_id"):
        assert view.get(key) == order["view"].get(key), key
    if name != "transfer sent, answer lost":
        assert view.get("txid") == order["view"].get("txid")


def amounts(name: str) -> tuple[str, str]:
    """The fields of what was ordered and of what was decided last."""
    return ("fiat_amount_decimal", "coin_amount_decimal") if ORDERS[name]["leg"] == "buy" else ("amount", "fiat_amount")


def decided(upgraded: Upgraded, name: str) -> str:
    return str(upgraded.view(name)[amounts(name)[1]])


def decided_before(name: str) -> str:
    return str(ORDERS[name]["view"][amounts(name)[1]])


@pytest.mark.parametrize("name", [
    "transfer held over, coins refused", "sale held over, payout refused",
])
def test_what_was_decided_survives_a_hold(upgraded: Upgraded, name: str) -> None:
    """The older version showed what was ordered as soon as an order was on hold."""
    assert decided(upgraded, name) == DECIDED[name]


@pytest.mark.parametrize("name", ["OXXO refunded", "card refunded", "transfer refunded", "sale refunded"])
def test_what_went_back_is_reported(upgraded: Upgraded, name: str) -> None:
    view = upgraded.view(name)
    decimals = view["decimals"] if ORDERS[name]["leg"] == "sell" else 0
    assert Decimal(view["refunded_amount"]) == Decimal(view["received_amount"]).scaleb(-decimals)


@pytest.mark.parametrize("name, amount", [("transfer completed", "15.00"), ("sale finished", "9.000000")])
@fault("what lay in suspense beside an order before is not shown by it: neither stored.rs makes a `set_aside`")
def test_what_lies_beside_an_order_is_reported(upgraded: Upgraded, name: str, amount: str) -> None:
    assert upgraded.view(name)["set_aside_amount"] == amount


@pytest.mark.parametrize("name", NAMES)
def test_pages_of_before_are_found(upgraded: Upgraded, name: str) -> None:
    answer = ORDERS[name]["answer"]
    page = httpx.URL(answer.get("url_payment") or answer["url_status"])
    shown = upgraded.client.http.get(page.raw_path.decode(), follow_redirects=True)
    assert shown.status_code == 200 and "text/html" in shown.headers["content-type"]


@pytest.mark.parametrize("name, typed", [
    ("transfer held over", {"account": STRANGERS_ACCOUNT, "name": HOLDER}), ("sale held over", {"wallet": WALLET}),
])
def test_a_destination_of_before_is_final_for_its_page(upgraded: Upgraded, name: str, typed: dict[str, str]) -> None:
    """Who gave it was not recorded."""
    given = upgraded.view(name)["refund_destination"]
    assert given["destination"] and [given[field] for field in ("given_by", "given_at", "used_from")] == [None] * 3
    answer = ORDERS[name]["answer"]
    token = httpx.URL(answer.get("url_payment") or answer["url_status"]).params["token"]
    upgraded.client.http.post("/status", params={"token": token}, data={"action": "refund", **typed})
    assert upgraded.view(name)["refund_destination"] == given


@pytest.mark.parametrize("name", ["transfer open", "card completed", "sale open", "sale held short"])
def test_a_request_of_before_is_repeated(upgraded: Upgraded, name: str) -> None:
    order = ORDERS[name]
    if order["leg"] == "buy":
        assert upgraded.client.create_payment(order["body"])["payment_id"] == order["id"]
    else:
        assert upgraded.client.create_rampoff(order["body"])["id"] == order["id"]


@pytest.mark.parametrize("user", PEOPLE)
def test_identity_links_of_before_are_found(upgraded: Upgraded, user: int) -> None:
    """Those of the stored log of events, and those of the log now."""
    for events in (upgraded.known["events"], upgraded.client.events()):
        known = next(event["data"] for event in events if event["type"] == "KYC_UPDATED" and event["data"]["user_id"] == user)
        page = upgraded.client.http.get(httpx.URL(known["kyc_form_url"]).raw_path.decode())
        assert page.status_code == 200 and "text/html" in page.headers["content-type"]


def test_links_of_before_are_kept_nowhere(upgraded: Upgraded) -> None:
    """Not even in free pages of the embedded file."""
    answers = [order["answer"] for order in ORDERS.values()]
    urls = [answer.get("url_payment") or answer["url_status"] for answer in answers]
    urls += [event["data"]["kyc_form_url"] for event in upgraded.known["events"] if event["type"] == "KYC_UPDATED"]
    tokens = {httpx.URL(url).params["token"] for url in urls}
    assert len(tokens) > len(NAMES)
    kept = upgraded.dump()
    assert ORDERS[NAMES[0]]["id"].encode() in kept
    assert not [token for token in tokens if token.encode() in kept]


def without_links(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events without the links to identity pages, which are made for every answer."""
    return [{**event, "data": {**event["data"], "kyc_form_url": None}} for event in events]


def test_events_are_in_the_log_without_a_gap(upgraded: Upgraded) -> None:
    events, before = upgraded.client.events(), upgraded.known["events"]
    assert without_links(events[: len(before)]) == without_links(before)
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))


def test_the_list_of_reviews_is_that_of_before(upgraded: Upgraded) -> None:
    assert {item["id"] for item in upgraded.items()} == {item["id"] for item in upgraded.known["items"]}


def test_a_configuration_of_before_is_refused(upgraded: Upgraded, tmp_path: Path) -> None:
    """By the name of what it sets: no policy is changed without notice."""
    before = Rampart(upgraded.binary, tmp_path, None, {"RAMPART__POLICIES__TRANSFER__LATE__BASIS_POINTS": "100"})
    with pytest.raises(RuntimeError, match=r"policies\.transfer\.late"):
        before.run("config")


@pytest.fixture(scope="session")
def reserved_at_first(upgraded: Upgraded) -> dict[str, Decimal]:
    """What is held for the orders that the next tests look at."""
    upgraded.quiet()
    return upgraded.reserved_for((*BEHIND_THEIR_END, *PROMISED, *PROMISED_NO_MORE))


@pytest.mark.parametrize("name", BEHIND_THEIR_END)
def test_coins_of_a_promise_that_ended_are_freed(reserved_at_first: dict[str, Decimal], name: str) -> None:
    assert reserved_at_first[name] == 0


@pytest.mark.parametrize("name", PROMISED)
def test_coins_that_are_promised_or_owed_stay_reserved(reserved_at_first: dict[str, Decimal], name: str) -> None:
    assert reserved_at_first[name] == reserved(ORDERS[name]["shown"]) > 0


@pytest.mark.parametrize("name", PROMISED_NO_MORE)
def test_coins_of_a_held_order_whose_promise_ended_are_freed(reserved_at_first: dict[str, Decimal], name: str) -> None:
    assert reserved_at_first[name] == 0


def test_nothing_leaves_while_the_world_fails(upgraded: Upgraded) -> None:
    assert_nothing_left(upgraded)


def assert_nothing_left(upgraded: Upgraded) -> None:
    left = upgraded.left()
    assert (left.transactions, left.payouts) == ({}, {})


def test_a_second_start_changes_nothing(upgraded: Upgraded) -> None:
    before = {name: upgraded.view(name) for name in NAMES}
    upgraded.stop()
    upgraded.start()
    upgraded.quiet()
    assert {name: upgraded.view(name) for name in NAMES} == before
    assert_nothing_left(upgraded)


# --- What was under way ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def interfered(upgraded: Upgraded) -> Upgraded:
    """What can only be done while the world fails: a refund is stopped, and a chain undoes coins before they are confirmed."""
    upgraded.command("payout", "stop", ORDERS["transfer refund to be stopped"]["shown"]["payouts"][0]["id"])
    upgraded.client.sandbox("chain/polygon/reorg", {"depth": 1, "drop": [ORDERS["sale confirming, to be undone"]["txid"]]})
    return upgraded


def test_a_refund_that_has_not_left_can_be_stopped(interfered: Upgraded) -> None:
    assert interfered.await_status("transfer refund to be stopped", "on_hold")["hold_reason"] == "review"


def test_coins_can_be_undone_by_their_chain(interfered: Upgraded) -> None:
    view = interfered.wait(lambda: interfered.view("sale confirming, to be undone"), lambda view: Decimal(view["received_amount"]) == 0)
    assert view["status"] == "confirming", "a sale that saw coins stays there"


@pytest.fixture(scope="session")
def recovered(interfered: Upgraded) -> Upgraded:
    """The same, with a world that does not fail any more, and a market that is not the promise."""
    interfered.price("0.95")
    interfered.recover()
    return interfered


ARRIVE = {
    "transfer being sent": "coins_sent", "transfer sent, answer lost": "coins_sent", "transfer unconfirmed": "coins_sent",
    "transfer paid, not read": "coins_sent", "card being screened": "coins_sent", "card over being screened": "coins_sent",
    "transfer refund being paid": "refunded", "sale being paid": "finished", "sale paid, answer lost": "finished",
    "sale being screened": "finished", "sale confirming": "finished", "sale refund being sent": "refunded",
    "transfer over being sent, to be refused": "on_hold", "sale over being paid, to be refused": "on_hold",
}


def test_what_was_under_way_arrives_once(recovered: Upgraded) -> None:
    # What failed again and again is tried ever more rarely. The promises of open orders end later than all of this.
    steps = iter([20] * 20)

    def look() -> dict[str, str]:
        recovered.advance(next(steps, 0))
        recovered.blocks(2)
        recovered.quiet(0.5)
        return {name: recovered.view(name)["status"] for name in ARRIVE}

    eventually(look, lambda statuses: statuses == ARRIVE, seconds=20)
    recovered.quiet()
    assert {name: decided(recovered, name) for name in ARRIVE} == {name: decided_before(name) for name in ARRIVE}

    # What was handed over with its answer lost had left before; it left once.
    left = recovered.left()
    sent = ("transfer being sent", "transfer paid, not read", "card being screened", "card over being screened")
    coins = [(WALLET, "USDC", minor(decided_before(name), 6)) for name in sent]
    assert Counter(left.transactions.values()) == Counter([(REFUND_WALLET, "USDC", minor("100", 6)), *coins])
    paid = ("sale being paid", "sale being screened", "sale confirming")
    money = [("sepa", ACCOUNT, minor(decided_before(name), 2)) for name in paid]
    assert Counter(left.payouts.values()) == Counter([("sepa", ACCOUNT, minor("230", 2)), *money])
    txids = [recovered.view(name)["txid"] for name, status in ARRIVE.items() if status == "coins_sent"]
    assert len(set(txids)) == len(txids) and None not in txids


def minor(amount: str, decimals: int) -> str:
    """An amount in minor units, as the world writes it."""
    return str(int(Decimal(amount).scaleb(decimals)))


def test_held_orders_wait_for_a_person(recovered: Upgraded) -> None:
    assert {name: recovered.view(name)["status"] for name in HELD} == dict.fromkeys(HELD, "on_hold")


def test_everything_is_ready(recovered: Upgraded) -> None:
    assert recovered.client.http.get("/readyz").status_code == 200


# --- What customers do -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, amount", [("transfer open", "205.00"), ("transfer declared", "215.00"), ("SPEI open", "620.00")])
def test_an_open_order_is_paid_by_transfer(recovered: Upgraded, name: str, amount: str) -> None:
    recovered.transfer(name, amount)
    recovered.await_status(name, "coins_sent")
    assert decided(recovered, name) == decided_before(name), "at the price that was promised"
    assert recovered.kinds(name).count("PAY_IN") == recovered.kinds(name).count("COINS_SENT") == 1


@pytest.mark.parametrize("name", ["card open", "OXXO open"])
def test_an_open_order_is_paid_through_a_processor(recovered: Upgraded, name: str) -> None:
    recovered.pay(name)
    recovered.await_status(name, "coins_sent")
    assert decided(recovered, name) == decided_before(name), "at the price that was promised"


def test_an_open_sale_is_paid(recovered: Upgraded) -> None:
    recovered.deposit("sale open")
    recovered.await_status("sale open", "finished", mine=True)
    assert decided(recovered, "sale open") == decided_before("sale open"), "at the price that was promised"
    assert recovered.kinds("sale open").count("CRYPTO_RECEIVED") == 1


def test_an_open_order_is_called_off(recovered: Upgraded) -> None:
    recovered.order("cancel", "transfer open, to cancel")
    assert recovered.view("transfer open, to cancel")["status"] == "cancelled"


@pytest.mark.parametrize("name, amount", [
    ("transfer expired", "200.00"), ("transfer cancelled", "201.00"), ("transfer behind its end, to pay", "220.00"),
])
def test_money_for_an_order_that_has_ended_is_set_aside(recovered: Upgraded, name: str, amount: str) -> None:
    """The older version took such an order up again."""
    before, status = recovered.left(), recovered.view(name)["status"]
    recovered.transfer(name, amount)
    view = recovered.wait(lambda: recovered.view(name), lambda view: view["set_aside_amount"] == amount)
    assert view["status"] in (status, "expired") and [each["kind"] for each in view["exceptions"]] == ["late"]
    assert [item["amount"] for item in recovered.items(kind="suspense", order=view["id"])] == [f"{amount} EUR"]
    assert recovered.left() == before


def test_money_on_a_customers_own_account_is_set_aside_where_no_order_waits(recovered: Upgraded) -> None:
    recovered.transfer("SPEI expired", "600.00")
    recovered.wait(lambda: recovered.items(kind="suspense", amount="600.00 MXN"), lambda items: len(items) == 1)
    assert recovered.view("SPEI expired")["status"] == "expired"


def test_coins_for_a_sale_that_has_ended_are_set_aside(recovered: Upgraded) -> None:
    recovered.deposit("sale cancelled", "70")
    recovered.blocks()
    view = recovered.wait(lambda: recovered.view("sale cancelled"), lambda view: view["set_aside_amount"] == "70.000000")
    assert view["status"] == "cancelled"


def test_money_for_a_held_order_is_set_aside(recovered: Upgraded) -> None:
    """The older version let the rest of a short amount complete its order; who waits for a person goes on waiting for one."""
    recovered.transfer("transfer held short", "80.00")
    view = recovered.wait(lambda: recovered.view("transfer held short"), lambda view: view["set_aside_amount"] == "80.00")
    assert view["status"] == "on_hold"


def test_limits_count_what_was_ordered_before(recovered: Upgraded) -> None:
    """Three orders filled the customer's day. One has ended since then, one is refunded now, one stays open."""
    user = recovered.known["people"]["limited"]

    def order() -> str:
        try:
            recovered.client.create_payment({
                "user_id": user, "payment_type": "transfer", "fiat_symbol": "EUR", "fiat_amount": "1000.00", "coin_symbol": "USDC",
                "coin_chain": "polygon", "wallet": WALLET,
            })
        except Failure as failure:
            return failure.code
        return "ordered"

    assert [order(), order()] == ["ordered", "kyc_reinforced_required"]
    recovered.order("refund", "transfer at the limit, held")
    assert [order(), order()] == ["ordered", "kyc_reinforced_required"]
    recovered.transfer("transfer at the limit, open", "1000.00")
    assert recovered.await_status("transfer at the limit, open", "coins_sent")["accepted_amount"] == "1000.00"


def test_what_was_paid_before_is_taken_back(recovered: Upgraded) -> None:
    recovered.charge_back("card completed")
    recovered.client.sandbox("bank/returns", {"rampoff_id": ORDERS["sale finished over"]["id"]})
    for name, reversal, amount in (("card completed", "chargeback", "80.00 EUR"), ("sale finished over", "bank_return", "114.84 EUR")):
        view = recovered.wait(lambda: recovered.view(name), lambda view: view["reversal"] == reversal)
        assert view["status"] == ORDERS[name]["view"]["status"]
        assert [item["amount"] for item in recovered.items(kind="reversal", order=view["id"])] == [amount]
    # The customer's other paid orders wait until a person has looked (4.2).
    recovered.command("customer", "unban", str(recovered.known["people"]["carmen"]))


# --- What persons do -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, accepted", [
    ("transfer held short", "120.00"), ("transfer held by an operator", "200.00"), ("transfer held by screening", "200.00"),
    ("transfer held for its payer", "200.00"), ("transfer held in time", "200.00"), ("card held over", "80.00"),
])
def test_a_held_purchase_is_released(recovered: Upgraded, name: str, accepted: str) -> None:
    before = recovered.left()
    recovered.order("release", name)
    view = recovered.await_status(name, "coins_sent")
    assert view["accepted_amount"] == accepted
    assert list(recovered.left().since(before).transactions.values()) == [(WALLET, "USDC", minor(view["sent_amount"], 6))]
    assert recovered.kinds(name).count("PAY_IN") == recovered.kinds(name).count("COINS_SENT") == 1


def test_a_purchase_whose_refund_was_stopped_is_released(recovered: Upgraded) -> None:
    name = "transfer refund to be stopped"
    recovered.order("release", name)
    assert recovered.await_status(name, "coins_sent")["accepted_amount"] == "230.00"
    assert recovered.kinds(name).count("PAY_IN") == 1


def test_coins_that_are_refused_after_the_upgrade_are_owed(recovered: Upgraded) -> None:
    name = "transfer over being sent, to be refused"
    assert recovered.view(name)["hold_reason"] == "chain"
    recovered.order("release", name)
    transfers = recovered.wait(lambda: recovered.shown(name)["transfers"], lambda transfers: len(transfers) == 2)
    assert {each["what"].split()[0] for each in transfers} == {decided_before(name)}


@pytest.mark.parametrize("name, accepted", [
    ("sale held short", "60.000000"), ("sale held late", "100.000000"), ("sale held by screening", "100.000000"),
])
def test_a_held_sale_is_released(recovered: Upgraded, name: str, accepted: str) -> None:
    before = recovered.left()
    recovered.order("release", name)
    view = recovered.await_status(name, "finished")
    assert view["accepted_amount"] == accepted
    assert list(recovered.left().since(before).payouts.values()) == [("sepa", ACCOUNT, minor(view["sent_amount"], 2))]
    assert recovered.kinds(name).count("CRYPTO_RECEIVED") == 1


def test_a_sale_that_was_held_by_an_operator_is_released(recovered: Upgraded) -> None:
    name = "sale held by an operator"
    recovered.order("release", name)
    assert recovered.await_status(name, "finished")["sent_amount"] == "88.22"
    assert recovered.kinds(name).count("CRYPTO_RECEIVED") == 1


@pytest.mark.parametrize("name, rail, account, amount", [
    ("transfer held over", "sepa", ACCOUNT, "260.00"), ("transfer held late", "sepa", ACCOUNT, "200.00"),
    ("SPEI held for its payer", "spei", None, "700.00"), ("card held short", "card", None, "30.00"),
])
def test_a_held_purchase_is_refunded(recovered: Upgraded, name: str, rail: str, account: str | None, amount: str) -> None:
    before = recovered.left()
    recovered.order("refund", name)
    assert recovered.await_status(name, "refunded")["refunded_amount"] == amount
    ((went, to, paid),) = recovered.left().since(before).payouts.values()
    assert (went, paid) == (rail, minor(amount, 2)) and account in (None, to), "the way it came"


def test_a_customer_gives_a_held_purchase_a_destination(recovered: Upgraded) -> None:
    """On the status page, whose address was given before."""
    name = "transfer held for its destination"
    token = httpx.URL(ORDERS[name]["answer"]["url_payment"]).params["token"]
    given = recovered.client.http.post("/status", params={"token": token}, data={"account": STRANGERS_ACCOUNT, "name": HOLDER})
    assert given.status_code == 303
    assert recovered.await_status(name, "refunded")["refunded_amount"] == "150.00"


NETWORK_FEE = Decimal("0.022425")
"""What coins bear that go back: 0.02 EUR at the price that was promised, 0.8919, rounded up."""


def test_a_held_sale_without_a_destination_is_given_one(recovered: Upgraded) -> None:
    name = "sale held for its destination"
    recovered.command("order", "destination", ORDERS[name]["id"], "--wallet", REFUND_WALLET)
    assert recovered.await_status(name, "refunded", mine=True)["refunded_amount"] == str(70 - NETWORK_FEE)


def test_a_sale_whose_payout_was_refused_is_paid_to_another_account(recovered: Upgraded) -> None:
    """What was converted stays converted."""
    name = "sale held, payout refused"
    recovered.command("order", "destination", ORDERS[name]["id"], "--account", ACCOUNT, "--holder", HOLDER)
    assert recovered.await_status(name, "finished")["sent_amount"] == "88.22"


@pytest.mark.parametrize("name, amount", [
    ("sale held over", 140), ("sale held over, payout refused", 130), ("sale over being paid, to be refused", 130),
])
def test_a_held_sale_is_refunded(recovered: Upgraded, name: str, amount: int) -> None:
    recovered.order("refund", name)
    assert recovered.await_status(name, "refunded", mine=True)["refunded_amount"] == str(amount - NETWORK_FEE)


def test_a_fact_that_could_not_be_applied_is_tried_again(recovered: Upgraded) -> None:
    """The bank showed a payout as settled that a person had called failed: what it shows wins now."""
    (item,) = recovered.items(kind="quarantine")
    recovered.command("review", "resolve", item["id"], "retry")
    view = recovered.await_status("sale called failed, then settled", "finished")
    assert view["sent_amount"] == "88.22"
    assert [each["order"] for each in recovered.items(kind="contradiction")] == [view["id"]]


def test_suspense_goes_back(recovered: Upgraded) -> None:
    before = recovered.left()
    for amount, order in (("15.00 EUR", ORDERS["transfer completed"]["id"]), ("33.00 EUR", None)):
        (item,) = recovered.items(kind="suspense", amount=amount, order=order)
        recovered.command("review", "resolve", item["id"], "return")
    view = recovered.wait(lambda: recovered.view("transfer completed"), lambda view: view["refunded_amount"] == "15.00")
    assert (view["status"], view["set_aside_amount"]) == ("coins_sent", "0.00")
    expected = Counter([("sepa", ACCOUNT, "1500"), ("sepa", ACCOUNT, "3300")])
    recovered.wait(lambda: Counter(recovered.left().since(before).payouts.values()), lambda paid: paid == expected)


def test_a_returned_payout_is_paid_once_more(recovered: Upgraded) -> None:
    before, order = recovered.left(), ORDERS["sale finished, payout returned"]["id"]
    recovered.command("order", "destination", order, "--account", ACCOUNT, "--holder", HOLDER)
    # A destination that changes lists the item anew.
    (item,) = recovered.items(kind="reversal", order=order)
    recovered.command("review", "resolve", item["id"], "return")
    recovered.wait(lambda: list(recovered.left().since(before).payouts.values()), lambda paid: paid == [("sepa", ACCOUNT, "8822")])


def test_deliveries_that_waited_arrive(recovered: Upgraded) -> None:
    with Listener() as listener:
        for hook in recovered.client.webhooks():
            recovered.client.update_subscription(listener.url, hook["type"])

        def heard() -> set[int]:
            recovered.advance(60)
            return {heard.event["sequence"] for heard in listener.all()} | set(recovered.known["heard"])

        eventually(heard, lambda sequences: sequences >= {event["sequence"] for event in recovered.known["events"]}, seconds=20)


def test_the_books_hold(recovered: Upgraded) -> None:
    """Also that nothing is reserved for what has ended."""
    assert "The books hold" in recovered.operate("ledger", "verify")


# --- Time passes -----------------------------------------------------------------------------------------------------


def test_orders_behind_their_end_expire(recovered: Upgraded) -> None:
    recovered.advance(7_500)
    for name in BEHIND_THEIR_END:
        recovered.await_status(name, "expired")
    assert recovered.reserved_for(BEHIND_THEIR_END) == dict.fromkeys(BEHIND_THEIR_END, 0)


@pytest.mark.parametrize("name, status", [("transfer refund accepted", "refunded"), ("sale accepted by the bank", "finished")])
def test_what_the_bank_takes_its_time_for_arrives(recovered: Upgraded, name: str, status: str) -> None:
    recovered.await_status(name, status)


def test_a_sale_whose_coins_were_undone_expires_and_frees_its_money(recovered: Upgraded) -> None:
    recovered.await_status("sale confirming, to be undone", "expired")
    assert recovered.reserved("sale confirming, to be undone") == 0


def test_a_day_passes(recovered: Upgraded) -> None:
    recovered.advance(90_000)
    recovered.price("0.95")


@pytest.mark.parametrize("name, owed", [
    ("transfer held, coins refused", "219.667437"), ("transfer held over, coins refused", "318.522189"),
])
def test_coins_that_are_owed_are_owed_without_end(recovered: Upgraded, name: str, owed: str) -> None:
    recovered.order("release", name)
    transfers = recovered.wait(lambda: recovered.shown(name)["transfers"], lambda transfers: len(transfers) == 2)
    assert {each["what"].split()[0] for each in transfers} == {owed}


def test_customers_of_before_order_anew(recovered: Upgraded) -> None:
    payment = recovered.client.create_payment({
        "user_id": recovered.known["people"]["carmen"], "payment_type": "card", "fiat_symbol": "EUR", "fiat_amount": "70.00",
        "coin_symbol": "USDC", "coin_chain": "polygon", "wallet": WALLET,
    })["payment_id"]
    recovered.client.sandbox(f"payments/{payment}/pay")
    recovered.wait(lambda: recovered.client.payment(payment), lambda view: view["status"] == "coins_sent")


def test_the_books_hold_at_the_end(recovered: Upgraded) -> None:
    assert "The books hold" in recovered.operate("ledger", "verify")


def test_the_log_of_events_has_no_gap_at_the_end(recovered: Upgraded) -> None:
    events = recovered.client.events()
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    before = recovered.known["events"]
    assert without_links(events[: len(before)]) == without_links(before)
