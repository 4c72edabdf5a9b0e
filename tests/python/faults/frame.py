"""What a test does with an installation: people of its own, orders, the market, and what left for them in the world's books."""

from __future__ import annotations

import itertools
import json
import random
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from client.partner_client import eventually
from documents.synthetic import clabe, curp, curp_check, spanish_iban
from rampart_process import METRICS
from upgrade import installation, world
from upgrade.installation import HOLDER
from upgrade.stage import Stage
from upgrade.upgraded import FOR_A_MOMENT, Upgraded

HOUR, DAY = 3_600, 86_400
STRANGER = {"payer": installation.STRANGER, "account": installation.STRANGERS_ACCOUNT}
"""Who pays an order that is not his."""
PORTS = ("bank", "card", "chain", "kyc", "screening", "prices")
CHAINS = ("polygon", "ethereum")
DECIMALS = {"EUR": 2, "MXN": 2, "USDC": 6, "USDT": 6, "ETH": 18, "BTC": 8, "POL": 18}
DEFAULTS = {
    **METRICS,
    # Tests move the clock by weeks, and stay signed in.
    "RAMPART__KEYS__TOKEN_SECONDS": str(3_650 * DAY),
    # The market is the price: amounts can be followed by hand.
    "RAMPART__PRICING__BUY_SPREAD_BASIS_POINTS": "0",
    "RAMPART__PRICING__SELL_SPREAD_BASIS_POINTS": "0",
}

_numbers = itertools.count(1)
_chance = random.Random(13)


@dataclass(frozen=True)
class Person:
    """A customer, with an account and a wallet that nobody else has: what left for them left for this customer."""

    id: int
    account: str
    wallet: str
    identification: str
    """The number of the document."""


def wallet() -> str:
    """An EVM address that nobody has. Its digits trigger no outcome of the sandbox."""
    return f"0xab{next(_numbers):08x}" + "cd" * 15


def spanish_account() -> str:
    """A Spanish account that nobody has."""
    while "666000" in (made := spanish_iban(_chance)):
        pass
    return made


