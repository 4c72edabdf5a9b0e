"""Rule 1: when something counts as having come, and how long a promise lasts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from .stage import Stage, at, coins, euro, seconds
from .timing import DATE_ONLY, Source, counted_time, final_reading, in_time, instant, local_instant

RAIL = Source("rail", True, 900)
HOOK = Source("hook", False, 900)


# --- 1.1 ---

@pytest.mark.parametrize(
    ("reported", "seen", "last_reading", "interrupted", "expected"),
    [
        ("10:59", "11:12", "11:10", False, "10:59"),
        ("10:59", "11:25", "11:20", False, "11:20"),
        ("10:55", "11:12", "11:10", False, "10:55"),
        ("09:00", "11:12", None, False, "10:00"),
        ("09:00", "10:10", "10:05", False, "10:00"),
        ("12:00", "11:12", "11:10", False, "11:12"),
        (None, "11:12", "11:10", False, "11:12"),
        (DATE_ONLY, "11:12", "11:10", False, "11:12"),
        (DATE_ONLY, "13:00", "10:30", True, "10:30"),
        (DATE_ONLY, "13:00", None, True, "13:00"),
    ],
)
def test_1_1_the_time_that_counts(reported: str | None, seen: str, last_reading: str | None, interrupted: bool, expected: str) -> None:
    said = at(reported) if reported and reported != DATE_ONLY else reported
    last = at(last_reading) if last_reading else None
    assert counted_time(said, at(seen), at("10:00"), last, interrupted, RAIL) == at(expected)


def test_1_1_exactly_the_allowance_is_allowed() -> None:
    assert counted_time(at("10:55"), at("11:12"), at("10:00"), at("11:10"), False, RAIL) == at("10:55")
    assert counted_time(at("10:55") - 1, at("11:12"), at("10:00"), at("11:10"), False, RAIL) == at("11:10")


def test_1_1_a_signed_hook_stands_as_reported() -> None:
    assert counted_time(at("10:05"), at("12:00"), at("10:00"), None, False, HOOK) == at("10:05")


def test_1_1_a_question_about_the_object_is_its_reading() -> None:
    assert counted_time(at("10:05"), at("12:00"), at("10:00"), at("11:50"), False, HOOK) == at("11:50")
    assert counted_time(at("11:40"), at("12:00"), at("10:00"), at("11:50"), False, HOOK) == at("11:40")


def test_1_1_zones() -> None:
    assert local_instant(datetime(2026, 3, 2, 10, 0), "America/Mexico_City") == instant(datetime(2026, 3, 2, 16, 0, tzinfo=UTC))
    ambiguous = datetime(2026, 10, 25, 2, 30)
    assert local_instant(ambiguous, "Europe/Madrid") == instant(datetime(2026, 10, 25, 1, 30, tzinfo=UTC)), "the later one"


def test_1_1_a_lying_block_is_bounded() -> None:
    stage = Stage()
    stage.sell()
    stage.later("11:30")
    stage.model.now = at("11:31")
    lying = stage.pay("s", "500", first_block=at("10:10"))
    assert lying.time == at("11:30"), "the last reading did not show it, and a chain's allowance is a minute"
    stage.sell(name="t")
    future = stage.pay("t", "500", first_block=at("23:00"))
    assert future.time == at("11:31")


def test_1_1_mined_again_is_not_late() -> None:
    stage = Stage()
    order = stage.sell()
    deposit = stage.fact("s", "500", first_block=at("10:20"), key="tx:0")
    stage.model.now = at("10:21")
    deposit.seen, deposit.last_reading = at("10:21"), None
    stage.model.deposit_seen(deposit)
    assert order.status == "confirming"
    stage.model.deposit_dropped("tx:0")
    stage.later("11:05", readings=False)
    assert order.status == "confirming", "also if they are dropped"
    stage.model.deposit_mined_again("tx:0")
    stage.model.deposit_confirmed("tx:0")
    stage.model.settle()
    assert stage.view("s").decided == stage.view("s").at_promise == euro("437.28")


# --- 1.2, 1.3 ---

def test_1_2_at_the_end_is_late() -> None:
    assert in_time(at("11:00") - 1, at("11:00"))
    assert not in_time(at("11:00"), at("11:00"))


def test_1_2_no_worker_has_to_have_run() -> None:
    stage = Stage()
    stage.buy()
    stage.buy_price("0.95")
    stage.model.now = at("11:00")
    stage.pay("o", "1000.00")
    assert stage.view("o").exceptions == ("late",)


def test_1_2_what_comes_after_the_end_is_late_whatever_came_before() -> None:
    stage = Stage()
    stage.buy()
    stage.pay("o", "400.00")
    stage.buy_price("0.95")
    stage.model.now = at("11:05")
    stage.pay("o", "600.00")
    assert stage.view("o").status == "started"
    stage.later("12:01")
    view = stage.view("o")
    assert view.at_promise == coins("443.311111") and view.at_market == coins("630")
    assert view.exceptions == ("late",)


def test_1_3_nothing_received_gives_everything_back() -> None:
    stage = Stage(level=1)
    order = stage.buy()
    assert order.reserved and order.in_caps
    assert stage.model.windows.used(stage.model.customers["c"], "EUR", at("10:00")) == (euro("1000"),) * 3
    stage.model.advance(at("10:59:59"))
    assert order.reserved
    stage.model.advance(at("11:00"))
    assert not order.reserved and not order.in_caps and order.status == "started"
    assert stage.model.windows.used(stage.model.customers["c"], "EUR", at("10:00")) == (0, 0, 0)


def test_1_3_coins_stay_for_the_allowance_only() -> None:
    stage = Stage()
    order = stage.buy()
    stage.pay("o", "400.00")
    stage.model.advance(at("11:59:59"))
    assert order.reserved and order.in_caps
    stage.model.advance(at("12:00"))
    assert not order.reserved and order.in_caps, "it stays in the caps while it waits (3.2)"


def test_1_3_the_final_reading() -> None:
    assert not final_reading(at("11:15"), at("11:00"), RAIL)
    assert final_reading(at("11:15") + 1, at("11:00"), RAIL)


def test_1_3_at_the_latest_at_the_bound() -> None:
    stage = Stage()
    stage.buy()
    stage.pay("o", "600.00")
    stage.buy_price("0.95")
    stage.later("10:59:59", day=1, readings=False)
    assert stage.view("o").status == "started"
    stage.later("11:00", day=1, readings=False)
    assert stage.view("o").decided == stage.view("o").at_promise == coins("664.977777")


def test_1_4_after_the_bound_also_what_is_short_goes_at_the_market() -> None:
    stage = Stage()
    stage.buy()
    stage.pay("o", "600.00")
    stage.buy_price("0.95")
    stage.model.now = at("11:00", day=1) + 1
    stage.model.settle()
    assert stage.view("o").at_market == coins("629.978947") and stage.view("o").at_promise == 0


def test_1_3_a_reading_that_failed_is_none() -> None:
    stage = Stage()
    stage.buy()
    stage.pay("o", "600.00")
    stage.model.now = at("12:30")
    stage.read("o", good=False)
    assert stage.view("o").status == "started"
    stage.read("o")
    assert stage.view("o").status == "payment_received"


def test_1_3_coins_in_a_block_are_waited_for() -> None:
    stage = Stage()
    order = stage.sell()
    stage.pay("s", "200")
    stage.model.now = at("10:59")
    deposit = stage.fact("s", "300", first_block=at("10:59"), key="tx:1")
    stage.model.deposit_seen(deposit)
    stage.later("11:30")
    assert order.status == "confirming"
    stage.model.deposit_confirmed("tx:1")
    stage.model.settle()
    assert stage.view("s").decided == euro("437.28")


def test_1_3_dropped_coins_end_the_wait() -> None:
    stage = Stage()
    order = stage.sell()
    stage.pay("s", "200")
    stage.model.deposit_seen(stage.fact("s", "300", first_block=at("10:00"), key="tx:1"))
    stage.later("11:30")
    assert order.status == "confirming"
    stage.model.deposit_dropped("tx:1")
    stage.model.settle()
    assert stage.view("s").exceptions == ("short",)


# --- 1.4 ---

def test_1_4_an_order_held_by_us_keeps_its_price_until_the_bound() -> None:
    stage = Stage()
    order = stage.buy()
    stage.model.ban("c")
    stage.pay("o", "1000.00")
    stage.buy_price("0.95")
    assert stage.view("o").hold_reason == "review"
    stage.later("10:59", day=1)
    stage.model.unban("c")
    stage.model.release(order)
    assert stage.view("o").at_promise == coins("1108.311111")


def test_1_4_after_the_bound_the_market() -> None:
    stage = Stage()
    order = stage.buy()
    stage.model.ban("c")
    stage.pay("o", "1000.00")
    stage.buy_price("0.95")
    stage.later("11:01", day=1)
    stage.model.unban("c")
    stage.model.release(order)
    assert stage.view("o").at_market == coins("1049.978947")


def test_1_4_what_the_customer_can_supply_waits_without_price() -> None:
    stage = Stage()
    stage.buy()
    stage.model.customers["c"].identity_valid = False
    stage.pay("o", "1000.00")
    stage.buy_price("0.95")
    assert stage.view("o").hold_reason == "identity"
    stage.later("11:30")
    stage.model.customers["c"].identity_valid = True
    stage.model.settle()
    assert stage.view("o").at_market == coins("1049.978947")


def test_1_4_inside_the_promise_the_promise_stands_also_then() -> None:
    stage = Stage()
    stage.buy()
    stage.model.customers["c"].identity_valid = False
    stage.pay("o", "1000.00")
    stage.buy_price("0.95")
    stage.later("10:30")
    stage.model.customers["c"].identity_valid = True
    stage.model.settle()
    assert stage.view("o").at_promise == coins("1108.311111")


def test_1_4_assigned_money_goes_at_the_market() -> None:
    stage = Stage()
    order = stage.buy()
    receipt = stage.pay("o", "1000.00", named=())
    stage.buy_price("0.95")
    assert receipt.aside and receipt.order is None
    stage.model.assign(receipt, order)
    assert stage.view("o").at_market == coins("1049.978947")


# --- 1.5 ---

def test_1_5_price_time_is_not_open_time() -> None:
    stage = Stage()
    order = stage.buy()
    stage.later("09:59", day=7)
    assert order.status == "started"
    stage.later("10:15", day=7)
    assert order.status == "expired"
    receipt = stage.pay("o", "1000.00")
    assert receipt.aside == euro("1000.00") and order.status == "expired"
    assert stage.view("o").received == 0 and stage.view("o").set_aside == euro("1000.00")


def test_1_5_what_came_through_a_processor_goes_back_by_itself() -> None:
    stage = Stage()
    order = stage.buy("100.00", "ESP.card")
    stage.later("10:45:01")
    assert order.status == "expired"
    stage.pay("o", "100.00")
    stage.model.play_outside()
    assert stage.view("o").refunded == euro("100.00") and order.status == "expired"


def test_1_5_the_end_needs_no_worker() -> None:
    stage = Stage()
    stage.buy("100.00", "ESP.card")
    stage.model.now = at("10:30")
    late = stage.pay("o", "100.00")
    assert late.returning == euro("100.00") and stage.view("o").exceptions == ("late",)


def test_1_4_a_capture_made_before_the_end_is_in_time_until_that_was_read() -> None:
    stage = Stage()
    stage.buy("100.00", "ESP.card")
    stage.later("10:31")
    stage.pay("o", "100.00", at("10:29"))
    assert stage.view("o").status == "payment_received" and stage.view("o").exceptions == ()


def test_1_5_a_decided_order_is_ended_for_money() -> None:
    stage = Stage()
    stage.buy("100.00", "ESP.card")
    stage.pay("o", "100.00")
    stage.pay("o", "100.00")
    stage.model.play_outside()
    view = stage.view("o")
    assert (view.status, view.accepted, view.refunded) == ("coins_sent", euro("100.00"), euro("100.00"))
    assert view.exceptions == ("duplicate",)


def test_1_5_priced_on_arrival_holds_nothing() -> None:
    stage = Stage()
    stage.buy_price("17", "MXN")
    order = stage.buy("500.00", "MEX.OXXO")
    assert order.reserved == 0 and order.held_until == order.created
    stage.model.advance(at("10:00"))
    stage.model.advance(order.open_until - seconds(1))
    assert order.status == "started"
    stage.model.advance(order.open_until + seconds(900))
    assert order.status == "expired"
