"""Rules 5 to 7: reversals, events, and what a person can do."""

from __future__ import annotations

import pytest

from .entities import Refusal
from .stage import Stage, at, coins, euro


def paid() -> Stage:
    stage = Stage()
    stage.buy("100.00", "ESP.card")
    stage.pay("o", "100.00", key="capture")
    return stage


# --- 5.1 ---

def test_5_1_what_was_never_attempted_is_stopped_by_the_fact() -> None:
    stage = paid()
    stage.model.reversal("capture")
    order = stage.model.orders["o"]
    assert (order.status, order.owed, order.loss, order.reversal) == ("failed", 0, 0, "chargeback")
    assert stage.model.receipts["capture"].taken_back == euro("100.00")
    stage.model.play_outside()
    assert stage.view("o").sent == 0


def test_5_1_what_arrives_all_the_same_is_a_loss() -> None:
    stage = paid()
    order = stage.model.orders["o"]
    stage.model.attempt(order)
    stage.model.reversal("capture")
    assert order.loss == 0
    stage.model.arrived(order, "tx")
    assert order.loss == euro("100.00") and order.status == "coins_sent"


def test_5_1_what_does_not_arrive_is_stopped() -> None:
    stage = paid()
    order = stage.model.orders["o"]
    stage.model.attempt(order)
    stage.model.reversal("capture")
    stage.model.attempt_failed(order)
    assert order.status == "failed" and order.loss == 0 and order.owed == 0


def test_5_1_an_attempt_and_a_stop_exclude_each_other() -> None:
    stage = paid()
    stage.model.reversal("capture")
    with pytest.raises(Refusal):
        stage.model.attempt(stage.model.orders["o"])


def test_5_1_after_coins_sent_nothing_is_withdrawn() -> None:
    stage = paid()
    stage.buy(name="other")
    stage.pay("other", "1000.00")
    stage.buy(name="next")
    order = stage.model.orders["o"]
    stage.model.attempt(order)
    stage.model.arrived(order, "tx")
    stage.model.reversal("capture")
    assert order.status == "coins_sent" and order.loss == euro("100.00")
    assert stage.view("other").hold_reason == "review", "the customer's other paid orders"
    stage.pay("next", "1000.00")
    assert stage.view("next").hold_reason == "review", "and new receipts"
    assert stage.model.windows.used(stage.model.customers["c"], "EUR", at("10:00"))[0] == euro("2100.00"), "nothing is given back"
    stage.model.dispute_won("capture", euro("100.00"))
    assert order.loss == 0


def test_5_1_a_second_reversal_of_one_receipt_is_nothing() -> None:
    stage = paid()
    stage.model.play_outside()
    stage.model.reversal("capture")
    stage.model.reversal("capture")
    assert stage.model.orders["o"].loss == euro("100.00")


def test_5_1_a_reversal_that_comes_first_waits_for_its_receipt() -> None:
    stage = Stage()
    stage.buy("100.00", "ESP.card")
    stage.model.reversal("capture")
    stage.pay("o", "100.00", key="capture")
    assert stage.view("o").accepted == 0 and not any(event.kind == "PAY_IN" for event in stage.model.events)


def test_5_1_a_partial_reversal_stops_everything() -> None:
    stage = paid()
    stage.model.reversal("capture", euro("30.00"))
    order = stage.model.orders["o"]
    assert stage.view("o").hold_reason == "review" and order.owed == 0
    stage.model.release(order)
    assert stage.view("o").accepted == euro("70.00")


def test_5_1_of_money_set_aside_it_touches_suspense_only() -> None:
    stage = paid()
    stage.buy(name="t")
    stage.pay("t", "1000.00")
    duplicate = stage.pay("t", "1000.00")
    stage.model.reversal(duplicate.key)
    assert stage.view("t").status == "payment_received" and stage.view("t").set_aside == 0 and stage.view("t").reversal is None


# --- 6 ---

def test_6_4_pay_in_is_reported_once() -> None:
    stage = paid()
    stage.model.reversal("capture", euro("30.00"))
    stage.model.release(stage.model.orders["o"])
    assert [event.kind for event in stage.model.events].count("PAY_IN") == 1


def test_6_4_coins_sent_once_per_txid() -> None:
    stage = paid()
    order = stage.model.orders["o"]
    stage.model.attempt(order)
    stage.model.arrived(order, "one")
    stage.model.refused_by_chain(order)
    assert stage.view("o").hold_reason == "chain" and stage.view("o").sent == 0
    stage.model.release(order)
    stage.model.attempt(order)
    stage.model.arrived(order, "two")
    assert [event.kind for event in stage.model.events].count("COINS_SENT") == 2
    assert stage.view("o").sent == coins("108.7")


def test_6_2_coin_amount_survives_holds() -> None:
    stage = Stage()
    stage.buy()
    assert stage.view("o").decided == coins("1108.311111")
    stage.pay("o", "1000.00")
    order = stage.model.orders["o"]
    stage.buy_price("0.50")
    stage.model.hold_order(order)
    assert stage.view("o").decided == coins("1108.311111")


# --- 7 ---

def test_7_commands_on_an_item() -> None:
    stage = Stage()
    stage.buy()
    stage.pay("o", "1000.00")
    duplicate = stage.pay("o", "1000.00")
    stage.model.keep(duplicate)
    assert stage.view("o").set_aside == 0
    stage.model.keep_no_longer(duplicate)
    assert stage.view("o").set_aside == euro("1000.00")
    stage.model.write_off(duplicate)
    with pytest.raises(Refusal):
        stage.model.return_item(duplicate)


def test_7_a_hold_and_a_release() -> None:
    stage = paid()
    order = stage.model.orders["o"]
    stage.model.hold_order(order)
    stage.model.play_outside()
    assert stage.view("o").status == "on_hold"
    stage.model.release(order)
    stage.model.play_outside()
    assert stage.view("o").status == "coins_sent"


def test_7_nothing_to_hold_without_money() -> None:
    stage = Stage()
    with pytest.raises(Refusal):
        stage.model.hold_order(stage.buy())
