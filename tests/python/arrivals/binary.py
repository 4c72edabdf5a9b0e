"""The real binary and its simulated world, as the runner plays them: operations become calls (`transfer_body`), answers become views."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from client.partner_client import Failure, PartnerClient
from client.people import spaniard
from documents.synthetic import clabe, curp, curp_check
from rampart_process import METRICS, Partner, Rampart

from .operations import Buy, Catalogue, Deposit, Moment, Operate, Outage, Pay, Register, Sell, Standing, Transfer
from .timing import EPOCH, SECOND, instant

WALLET = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"
STRANGER = "Roberto Ajeno Distinto"
HOLDER = "Carmen García López"
STRANGERS_ACCOUNT = "ES7921000813610123456789"
SETTINGS = {
    **METRICS,
    "RAMPART__RATE_LIMITS__ENABLED": "false",
    "RAMPART__WORKERS__INTERVAL_MILLISECONDS": "30",
    "RAMPART__KEYS__TOKEN_SECONDS": "86400",
}
SLOW_WORKERS = ("sweep", "ledger", "prices", "keys")
"""Workers that turn rarely; differences are looked at again with patience instead of waiting for them each time."""
STORED_WITHIN = 8
"""For how many seconds an operator's command may still know the prices of before."""
NO_PRICE = "There is no current price"
MAX_FAULTS = 100_000
MAX_SECONDS = 20
"""How long the binary's workers are waited for."""


def parse_time(text: str) -> int:
    """RFC 3339 to microseconds."""
    return instant(datetime.fromisoformat(text.replace("Z", "+00:00")))


def show_time(moment: int) -> str:
    """Microseconds to RFC 3339."""
    seconds, micros = divmod(moment, SECOND)
    return f"{datetime.fromtimestamp(seconds, EPOCH.tzinfo):%Y-%m-%dT%H:%M:%S}.{micros:06}Z"


@dataclass
class BinaryOrder:
    """What the binary said when it created an order."""

    id: str
    is_purchase: bool
    created: int
    expires: int
    answer: dict[str, Any]


@dataclass
class Person:
    """A customer of the binary."""

    id: int
    account: str


@dataclass(frozen=True)
class ReportedArrival:
    """An arrival that the sandbox was instructed to make, for one of these orders."""

    orders: Sequence[str]
    amount: Decimal
    asset: str
    at: int | None
    """When the outside says it was; nothing where it says no time."""
    is_certain: bool
    """Whether it can be for no other order, and for that one alone."""

    def can_be_for(self, order: str) -> bool:
        return order in self.orders


