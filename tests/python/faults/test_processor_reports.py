"""Captures and reversals that the sandbox's calls cannot play: they are written into the world's file while nobody plays it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from client.partner_client import Failure, eventually
from faults.databases import Databases
from faults.frame import Ramp


def report(own: Ramp, processor: str, *entries: dict[str, Any]) -> None:
    """Makes a processor report these entries one after the other."""
    stream = f"card-{processor}"
    with closing(sqlite3.connect(own.world)) as connection:
        for entry in entries:
            (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM journal WHERE stream = ?", [stream]).fetchone()
            connection.execute("INSERT INTO journal (stream, seq, body) VALUES (?, ?, ?)", [stream, last + 1, json.dumps(entry)])
            connection.execute("INSERT INTO streams VALUES (?, ?) ON CONFLICT DO UPDATE SET last = excluded.last", [stream, last + 1])
        connection.commit()


def capture(own: Ramp, name: str, processor: str, minor: str) -> dict[str, Any]:
    """A second capture of an order, which the processor can give back. Another processor calls it as it would call the first."""
    order = own.orders[name]["id"]
    reference = f"{processor}_second_{order}" if processor == "card" else f"{processor}_{order}"
    with closing(sqlite3.connect(own.world)) as connection:
        row = [f"second_{order}", processor, reference, minor, "EUR", "0", "captured"]
        connection.execute("INSERT INTO captures VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        connection.commit()
    return {"kind": "paid", "processor": processor, "payment": order, "reference": reference, "amount": minor, "currency": "EUR", "holder": None}


def given_back(own: Ramp, name: str) -> Decimal:
    """What went back of the second capture of an order."""
    with closing(sqlite3.connect(own.world, timeout=30)) as connection:
        found = connection.execute("SELECT refunded FROM captures WHERE payment = ?", [f"second_{own.orders[name]['id']}"])
        return Decimal(found.fetchone()[0]).scaleb(-2)


def reversal(own: Ramp, name: str, currency: str) -> dict[str, Any]:
    """100.00 of an order are taken back, in a currency. The older version does not read which."""
    return {"kind": "reversed", "payment": own.orders[name]["id"], "amount": "10000", "currency": currency, "reason": "stolen"}


@pytest.fixture(scope="module")
def reported(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Ramp]:
    """An installation to which everything is reported at once. Orders are named after what is reported about them."""
    own = Ramp(Path(pytestconfig.getoption("--binary")), tmp_path_factory.mktemp("reported"), databases.empty())
    own.start()
    own.dawn()
    own.market("0.90")
    for what, amount in (("another capture", "100.00"), ("another currency", "100.00"), ("captured again", "1000.00")):
        person = own.spaniard()
        own.buy(what, person.id, amount, "card", wallet=person.wallet)
        own.people[what] = person
        if what != "captured again":
            own.pay(what)
            own.arrives(what, "coins_sent")
    own.fault("screening", "questions")
    own.pay("captured again")
    own.arrives("captured again", "payment_received")
    own.charge_back("captured again")
    own.arrives("captured again", "failed")
    own.mend("screening")
    # Nothing goes back before everything was reported.
    own.fault("card")
    own.stop()
    report(own, "paypal", capture(own, "another capture", "paypal", "10000"), reversal(own, "another capture", "EUR"))
    report(own, "card", reversal(own, "another currency", "MXN"), capture(own, "captured again", "card", "100000"))
    own.start()
    own.await_fresh()
    own.quiet()
    own.mend("card")
    own.advance(600)
    own.await_fresh()
    yield own
    own.end()


@pytest.mark.fault(24)
@pytest.mark.parametrize("what", ["another capture", "another currency"])
def test_a_reversal_of_something_else_is_not_the_orders(reported: Ramp, what: str) -> None:
    view = reported.view(what)
    assert (view["status"], view["reversal"]) == ("coins_sent", None)


@pytest.mark.fault(24)
def test_nothing_is_lost_by_them(reported: Ramp) -> None:
    assert reported.balance("losses:chargeback", "EUR") == 0


@pytest.mark.fault(24)
def test_a_second_capture_goes_back_by_its_own_name(reported: Ramp) -> None:
    """The older version keeps it on hold, and asks for a refund of the first one when a person sends it back."""
    if reported.view("captured again")["status"] == "on_hold":
        reported.order("refund", "captured again")
    eventually(lambda: given_back(reported, "captured again"), lambda refunded: refunded == 1000, seconds=8)


@pytest.mark.fault(22)
def test_an_order_that_is_paid_again_after_its_chargeback_counts_once(reported: Ramp) -> None:
    """At most once: a day takes 3,000, and 2,000 of that are free in any case."""
    person = reported.people["captured again"]
    for _ in range(2):
        try:
            reported.buying(person, "1000.00", method="card")
        except Failure as failure:
            pytest.fail(failure.code)
