"""States that are reached rarely: interruptions, failures, what is taken back, coins in blocks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from .catalogue import customer, rail_source
from .entities import CUSTOMER, STRANGER, Refusal
from .stage import Stage, at, coins, euro, seconds
from .timing import DATE_ONLY


# --- readings ---

def test_what_an_interruption_is() -> None:
    stage = Stage()
    rail = rail_source("spei")
    stage.model.reading(rail.name, at("10:00"))
    assert stage.model.reading_before(rail, at("10:15")) == (at("10:00"), False)
    assert stage.model.reading_before(rail, at("10:15") + 1) == (at("10:00"), True)
    stage.model.reading(rail.name, at("10:05"), False)
    assert stage.model.reading_before(rail, at("10:06")) == (at("10:00"), True)
    stage.model.reading(rail.name, at("10:07"))
    assert stage.model.reading_before(rail, at("10:08")) == (at("10:07"), False)
    assert stage.model.reading_before(rail, at("10:07")) == (at("10:00"), True), "the reading that shows it is not before it"


def test_dates_only_after_an_interruption() -> None:
    stage = Stage()
    stage.buy()
    stage.later("10:50")
    stage.model.reading("rail sepa", at("10:55"), False)
    stage.model.now = at("11:10")
    receipt = stage.pay("o", "1000.00", DATE_ONLY)
    assert receipt.time == at("10:50") and stage.view("o").at_promise


# --- what is taken back, and what fails ---

def test_a_failed_return_waits_for_a_destination() -> None:
    stage = Stage()
    order = stage.buy()
    receipt = stage.pay("o", "400.00")
    stage.model.cancel(order)
    stage.model.return_failed(receipt)
    assert stage.view("o").hold_reason == "destination" and receipt.waiting == euro("400.00")
    stage.model.give_destination(order)
    stage.model.play_outside()
    assert stage.view("o").status == "refunded"


def test_a_failed_return_of_what_was_beside_waits_in_suspense() -> None:
    stage = Stage()
    stage.buy("100.00", "ESP.card")
    stage.pay("o", "100.00")
    twice = stage.pay("o", "100.00")
    stage.model.return_failed(twice)
    assert twice.aside == euro("100.00") and stage.view("o").status == "payment_received"


def test_a_hit_on_the_receiver() -> None:
    stage = Stage()
    order = stage.buy()
    stage.model.wallet_screened(order, True)
    assert order.status == "started", "nothing is to be sent yet"
    stage.pay("o", "1000.00")
    stage.model.wallet_screened(order, False)
    assert order.status == "payment_received"
    stage.model.wallet_screened(order, True)
    assert stage.view("o").hold_reason == "review"


def test_a_hit_after_the_decision_stops_what_was_not_attempted() -> None:
    stage = Stage()
    order = stage.buy()
    receipt = stage.pay("o", "1000.00")
    stage.model.receipt_hit(receipt.key)
    assert stage.view("o").hold_reason == "review" and order.owed
    stage.buy(name="p")
    sent = stage.pay("p", "1000.00")
    stage.model.play_outside()
    stage.model.receipt_hit(sent.key)
    assert stage.view("p").status == "coins_sent"


def test_after_a_partial_reversal_what_comes_is_beside() -> None:
    stage = Stage()
    order = stage.buy()
    receipt = stage.pay("o", "1000.00")
    stage.model.reversal(receipt.key, euro("300.00"))
    assert order.held_by_person
    later = stage.pay("o", "300.00")
    assert later.aside == euro("300.00")


def test_a_reversal_of_what_waits() -> None:
    stage = Stage()
    order = stage.buy()
    first = stage.pay("o", "400.00")
    stage.model.reversal(first.key)
    assert order.status == "started" and stage.view("o").reversal == "chargeback"
    stage.pay("o", "1000.00")
    assert order.status == "payment_received"


def test_a_reversal_of_what_went_back_is_a_loss() -> None:
    stage = Stage()
    order = stage.buy("100.00", "ESP.card")
    stage.pay("o", "60.00", key="capture")
    stage.model.reversal("capture")
    assert order.loss == euro("60.00")
    stage.model.return_settled(stage.model.receipts["capture"])
    stage.model.reversal("capture")
    assert order.loss == euro("60.00")


def test_a_dispute_won_beyond_the_loss_is_set_aside() -> None:
    stage = Stage()
    stage.buy("100.00", "ESP.card")
    receipt = stage.pay("o", "100.00")
    stage.model.reversal(receipt.key)
    stage.model.dispute_won(receipt.key, euro("100.00"))
    assert receipt.aside == euro("100.00") and receipt.taken_back == 0
    assert stage.model.items[-1].order == "o"


def test_others_of_the_customer_only_where_nothing_was_attempted() -> None:
    stage = Stage()
    stage.model.customers["d"] = customer("d", 2)
    for name, who in (("sent", "c"), ("flying", "c"), ("waits", "c"), ("theirs", "d"), ("unpaid", "c")):
        stage.buy(name=name, who=who)
    receipt = stage.pay("sent", "1000.00")
    stage.model.play_outside()
    for name in ("flying", "waits", "theirs"):
        stage.pay(name, "1000.00")
    stage.model.attempt(stage.model.orders["flying"])
    stage.model.reversal(receipt.key)
    statuses = {name: stage.view(name).status for name in ("flying", "waits", "theirs", "unpaid")}
    assert statuses == {"flying": "payment_received", "waits": "on_hold", "theirs": "payment_received", "unpaid": "started"}


# --- coins in blocks ---

def test_a_deposit_is_seen_once() -> None:
    stage = Stage()
    order = stage.sell()
    stage.model.deposit_seen(stage.fact("s", "500", first_block=at("10:00"), key="tx"))
    again = stage.fact("s", "500", first_block=at("10:50"), key="tx")
    stage.model.deposit_seen(again)
    assert order.pending == {"tx": at("10:00")} and order.saw_coins
    stage.model.deposit_confirmed("tx")
    stage.model.settle()
    stage.model.deposit_seen(again)
    assert not order.pending


def test_dust_and_other_coins_mined_again_are_not_waited_for() -> None:
    stage = Stage()
    order = stage.sell()
    for key, amount, asset in (("dust", "0.5", "USDC.polygon"), ("other", "500", "USDT.polygon")):
        stage.model.deposit_seen(stage.fact("s", amount, first_block=at("10:00"), key=key, asset=asset))
        stage.model.deposit_dropped(key)
        stage.model.deposit_mined_again(key)
    assert not order.pending and order.status == "created"


# --- the bank is silent ---

def test_without_the_bank_nobody_hears_of_payouts() -> None:
    stage = Stage()
    stage.sell()
    stage.pay("s", "500")
    order = stage.buy()
    receipt = stage.pay("o", "400.00", payer=CUSTOMER)
    stage.model.cancel(order)
    stage.model.play_outside(bank=False)
    assert stage.view("s").status == "paying_out" and stage.view("o").status == "refund_pending" and receipt.returning
    stage.model.play_outside()
    assert stage.view("s").status == "finished" and stage.view("o").status == "refunded"


def test_an_order_that_ended_expires_once() -> None:
    stage = Stage()
    order = stage.buy("100.00", "ESP.card")
    stage.model.advance(order.open_until - seconds(1))
    assert order.status == "started"
    stage.model.advance(order.open_until)
    assert order.status == "started"
    stage.model.reading(order.method.source.name, order.open_until + order.method.source.backdating + 1)
    stage.model.settle()
    events = len(stage.model.events)
    stage.model.settle()
    assert order.status == "expired" and len(stage.model.events) == events


def test_coins_in_a_block_are_waited_for_also_when_nothing_is_honoured_any_more() -> None:
    stage = Stage()
    order = stage.sell()
    for key in ("one", "two"):
        stage.model.deposit_seen(stage.fact("s", "100", first_block=at("10:30"), key=key))
    stage.model.deposit_confirmed("one")
    stage.later("12:00", 1)
    assert order.status == "confirming" and stage.view("s").received == coins("100")
    stage.model.deposit_confirmed("two")
    stage.model.settle()
    assert order.status == "crypto_received" and stage.view("s").accepted == coins("200"), "both together, at the market"


def test_what_becomes_final_together_is_decided_about_together() -> None:
    stage = Stage()
    order = stage.sell()
    for key in ("one", "two"):
        stage.model.deposit_seen(stage.fact("s", "100", first_block=at("10:30"), key=key))
    stage.later("12:00", 1)
    for key in ("one", "two"):
        stage.model.deposit_confirmed(key)
    stage.model.settle()
    assert order.status == "crypto_received" and stage.view("s").accepted == coins("200")


def test_lifting_a_ban_lifts_what_a_chargeback_left_behind() -> None:
    stage = Stage()
    stage.buy("100.00", "ESP.card")
    receipt = stage.pay("o", "100.00")
    stage.model.play_outside()
    stage.model.reversal(receipt.key)
    stage.buy("100.00", "ESP.card", "p")
    stage.pay("p", "100.00")
    assert stage.view("p").hold_reason == "review"
    stage.model.unban("c")
    stage.buy("100.00", "ESP.card", "q")
    stage.pay("q", "100.00")
    assert stage.view("q").status == "payment_received"


def test_nothing_of_a_banned_customers_is_let_go() -> None:
    stage = Stage()
    order = stage.buy()
    stage.model.ban("c")
    stage.pay("o", "1000.00")
    with pytest.raises(Refusal, match="banned"):
        stage.model.release(order)
    stage.model.unban("c")
    stage.model.release(order)
    assert stage.view("o").status == "payment_received"


def test_nothing_is_let_go_of_who_charged_money_back_until_that_is_lifted() -> None:
    stage = Stage()
    stage.buy("100.00", "ESP.card", "q")
    captured = stage.pay("q", "100.00")
    stage.model.play_outside()
    stage.model.reversal(captured.key)
    order = stage.buy()
    stage.pay("o", "600.00")
    assert stage.view("o").status == "started"
    stage.later("12:01")
    assert (stage.view("o").hold_reason, stage.view("o").accepted) == ("review", 0)
    with pytest.raises(Refusal, match="charged_back"):
        stage.model.release(order)
    stage.model.unban("c")
    stage.model.release(order)
    stage.model.play_outside()
    assert (stage.view("o").status, stage.view("o").accepted) == ("coins_sent", euro("600.00"))


def test_coins_that_come_after_the_end_are_not_waited_for() -> None:
    stage = Stage()
    order = stage.sell()
    stage.model.deposit_seen(stage.fact("s", "400", first_block=at("10:30"), key="one"))
    stage.model.now = order.open_until + seconds(60)
    stage.model.deposit_seen(stage.fact("s", "50", first_block=stage.model.now, key="two"))
    assert set(order.pending) == {"one"}
    stage.model.deposit_confirmed("one")
    stage.model.settle()
    assert order.status == "crypto_received"


def test_what_a_person_sends_back_to_a_banned_customer_goes() -> None:
    stage = Stage()
    order = stage.buy()
    stage.model.ban("c")
    stage.pay("o", "1000.00")
    stage.model.refund(order)
    stage.model.play_outside()
    assert stage.view("o").status == "refunded" and stage.view("o").refunded == euro("1000.00")


def test_what_the_method_does_not_allow_is_held_for_limit() -> None:
    stage = Stage()
    stage.buy()
    terms = stage.model.methods["ESP.transfer"]
    stage.model.methods["ESP.transfer"] = replace(terms, enabled=False)
    stage.later("12:01")
    stage.pay("o", "500.00")
    assert stage.view("o").hold_reason == "limit"


def test_what_is_undone_shows_the_ordered_terms() -> None:
    stage = Stage()
    order = stage.buy("100.00", "ESP.card")
    receipt = stage.pay("o", "101.00")
    assert stage.view("o").decided != order.ordered_out
    stage.model.reversal(receipt.key)
    assert stage.view("o").status == "failed" and stage.view("o").decided == order.ordered_out


def test_the_end_of_a_purchase_is_looked_at_a_little_later() -> None:
    stage = Stage()
    order = stage.buy()
    stage.model.advance(order.held_until)
    stage.model.advance(order.open_until + seconds(899))
    assert order.status == "started"
    stage.model.advance(order.open_until + seconds(900))
    assert order.status == "expired"


def test_what_passes_a_window_and_what_passes_the_transaction_limit() -> None:
    stage = Stage(level=1)
    order = stage.buy("100.00")
    stranger = stage.pay("o", "300.00", payer=STRANGER)
    stage.model.windows.count(stage.model.customers["c"], "EUR", stage.model.now, euro("2800.00"))
    stage.model.assign(stranger, order, right=True)
    assert stage.view("o").hold_reason == "limit" and stage.model.passes_window(order)
    other = stage.buy("100.00", name="p")
    more = stage.pay("p", "1500.00", payer=STRANGER)
    stage.model.assign(more, other, right=True)
    assert stage.view("p").hold_reason == "limit" and not stage.model.passes_window(other)


def test_the_end_of_a_purchase_is_seen_with_that_of_its_promise() -> None:
    stage = Stage()
    order = stage.buy()
    stage.model.advance(order.open_until)
    assert order.status == "expired"


def test_what_nobody_knows_where_to_send_can_be_let_go() -> None:
    stage = Stage()
    order = stage.sell()
    stage.pay("s", "300")
    stage.model.refund(order)
    assert stage.view("s").hold_reason == "destination"
    stage.model.release(order)
    assert stage.view("s").status == "crypto_received"