@dataclass
class LaneState:
    """What the binary calls the things of one lane, and what was played of it."""

    orders: dict[str, BinaryOrder] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    deposits: dict[str, str] = field(default_factory=dict)
    methods: dict[str, str] = field(default_factory=dict)
    """Of each order; `sell` of a sale."""
    ordered: dict[str, Decimal] = field(default_factory=dict)
    reported: list[ReportedArrival] = field(default_factory=list)
    on_account: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The orders paid to a virtual account of the customer: what is reported during an outage can be for later ones."""
    raised: set[str] = field(default_factory=set)
    """Customers who were of a higher level at any time."""
    let_go: set[str] = field(default_factory=set)
    """Orders that a person let go."""
    assigned: set[str] = field(default_factory=set)
    """Orders from or to which a person assigned something."""
    charged_back: set[str] = field(default_factory=set)
    """Orders of which a processor took something back."""


class World:
    """One running installation with a partner. `lanes` hold what belongs to each seed."""

    def __init__(self, binary: Path, folder: Path, database: str | None) -> None:
        self.binary, self.folder, self.database = binary, folder, database
        self.settings = dict(SETTINGS)
        self.random = random.Random(1)
        self.partner: Partner | None = None
        self.lanes: list[LaneState] = []
        """Everybody who was ever played here: their orders go on while others play."""
        self.troubled = False
        """Whether a feed fails: its workers then turn ever more rarely, and are not waited for."""
        self.silenced = False
        """Whether the prices' source is silent. If not, a stale price is waited for: it is read again soon."""
        self.middles: dict[tuple[str, str], Fraction] = {}
        """What the markets were set to."""
        self.last_event = 0
        """The newest event of the log that was read."""
        self.last_item: str | None = None
        """The newest item of the list of reviews when the latest players began."""
        self.start()

    # --- the process ---

    def start(self) -> None:
        self.rampart = Rampart(self.binary, self.folder, self.database, self.settings).__enter__()
        if self.partner is None:
            self.partner = self.rampart.create_partner("arrivals")
        self.client = PartnerClient(self.rampart.url, self.partner)
        self.now()

    def stop(self) -> None:
        self.client.http.close()
        try:
            self.rampart.__exit__()
        except subprocess.TimeoutExpired:
            print("the binary did not stop when asked to, and was killed")

    def restart(self, operation: Catalogue) -> None:
        """The configuration changes: the process is started again."""
        country, method = operation.method.split(".")
        self.settings[f"RAMPART__METHODS__{country}__{method}__{operation.key.upper()}"] = operation.value
        self.stop()
        self.start()

    def reset(self) -> None:
        """Every trouble ends, blocks are made by hand only, and the configuration is the default one."""
        if self.settings != SETTINGS:
            self.settings = dict(SETTINGS)
            self.stop()
            self.start()
        self.outage(Outage("bank", False))
        self.silence(False)
        self.client.sandbox("chain/polygon/automine", {"every_seconds": 0})
        self.go_on()
        items = self.items()
        self.last_item = items[-1]["id"] if items else self.last_item

    # --- quiet ---

    def turns(self) -> tuple[dict[str, int], dict[str, int]]:
        """The turns of the workers, and the counters of what they did."""
        turns: dict[str, int] = {}
        done: dict[str, int] = {}
        for line in self.client.http.get(self.rampart.metrics_url).text.splitlines():
            name, _, value = line.rpartition(" ")
            if name.startswith("rampart_worker_turns_total"):
                worker = name.split('what="', 1)[1].split('"', 1)[0]
                if worker not in SLOW_WORKERS and not (self.troubled and worker.startswith(("ingest-bank", "ingest-processor"))):
                    turns[worker] = turns.get(worker, 0) + int(float(value))
            elif name.startswith(("rampart_facts_total", "rampart_jobs_done_total")):
                done[name] = int(float(value))
        return turns, done

    def quiet(self, seconds: float = MAX_SECONDS) -> None:
        """Waits until every worker has turned twice without having done anything."""
        end = time.monotonic() + seconds
        turns, done = self.turns()
        # Two turns of an idle worker take twice its interval.
        time.sleep(0.04)
        while time.monotonic() < end:
            time.sleep(0.02)
            now_turns, now_done = self.turns()
            if now_done != done:
                turns, done = now_turns, now_done
            elif all(now_turns.get(worker, 0) >= count + 2 for worker, count in turns.items()):
                return

    # --- the world ---

    def now(self) -> int:
        return self.clock(0)

    def clock(self, seconds: int) -> int:
        """Business time moves forward; the new moment."""
        now = parse_time(self.client.sandbox("clock", {"advance_seconds": seconds})["now"])
        self.asked = (now, time.monotonic_ns())
        return now

    def about_now(self) -> int:
        """Business time without asking: what it was when it was last asked, and what has passed since."""
        now, at = self.asked
        return now + (time.monotonic_ns() - at) // 1000

    def price(self, coin: str, fiat: str, price: str) -> None:
        self.middles[(coin, fiat)] = Fraction(price)
        self.client.sandbox("prices", {"symbol": coin.split(".")[0], "fiat_symbol": fiat, "price": price})

    def silence(self, on: bool) -> None:
        self.silenced = on
        self.client.sandbox("prices", {"silence": on})

    def outage(self, operation: Outage) -> None:
        self.troubled = operation.on
        count = MAX_FAULTS if operation.on else 0
        self.client.sandbox("faults", {"port": operation.port, "outcome": "fail", "calls": "questions", "count": count})

    def market(self, coin: str, fiat: str) -> tuple[Fraction | None, Fraction | None]:
        """The prices to buy and to sell at, spread inside; nothing where they are stale. One that is not read yet is waited for."""
        end = time.monotonic() + MAX_SECONDS
        answer = self.client.token_price(symbol=coin.split(".")[0], fiat_symbol=fiat)
        while not self.silenced and (answer["stale"] or not self._is_read(answer, coin, fiat)) and time.monotonic() < end:
            time.sleep(0.02)
            answer = self.client.token_price(symbol=coin.split(".")[0], fiat_symbol=fiat)
        if answer["stale"]:
            return None, None
        return Fraction(answer["buy_price"]), Fraction(answer["sell_price"])

    def _is_read(self, answer: dict[str, Any], coin: str, fiat: str) -> bool:
        """Whether our prices lie around the market's present one."""
        middle = (Fraction(answer["buy_price"]) + Fraction(answer["sell_price"])) / 2
        wanted = self.middles.get((coin, fiat), middle)
        return abs(middle - wanted) * 10_000 <= wanted

    def blocks(self, chain: str, count: int) -> int:
        """Makes blocks; the height of the newest."""
        return int(self.client.sandbox(f"chain/{chain}/blocks", {"count": count})["height"])

    def reorg(self, chain: str, depth: int, drop: list[str]) -> int:
        """Undoes blocks; the height of the new fork's newest."""
        return int(self.client.sandbox(f"chain/{chain}/reorg", {"depth": depth, "drop": drop})["height"])

    # --- lanes: each returns a code where the binary refuses, `skip` where the world cannot do it ---

    def register(self, lane: LaneState, operation: Register) -> None:
        body = spaniard()
        if operation.country == "MEX":
            made = curp(self.random)
            number = f"{made[:4]}900228{made[10:16]}0"
            account = clabe(self.random)
            body = spaniard(
                country="México", country_code="MEX", city="Puebla", zipcode="72000", phone="+525512345678", identification_type="CURP",
                identification_number=number + curp_check(number), iban=account,
            )
        user = self.client.register_user(body)["id"]
        self.client.sandbox(f"kyc/{user}", {"decision": "approve", "level": operation.level})
        lane.people[operation.customer] = Person(user, body["iban"])
        if operation.level > 1:
            lane.raised.add(operation.customer)

    def buy(self, lane: LaneState, operation: Buy) -> str | None:
        person = lane.people.get(operation.customer)
        if person is None:
            return "skip"
        symbol, chain = operation.coin.split(".")
        body = {
            "user_id": person.id, "payment_type": operation.method.split(".")[1], "fiat_symbol": "EUR" if "ESP" in operation.method else "MXN",
            "fiat_amount": operation.amount, "coin_symbol": symbol, "coin_chain": chain, "wallet": WALLET,
        }
        if operation.refund_account:
            body["refund_account"] = person.account
        try:
            answer = self.client.create_payment(body)
        except Failure as failure:
            return failure.code
        view = self.client.payment(answer["payment_id"])
        lane.orders[operation.order] = BinaryOrder(
            answer["payment_id"], True, parse_time(view["created_at"]), parse_time(view["expires_at"]), answer,
        )
        self._made(lane, operation, operation.method)
        return None

    def sell(self, lane: LaneState, operation: Sell) -> str | None:
        person = lane.people.get(operation.customer)
        if person is None:
            return "skip"
        symbol, chain = operation.coin.split(".")
        body: dict[str, Any] = {
            "user_id": person.id, "amount": operation.amount, "blockchain": chain, "symbol": symbol, "iban": person.account,
        }
        if operation.refund_wallet:
            body["refund_wallet"] = WALLET
        try:
            answer = self.client.create_rampoff(body)
        except Failure as failure:
            return failure.code
        view = self.client.rampoff(answer["id"])
        lane.orders[operation.order] = BinaryOrder(
            answer["id"], False, parse_time(view["created_at"]), parse_time(view["expires_at"]), answer,
        )
        self._made(lane, operation, "sell")
        return None

    def _made(self, lane: LaneState, operation: Buy | Sell, method: str) -> None:
        lane.owners[operation.order], lane.methods[operation.order] = operation.customer, method
        lane.ordered[operation.order] = Decimal(operation.amount)
        if method == "MEX.SPEI":
            lane.on_account[operation.customer].append(operation.order)

    def _record_arrival(self, lane: LaneState, orders: Sequence[str], amount: str, asset: str, reported: int | str | None, is_certain: bool = True) -> None:
        at = self.about_now() if reported is None else reported if isinstance(reported, int) else None
        lane.reported.append(ReportedArrival(orders, Decimal(amount), asset, at, is_certain))

    def transfer(self, lane: LaneState, operation: Transfer, reported: int | str | None) -> str | None:
        order = lane.orders.get(operation.account_of)
        if order is None or "iban" not in order.answer or any(name not in lane.orders for name in operation.named):
            return "skip"
        concepts = [str(lane.orders[name].answer["concept"]) for name in operation.named]
        own = operation.payer != "stranger"
        person = lane.people[lane.owners[operation.account_of]]
        self.client.sandbox("bank/transfers", transfer_body(
            order.answer["iban"], operation.amount, order.answer["fiat_symbol"], " ".join(concepts) or None,
            HOLDER if own else STRANGER, person.account if own else STRANGERS_ACCOUNT, reported,
        ))
        orders = operation.named or lane.on_account[lane.owners[operation.account_of]]
        self._record_arrival(lane, orders, operation.amount, order.answer["fiat_symbol"], reported, len(operation.named) == 1)
        return None

    def pay(self, lane: LaneState, operation: Pay) -> str | None:
        order = lane.orders.get(operation.order)
        if order is None:
            return "skip"
        try:
            answer = self.client.sandbox(f"payments/{order.id}/pay", {"amount": operation.amount})
        except Failure:
            return "skip"
        if answer["outcome"] != "paid":
            return "skip"
        self._record_arrival(lane, (operation.order,), operation.amount, "MXN" if "MEX" in lane.methods[operation.order] else "EUR", None)
        return None

    def chargeback(self, lane: LaneState, name: str) -> str | None:
        order = lane.orders.get(name)
        if order is None:
            return "skip"
        try:
            self.client.sandbox(f"payments/{order.id}/chargeback")
        except Failure:
            return "skip"
        lane.charged_back.add(name)
        return None

    def deposit(self, lane: LaneState, operation: Deposit) -> str | None:
        order = lane.orders.get(operation.order)
        if order is None or order.is_purchase:
            return "skip"
        symbol, chain = operation.coin.split(".")
        body = {"to": order.answer["wallet"], "symbol": symbol, "amount": operation.amount}
        answer = self.client.sandbox(f"chain/{chain}/deposits", body)
        lane.deposits[operation.key] = answer["txid"]
        self._record_arrival(lane, (operation.order,), operation.amount, operation.coin, None)
        return None

    def operate(self, lane: LaneState, operation: Operate) -> str | None:
        order = lane.orders.get(operation.order)
        if order is None:
            return "skip"
        if operation.command == "release":
            lane.let_go.add(operation.order)
        return self.command("order", operation.command, order.id)

    def assign(self, lane: LaneState, order_name: str, named: str | None, amount: str) -> str | None:
        """Assigns the one open item of that order and amount; `skip` if it cannot be identified."""
        order = lane.orders.get(order_name)
        if order is None:
            return "skip"
        about = lane.orders[named].id if named in lane.orders else None
        fitting = [
            item for item in self.items()
            if item["kind"] == "suspense" and item["order"] == about and Decimal(item["amount"].split()[0]) == Decimal(amount)
        ]
        if len(fitting) != 1:
            return "skip"
        lane.assigned |= {order_name, named or order_name}
        return self.command("review", "resolve", fitting[0]["id"], "assign", order.id)

    def items(self) -> list[dict[str, Any]]:
        """What waits in the list of reviews, oldest first, without what was there when the latest players began."""
        found: list[dict[str, Any]] = []
        last = self.last_item
        while True:
            page = json.loads(self.rampart.run("review", "list", "--json", *(("--after", last) if last else ())))["items"]
            found += page
            if not page:
                return found
            last = page[-1]["id"]

    def go_on(self) -> int:
        """A person says go on where the binary has stopped sending; how often it had. Nothing that is played stops it rightly."""
        stops = [item for item in self.items() if item["kind"] == "stopped"]
        for item in stops:
            print(f"sending was stopped: {item['reason']}")
            self.command("review", "resolve", item["id"], "go-on")
        return len(stops)

    def standing(self, lane: LaneState, operation: Standing) -> str | None:
        person = lane.people.get(operation.customer)
        if person is None:
            return "skip"
        if operation.change.startswith("level "):
            lane.raised.add(operation.customer)
            return self.command("customer", "kyc", str(person.id), "basic" if operation.change.endswith("1") else "reinforced")
        return self.command("customer", operation.change, str(person.id))

    def command(self, *arguments: str) -> str | None:
        """An operator's command; what it answers when it refuses.

        It is a process of its own, with the prices that were stored last: not the present ones for some seconds after the clock
        has jumped, and if their source has fallen silent meanwhile, never.
        """
        end = time.monotonic() + MAX_SECONDS
        while True:
            try:
                self.rampart.run(*arguments, "--reason", "played")
            except RuntimeError as refusal:
                said = str(refusal).splitlines()[-1]
                if NO_PRICE not in said:
                    return said
                if self.silenced or time.monotonic() > end:
                    return "skip"
                time.sleep(0.5)
            else:
                return None

    # --- views ---

    def read(self, order: BinaryOrder) -> dict[str, Any]:
        """What the API shows of an order."""
        view: dict[str, Any] = self.client.payment(order.id) if order.is_purchase else self.client.rampoff(order.id)
        return view


def transfer_body(
    account: str, amount: str, currency: str, concept: str | None, name: str, sender: str, reported: int | str | None,
) -> dict[str, Any]:
    """`POST /sandbox/bank/transfers`; `reported` is an instant, `date`, or `None` for now."""
    body: dict[str, Any] = {"account": account, "amount": amount, "currency": currency, "sender_name": name, "sender_account": sender}
    if concept:
        body["concept"] = concept
    # A date says nothing of the time, so any date will do (1.1).
    return body if reported is None else {**body, "booked_at": show_time(reported) if isinstance(reported, int) else "2026-11-30"}


def is_default(moment: Moment) -> bool:
    """Whether the provider reports the current time, so that no time has to be sent."""
    return moment == ("now", 0)
