"""What the play does beside what the test does too: people register, orders are made, states are awaited."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from client.partner_client import eventually
from client.people import spaniard
from documents.synthetic import clabe, curp, curp_check

from .installation import ACCOUNT, WALLET, Installation


class Stage(Installation):
    """An installation of the older version."""

    def __init__(self, binary: Path, folder: Path) -> None:
        super().__init__(binary, folder)
        self.random = random.Random(7)

    # --- people and orders ---

    def person(self, level: int = 2, **changes: Any) -> int:
        """A customer whose identity is verified at this level."""
        user = self.client.register_user(spaniard(**changes))["id"]
        self.client.sandbox(f"kyc/{user}", {"decision": "approve", "level": level})
        eventually(lambda: self.client.check_kyc(user), lambda answer: answer["kyc_valid"])
        return int(user)

    def mexican(self) -> int:
        """The same in Mexico."""
        made = curp(self.random)
        number = f"{made[:4]}900228{made[10:16]}0"
        return self.person(
            country="México", country_code="MEX", city="Puebla", zipcode="72000", phone="+525512345678", identification_type="CURP",
            identification_number=number + curp_check(number), iban=clabe(self.random),
        )

    def buy(self, name: str, user: int, amount: str = "200.00", method: str = "transfer", fiat: str = "EUR", **more: str) -> None:
        """An order to buy, of that name."""
        body = {
            "user_id": user, "external_id": name, "payment_type": method, "fiat_symbol": fiat, "fiat_amount": amount, "coin_symbol": "USDC",
            "coin_chain": "polygon", "wallet": WALLET, **more,
        }
        answer = self.client.create_payment(body)
        self.orders[name] = {"id": answer["payment_id"], "leg": "buy", "body": body, "answer": answer}
        self.orders[name]["created"] = self.view(name)

    def sell(self, name: str, user: int, amount: str = "100", **more: str) -> None:
        """An order to sell, of that name."""
        body = {"user_id": user, "external_id": name, "amount": amount, "blockchain": "polygon", "symbol": "USDC", "iban": ACCOUNT, **more}
        answer = self.client.create_rampoff(body)
        self.orders[name] = {"id": answer["id"], "leg": "sell", "body": body, "answer": answer}
        self.orders[name]["created"] = self.view(name)

    # --- what is awaited ---

    def await_status(self, name: str, status: str, mine: bool = False) -> Any:
        view = super().await_status(name, status, mine)
        print(f"  {name}: {status}", flush=True)
        return view

    def await_shown(self, name: str, text: str) -> None:
        """Until what the operator is shown of an order contains something."""
        eventually(lambda: json.dumps(self.shown(name)), lambda shown: text in shown, seconds=20)
        print(f"  {name}: {text}", flush=True)

    def await_payout(self, name: str, state: str) -> str:
        """Until an order has a payout in a state; which payout."""

        def look() -> list[str]:
            payouts = json.loads(self.operate("payout", "list", "--json"))
            return [each["id"] for each in payouts if each["order"] == self.orders[name]["id"] and each["state"].startswith(state)]

        found = eventually(look, bool, seconds=20)
        print(f"  {name}: payout {state}", flush=True)
        return str(found[0])

    def waiting(self) -> int:
        """How many transactions wait for a block."""
        return sum(row["state"] == "waiting" for row in self.client.world("chain/polygon/transactions", limit="20"))
