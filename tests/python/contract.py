"""Asks the running server everything that its own OpenAPI description allows, and much that it does not.

The description is the contract: no answer may be a server error, or one that the description does not allow. Customers,
orders and a quote exist beforehand and are offered to the generator, so that calls get past "there is no such customer".
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from client.partner_client import PartnerClient  # noqa: E402
from client.people import spaniard  # noqa: E402
from rampart_process import Rampart  # noqa: E402

WALLET = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"

# Left out by name: after these calls the world is another one, and every later answer is about that.
LEFT_OUT = ("/sandbox/clock", "/sandbox/faults")
HOOKS = Path(__file__).resolve().parent / "contract_hooks.py"

# Rate limits would answer most calls, and have tests of their own.
SETTINGS = {"RAMPART__RATE_LIMITS__ENABLED": "false"}


def furnish(client: PartnerClient) -> dict[str, list[Any]]:
    """Makes one of everything; the values that calls may name."""
    customer = client.verified_user(spaniard())
    stranger = client.register_user(spaniard())["id"]
    order = {
        "user_id": customer, "fiat_symbol": "EUR", "fiat_amount": 50, "coin_symbol": "USDC", "coin_chain": "polygon", "wallet": WALLET,
    }
    by_card = client.create_payment({**order, "payment_type": "card", "external_id": "contract-1"})["payment_id"]
    by_transfer = client.create_payment({**order, "payment_type": "transfer"})
    sale = client.create_rampoff({"user_id": customer, "amount": 50, "blockchain": "polygon", "symbol": "USDC", "iban": "ES9121000418450200051332"})
    quote = client.quote(amount="50", symbol="USDC", chain="polygon", payment_type="card", fiat_symbol="EUR")["quote_id"]
    client.subscribe("http://127.0.0.1:9/hooks", "PAY_IN")
    return {
        "users": [customer, stranger],
        "payments": [by_card, by_transfer["payment_id"]],
        "rampoffs": [sale["id"]],
        "quotes": [quote],
        "symbols": ["USDC", "ETH", "BTC"],
        "chains": ["polygon", "ethereum", "bitcoin"],
        "currencies": ["EUR", "ARS", "CLP"],
        "methods": ["card", "transfer", "KHIPU"],
        "wallets": [WALLET, sale["wallet"]],
        "amounts": ["50", "80.5"],
        "accounts": ["ES9121000418450200051332", by_transfer["iban"]],
        "refunds": ["ES9121000418450200051332", "ES0021000418450200051332", "0110001300000000000017", "no account"],
        "types": ["PAY_IN", "COINS_SENT"],
    }


# Which field takes which values.
FIELDS = {
    "user_id": "users", "payment_id": "payments", "rampoff_id": "rampoffs", "query.id": "rampoffs", "quote_id": "quotes", "symbol": "symbols",
    "coin_symbol": "symbols", "chain": "chains", "coin_chain": "chains", "blockchain": "chains", "fiat_symbol": "currencies",
    "currency": "currencies", "payment_type": "methods", "wallet": "wallets", "to": "wallets", "amount": "amounts", "fiat_amount": "amounts",
    "iban": "accounts", "account": "accounts", "refund_account": "refunds", "type": "types",
}


def configuration(values: dict[str, list[Any]], permitted: list[str]) -> str:
    """The configuration of schemathesis as TOML."""
    lines = [f"hooks = {json.dumps(str(HOOKS))}", "", "[checks.positive_data_acceptance]", f"expected-statuses = {json.dumps(permitted)}", ""]
    for name, entries in values.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(entries)}", ""]
    lines.append("[parameters]")
    for field, name in FIELDS.items():
        lines.append(f"{json.dumps(field)} = {{ dictionary = {json.dumps(name)}, probability = 0.6 }}")
        if "." not in field:
            lines.append(f"{json.dumps('body.' + field)} = {{ dictionary = {json.dumps(name)}, probability = 0.6 }}")
    return "\n".join(lines) + "\n"


def run_schemathesis(url: str, token: str, folder: Path, examples: int, seed: int) -> tuple[int, int]:
    """Runs it with every check; its exit code and how many cases it made."""
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(folder / "schemathesis.toml"), "run", f"{url}/openapi.json",
        "--header", f"auth: {token}", "--checks", "all", "--max-examples", str(examples), "--seed", str(seed), "--continue-on-failure",
        "--workers", "1", "--request-timeout", "30", "--generation-database", "none", "--warnings", "off",
    ]
    for path in LEFT_OUT:
        command += ["--exclude-path", path]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent), "NO_COLOR": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=folder) as running:
        assert running.stdout is not None
        cases = 0
        for line in running.stdout:
            print(line.replace(token, "[token]"), end="")
            if found := re.search(r"([\d,]+)\s+generated", line):
                cases = int(found.group(1).replace(",", ""))
    return running.returncode, cases


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--database")
    parser.add_argument("--cases", type=int, default=2000, help="how many cases there must be at least")
    parser.add_argument("--examples", type=int, default=60, help="how many of them per call, of each kind")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Rampart(arguments.binary, folder, arguments.database, SETTINGS) as rampart:
            partner = rampart.create_partner("contract")
            with PartnerClient(rampart.url, partner) as client:
                values = furnish(client)
                permitted = ["2xx", "3xx", "401", "403", "404", "409", "422"]
                (folder / "schemathesis.toml").write_text(configuration(values, permitted))
                status, cases = run_schemathesis(rampart.url, client.http.headers["auth"], folder, arguments.examples, arguments.seed)
            rampart.run("ledger", "verify")
    print(f"{cases} cases; exit code {status}")
    if cases < arguments.cases:
        print(f"too few: at least {arguments.cases} are needed")
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
