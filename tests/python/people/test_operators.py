"""What operators are warned about and protected from: accounts of nobody, a schema that changes under a server, jobs that keep failing."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal

import pytest

from audit.frame import run
from client.partner_client import eventually
from faults.frame import Ramp
from rampart_process import Partner
from upgrade import kept

PLAYED = ("--actor", "operator", "--reason", "played")


def command(own: Ramp, *arguments: str, **variables: str) -> tuple[int, str]:
    """A command beside an installation that nobody serves: its exit code and what it printed."""
    where = ("--database", own.database) if own.database else ()
    return run(own.binary.resolve(), *arguments, *where, data=own.data, **variables)


# --- accounts ---

PHANTOMS = [
    ("bank:foo", "EUR"), ("bank:sepa", "MXN"), ("bank:spei", "EUR"), ("bank:cl-transfer", "EUR"), ("bank:card", "EUR"), ("card:foo", "EUR"),
    ("card:sepa", "EUR"), ("card:card", "MXN"), ("card:khipu", "EUR"), ("bank:SEPA", "EUR"),
]
REAL = [
    ("bank:sepa", "EUR"), ("bank:spei", "MXN"), ("bank:cl-transfer", "CLP"), ("bank:breb", "COP"), ("card:card", "EUR"), ("card:khipu", "CLP"),
    ("card:khipu", "ARS"), ("chain:polygon:hot", "USDC:polygon"), ("chain:polygon:hot", "POL:polygon"), ("chain:bitcoin:hot", "BTC:bitcoin"),
]


def accounts(ramp: Ramp) -> dict[tuple[str, str], Decimal]:
    """Every account of the books, with what lies there."""
    rows = json.loads(ramp.operate("ledger", "accounts", "--json"))
    return {(row["account"], row["asset"]): Decimal(row["posted"]) for row in rows}


@pytest.mark.entry("accounts that exist")
@pytest.mark.parametrize("verb", ["fund", "withdraw"])
def test_nothing_is_booked_on_an_account_that_nobody_has(ramp: Ramp, verb: str) -> None:
    taken = [each for each in PHANTOMS if ramp.tried("treasury", verb, *each, "1", *PLAYED)[0] == 0]
    assert taken == []
    assert set(PHANTOMS) & set(accounts(ramp)) == set()


@pytest.mark.entry("accounts that exist")
def test_what_the_company_puts_in_is_booked(ramp: Ramp) -> None:
    before = accounts(ramp)
    for each in REAL:
        code, said = ramp.tried("treasury", "fund", *each, "1", *PLAYED)
        assert code == 0, said
    after = accounts(ramp)
    assert [each for each in REAL if after[each] < before.get(each, Decimal(0)) + 1] == []


@pytest.mark.entry("accounts that exist")
def test_the_account_of_a_rail_that_was_removed_is_reported(fresh: Callable[..., Ramp]) -> None:
    """Real money lies there still: it is no corruption."""
    own = fresh(start=False)
    own.data.mkdir()
    former = {"CURRENCY": "EUR", "ACCOUNT": "ES9299990001480000012345", "HOLDER": "Rampart", "BIC": "RAMPESM2XXX", "BANK": "Former"}
    known = command(own, "config")[1]
    rail = {f"RAMPART__RAILS__FORMER__{key}": value for key, value in former.items() if f"rails.sepa.{key.lower()}" in known}
    code, said = command(own, "db", "migrate", **rail)
    assert code == 0, said
    code, said = command(own, "treasury", "fund", "bank:former", "EUR", "12.34", *PLAYED, **rail)
    assert code == 0, said
    assert "bank:former" not in command(own, "ledger", "verify", **rail)[1]
    code, said = command(own, "ledger", "verify")
    assert "bank:former" in said, said
    assert "bank:former" in command(own, "doctor")[1]


# --- the schema ---


def schema_of(own: Ramp) -> list[str]:
    """Everything that a database holds, in words."""
    if own.database is None:
        with closing(sqlite3.connect(own.data / "rampart.db")) as connection:
            return list(connection.iterdump())
    dump = subprocess.run(["pg_dump", "--no-owner", "--dbname", own.database], check=True, capture_output=True, text=True).stdout
    return [line for line in dump.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


COMMANDS = [
    ("partner", "list"), ("order", "show", "8DwKcrVXHRwdaZU3TUkVsJpTB"), ("review", "list"), ("treasury", "show"), ("audit", "list"), ("payout", "list"),
    ("ledger", "accounts"), ("partner", "create", "--name", "new"), ("customer", "ban", "1", *PLAYED),
]


@pytest.mark.entry("schema")
def test_only_serving_and_migrating_change_the_schema(fresh: Callable[..., Ramp]) -> None:
    """A server of the version before may be running on it."""
    own = fresh(start=False)
    kept.restore(own.folder, own.database)
    before = schema_of(own)
    for arguments in COMMANDS:
        code, said = command(own, *arguments)
        assert code != 0 and "db migrate" in said, (arguments, said)
    command(own, "doctor")
    assert schema_of(own) == before

    code, said = command(own, "db", "migrate")
    assert code == 0 and schema_of(own) != before, said
    code, said = command(own, "partner", "list")
    assert code == 0 and kept.known()["partner"]["id"] in said, said


@pytest.mark.entry("schema")
def test_serving_brings_it_up_to_date(fresh: Callable[..., Ramp]) -> None:
    own = fresh(start=False)
    kept.restore(own.folder, own.database)
    own.partner = Partner(**kept.known()["partner"])
    own.start()
    assert own.client.payments(limit=1)["data"]


# --- work that fails ---


@pytest.mark.entry("failing work")
def test_work_that_fails_again_and_again_is_reported(fresh: Callable[..., Ramp]) -> None:
    """By the doctor and on a list, with its order, how often and why; and no more when it is done."""
    own = fresh()
    own.market("0.90")
    name = own.selling(own.spaniard())
    own.fault("bank")
    own.depositing(name, "100")
    own.arrives(name, "paying_out")
    order = own.orders[name]["id"]

    def attempts() -> int:
        own.advance(61)
        own.market("0.90")
        shown = own.operate("order", "show", order)
        return int(shown.split("attempts ")[1].split(",")[0])

    eventually(attempts, lambda count: count >= 12, seconds=30)
    result = [line for line in own.tried("doctor")[1].splitlines() if "false" in line and (order in line or "send_payout" in line)]
    assert result != [], own.tried("doctor")[1]
    listed = own.tried("job", "list")[1]
    assert order in listed and "send_payout" in listed and "cannot be reached" in listed, listed

    own.mend("bank")
    own.arrives(name, "finished", seconds=61)
    assert order not in own.tried("job", "list")[1] and order not in own.tried("doctor")[1]


@pytest.mark.entry("failing work")
def test_nothing_is_reported_of_work_that_goes_well(ramp: Ramp) -> None:
    name = ramp.selling(ramp.spaniard())
    ramp.depositing(name, "100")
    ramp.arrives(name, "finished", seconds=1)
    assert ramp.orders[name]["id"] not in ramp.tried("doctor")[1]