class Ramp(Stage):
    """An installation under test. An order is known by the name that `buying` or `selling` gave it."""

    def __init__(self, binary: Path, folder: Path, database: str | None = None) -> None:
        super().__init__(binary, folder)
        self.database = database
        self.people: dict[str, Person] = {}
        """Whose each order is."""
        self.settings: dict[str, str] = {}
        self.is_running = False

    # --- the process ---

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.folder / "data"

    @property
    def world(self) -> Path:
        """The file of the simulated world."""
        return self.data / "sandbox.db"

    def start(self, **settings: str) -> None:
        """Serves; the settings stay until others are given. Blocks are made by hand only."""
        self.settings = settings or self.settings
        is_new = self.partner is None
        super().start(**{**DEFAULTS, **self.settings})
        self.is_running = True
        for chain in CHAINS:
            self.client.sandbox(f"chain/{chain}/automine", {"every_seconds": 0})
            if is_new:
                # A chain without blocks has none to undo.
                self.client.sandbox(f"chain/{chain}/blocks", {"count": 20})

    def stop(self) -> None:
        super().stop()
        self.is_running = False

    def kill(self) -> None:
        """Ends the process without a word."""
        self.client.http.close()
        process = self.rampart._process
        assert process is not None
        process.kill()
        process.wait()
        self.is_running = False

    def end(self) -> None:
        """Stops it if it still runs, whatever state it is in."""
        if not self.is_running:
            return
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.is_running = False

    def log(self) -> str:
        """Everything that the process has logged."""
        return (self.folder / "server.log").read_text()

    def ready(self) -> tuple[int, str]:
        """Status and text of `/readyz` on the separate listener."""
        answer = httpx.get(self.rampart.metrics_url.removesuffix("/metrics") + "/readyz", timeout=30)
        return answer.status_code, answer.text

    def tried(self, *arguments: str) -> tuple[int, str]:
        """Runs a command that may be refused: its exit code and what it printed."""
        done = subprocess.run(
            [str(self.binary.resolve()), *arguments, *self.rampart._where], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
            env=self.rampart._environment,
        )
        return done.returncode, done.stdout + done.stderr

    def tried_order(self, command: str, name: str, *more: str) -> tuple[int, str]:
        """A command about an order that may be refused."""
        return self.tried("order", command, self.orders[name]["id"], *more, "--actor", "operator", "--reason", "played")

    def insist(self, *arguments: str, patience: float = 7) -> tuple[int, str]:
        """A command of a person that is asked again while the answer is that it cannot be done at this moment."""
        end = time.monotonic() + patience
        while True:
            code, text = self.tried(*arguments, "--actor", "operator", "--reason", "played")
            if code == 0 or not any(answer in text for answer in FOR_A_MOMENT) or time.monotonic() > end:
                return code, text
            time.sleep(0.1)

    def let_go(self, name: str) -> tuple[int, str]:
        """A person releases an order."""
        return self.insist("order", "release", self.orders[name]["id"])

    def settle(self) -> None:
        """Ends what a test left behind on a shared installation: its faults, a silent market, transactions without a block."""
        self.mend(*PORTS)
        self.client.sandbox("prices", {"silence": False})
        for chain in CHAINS:
            self.client.sandbox(f"chain/{chain}/blocks", {"count": 8})

    # --- time ---

    def now(self) -> datetime:
        """Business time."""
        return datetime.fromisoformat(self.advance(0).replace("Z", "+00:00"))

    def dawn(self) -> None:
        """Goes on to six in the morning of the next day: limits count days of UTC, and a test has one to itself."""
        now = self.now()
        morning = now.replace(hour=6, minute=0, second=0, microsecond=0) + timedelta(days=1)
        self.advance(int((morning - now).total_seconds()))

    # --- the market ---

    def market(self, price: str, symbol: str = "USDC", fiat: str = "EUR") -> None:
        """The market is there, and known."""
        self.client.sandbox("prices", {"symbol": symbol, "fiat_symbol": fiat, "price": price})
        self.await_fresh(symbol, fiat, price)

    def later(self, seconds: int, price: str, symbol: str = "USDC", fiat: str = "EUR") -> None:
        """Time passes, and behind it the market is another one. Commands look at a board that is stored every few seconds: the market
        moves first, so that no board of the time behind shows the price of before."""
        self.market(price, symbol, fiat)
        self.advance(seconds)
        self.await_fresh(symbol, fiat, price)

    def await_fresh(self, symbol: str = "USDC", fiat: str = "EUR", price: str | None = None) -> Any:
        """Until a price is fresh, as it is a moment after the clock has jumped."""

        def is_known(answer: Any) -> bool:
            return not answer["stale"] and (price is None or Decimal(answer["price"]) == Decimal(price))

        return eventually(lambda: self.client.token_price(symbol=symbol, fiat_symbol=fiat), is_known)

    # --- people and orders ---

    def spaniard(self, level: int = 1, **changes: Any) -> Person:
        """A customer in Spain, at the level of the identity form unless said."""
        account = changes.pop("iban", None) or spanish_account()
        number = f"{30_000_000 + next(_numbers)}"
        number = changes.pop("identification_number", None) or number + "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23]
        return Person(self.person(level, iban=account, identification_number=number, **changes), account, wallet(), number)

    def mexicans(self, level: int = 1) -> Person:
        """A customer in Mexico, who has an account number of his own with us."""
        made, account = curp(_chance), clabe(_chance)
        number = f"{made[:4]}900228{made[10:16]}0"
        number += curp_check(number)
        user = self.person(
            level, country="México", country_code="MEX", city="Puebla", zipcode="72000", phone="+525512345678", identification_type="CURP",
            identification_number=number, iban=account,
        )
        return Person(user, account, wallet(), number)

    def buying(self, person: Person, amount: str = "200.00", coin: str = "USDC.polygon", **more: Any) -> str:
        """An order to buy; its name."""
        name = f"purchase {next(_numbers)}"
        symbol, chain = coin.split(".")
        self.buy(name, person.id, amount, **{"coin_symbol": symbol, "coin_chain": chain, "wallet": person.wallet, **more})
        self.people[name] = person
        return name

    def selling(self, person: Person, amount: str = "100", coin: str = "USDC.polygon", **more: Any) -> str:
        """An order to sell; its name."""
        name = f"sale {next(_numbers)}"
        symbol, chain = coin.split(".")
        self.sell(name, person.id, amount, **{"symbol": symbol, "blockchain": chain, "iban": person.account, **more})
        self.people[name] = person
        return name

    def paying(self, name: str, amount: str, payer: str = HOLDER, account: str | None = None, **more: bool) -> None:
        """The order's customer pays it by transfer, or somebody else from an account of his."""
        self.transfer(name, amount, payer, account or self.people[name].account, **more)

    def depositing(self, name: str, amount: str, symbol: str = "USDC", chain: str = "polygon", blocks: int = 8, **more: str) -> str:
        """Coins arrive for a sale, and are confirmed unless fewer blocks are made; the transaction."""
        body = {"to": self.orders[name]["answer"]["wallet"], "symbol": symbol, "amount": amount, **more}
        txid = str(self.client.sandbox(f"chain/{chain}/deposits", body)["txid"])
        if blocks:
            self.client.sandbox(f"chain/{chain}/blocks", {"count": blocks})
        return txid

    def cancel(self, name: str) -> None:
        """The order is called off."""
        self.order("cancel", name)

    # --- what is awaited ---

    def arrives(self, name: str, *statuses: str, blocks: int = 0, seconds: int = 0, patience: float = 15) -> Any:
        """Until an order is in one of these statuses, with blocks made or time passing meanwhile; the view."""

        def look() -> Any:
            if blocks:
                self.blocks(blocks)
            if seconds:
                self.advance(seconds)
            return self.view(name)

        return eventually(look, lambda view: view["status"] in statuses, seconds=patience)

    def received(self, name: str, amount: str) -> Any:
        """Until an order has seen so much, in major units; the view."""
        decimals = 0 if self.orders[name]["leg"] == "buy" else int(self.view(name)["decimals"])
        wanted = Decimal(amount)
        return eventually(lambda: self.view(name), lambda view: Decimal(view["received_amount"] or 0).scaleb(-decimals) == wanted)

    # --- what left ---

    def sent(self, person: Person | str, symbol: str = "USDC") -> Decimal:
        """What our wallets have sent to a customer's wallet in all, in coins. What its chain undid is in it."""
        recipient = person if isinstance(person, str) else person.wallet
        rows = world.left(self.world).transactions.values()
        return _total([amount for to, coin, amount in rows if to.lower() == recipient.lower() and coin == symbol], symbol)

    def paid(self, person: Person | str, fiat: str = "EUR") -> Decimal:
        """What was handed to a rail for a customer's account in all."""
        account = person if isinstance(person, str) else person.account
        rows = world.left(self.world).payouts.values()
        return _total([amount for _, to, amount in rows if to == account], fiat)

    def given_back(self, name: str) -> Decimal:
        """What was given back through the processor that took the order's money."""
        with closing(sqlite3.connect(self.world, timeout=30)) as connection:
            rows = connection.execute("SELECT refunded FROM captures WHERE payment = ?", [self.orders[name]["id"]]).fetchall()
        return _total([refunded for (refunded,) in rows], self.orders[name]["body"]["fiat_symbol"])

    def balance(self, account: str, asset: str) -> Decimal:
        """What the books say of an account."""
        rows = json.loads(self.operate("ledger", "accounts", "--json"))
        return sum((Decimal(row["posted"]) for row in rows if row["account"] == account and row["asset"] == asset), Decimal(0))

    def quiet_then(self, person: Person, symbol: str = "USDC") -> Decimal:
        """What was sent to a customer once every worker has turned without having done anything."""
        self.quiet()
        return self.sent(person, symbol)

    is_troubled = False
    """Whether the bank's feed fails: its workers turn ever more rarely then, and are not waited for."""
    quiet = Upgraded.quiet
    dump = Upgraded.dump


def _total(amounts: list[str], asset: str) -> Decimal:
    return sum((Decimal(amount) for amount in amounts), Decimal(0)).scaleb(-DECIMALS[asset])
