"""One installation and its world, as both the play and the test use it: its orders by name, its operator, its customers."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from client.partner_client import PartnerClient, eventually
from rampart_process import Partner, Rampart

HOLDER, STRANGER = "Carmen García López", "Roberto Ajeno Distinto"
ACCOUNT, STRANGERS_ACCOUNT = "ES9121000418450200051332", "ES7921000813610123456789"
WALLET, REFUND_WALLET = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55", "0x52908400098527886E0F7030069857D2E4169EE7"
MANY = 100_000
SETTINGS = {
    "RAMPART__RATE_LIMITS__ENABLED": "false",
    "RAMPART__WORKERS__INTERVAL_MILLISECONDS": "100",
    "RAMPART__KEYS__TOKEN_SECONDS": "86400",
}


class Installation:
    """What is called the same whichever version serves."""

    pace = 0
    """How many seconds of business time pass with each look at something that is waited for."""

    def __init__(self, binary: Path, folder: Path, database: str | None = None) -> None:
        self.binary, self.folder, self.database = binary, folder, database
        self.partner: Partner | None = None
        self.orders: dict[str, dict[str, Any]] = {}

    def start(self, **settings: str) -> None:
        """Serves, as the partner that is there or a new one."""
        self.rampart = Rampart(self.binary, self.folder, self.database, {**SETTINGS, **settings}).__enter__()
        self.partner = self.partner or self.rampart.create_partner("upgraded")
        self.client = PartnerClient(self.rampart.url, self.partner)

    def stop(self) -> None:
        """Stops in order."""
        self.client.http.close()
        self.rampart.__exit__()

    # --- what is shown ---

    def view(self, name: str) -> Any:
        """What the partner is shown of an order."""
        order = self.orders[name]
        return self.client.payment(order["id"]) if order["leg"] == "buy" else self.client.rampoff(order["id"])

    def wait(self, look: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
        """Until something holds; the last look. Time passes meanwhile: what did not work at once is tried again later."""

        def passing() -> Any:
            if self.pace:
                self.advance(self.pace)
            return look()

        return eventually(passing, holds, seconds=20)

    def await_status(self, name: str, status: str, mine: bool = False) -> Any:
        """Until an order is in a status, with blocks made meanwhile where it waits for some."""

        def look() -> Any:
            if mine:
                self.blocks(6)
            return self.view(name)

        return self.wait(look, lambda view: view["status"] == status)

    def shown(self, name: str) -> Any:
        """What the operator is shown of an order."""
        return json.loads(self.operate("order", "show", self.orders[name]["id"], "--json"))

    def items(self, **wanted: Any) -> list[dict[str, Any]]:
        """The list of reviews: the items with these values."""
        items = json.loads(self.operate("review", "list", "--json"))["items"]
        return [item for item in items if all(item[key] == value for key, value in wanted.items())]

    # --- the world ---

    def advance(self, seconds: int) -> str:
        """Moves business time; the moment then."""
        return str(self.client.sandbox("clock", {"advance_seconds": seconds})["now"])

    def blocks(self, count: int = 8) -> None:
        """Blocks are made."""
        self.client.sandbox("chain/polygon/blocks", {"count": count})

    def fault(self, port: str, calls: str = "actions", outcome: str = "fail", count: int = MANY) -> None:
        """Calls to a provider go wrong."""
        self.client.sandbox("faults", {"port": port, "outcome": outcome, "calls": calls, "count": count})

    def mend(self, *ports: str) -> None:
        """Providers have no trouble any more."""
        for port in ports:
            self.fault(port, count=0)

    def price(self, euros: str) -> None:
        """The market moves."""
        self.client.sandbox("prices", {"symbol": "USDC", "fiat_symbol": "EUR", "price": euros})

        def is_known(price: Any) -> bool:
            return Decimal(price["price"]) == Decimal(euros) and not price["stale"]

        eventually(lambda: self.client.token_price(symbol="USDC", fiat_symbol="EUR"), is_known)

    # --- customers ---

    def transfer(self, name: str, amount: str, payer: str = HOLDER, account: str | None = ACCOUNT, with_reference: bool = True) -> None:
        """Somebody pays an order by transfer, to the account and with the reference of its answer."""
        answer = self.orders[name]["answer"]
        body = {"account": answer["iban"], "amount": amount, "currency": answer["fiat_symbol"], "sender_name": payer}
        if account:
            body["sender_account"] = account
        # Customers with an account number of their own need none.
        if with_reference and answer["fiat_symbol"] == "EUR":
            body["concept"] = str(answer["concept"])
        self.client.sandbox("bank/transfers", body)

    def pay(self, name: str, amount: str | None = None) -> None:
        """The customer pays through the processor."""
        self.client.sandbox(f"payments/{self.orders[name]['id']}/pay", {"amount": amount} if amount else {})

    def charge_back(self, name: str) -> None:
        """The customer has the processor take the money back."""
        self.client.sandbox(f"payments/{self.orders[name]['id']}/chargeback")

    def deposit(self, name: str, amount: str = "100", symbol: str = "USDC", **more: str) -> str:
        """Coins arrive for a sale; the transaction."""
        body = {"to": self.orders[name]["answer"]["wallet"], "symbol": symbol, "amount": amount, **more}
        return str(self.client.sandbox("chain/polygon/deposits", body)["txid"])

    # --- the operator ---

    def operate(self, *arguments: str) -> str:
        """Runs a command; what it prints."""
        return self.rampart.run(*arguments)

    def command(self, *arguments: str) -> str:
        """The same, of those that want to know who and why."""
        return self.operate(*arguments, "--actor", "operator", "--reason", "played")

    def order(self, command: str, name: str) -> None:
        """A command about an order."""
        self.command("order", command, self.orders[name]["id"])


def pages(call: Callable[..., Any]) -> list[dict[str, Any]]:
    """Every page of a list."""
    rows: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 100}
    while True:
        page = call(**query)
        rows += page["data"]
        if not page["pagination"]["has_more"]:
            return rows
        query["cursor"] = page["pagination"]["next_cursor"]
