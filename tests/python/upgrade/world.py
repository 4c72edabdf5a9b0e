"""The simulated world's file, read and set from beside: what has left us in all, and what time it is there."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Left:
    """What was handed to the world to leave us. What came back later is in it: it had left."""

    transactions: dict[str, tuple[str, str, str]]
    """By txid: recipient, coin and minor units of what our wallets sent."""
    payouts: dict[str, tuple[str, str, str]]
    """By the payout's id: rail or processor, account and minor units."""

    def since(self, before: "Left") -> "Left":
        """What has left after that."""
        return Left(
            {txid: sent for txid, sent in self.transactions.items() if txid not in before.transactions},
            {payout: paid for payout, paid in self.payouts.items() if payout not in before.payouts},
        )


def left(file: Path) -> Left:
    """Reads the books of every chain, bank and processor. What its chain reverted, or included another attempt of, has not left."""
    with closing(sqlite3.connect(file, timeout=30)) as connection:
        # Only wallets of ours have nonces. What one sends to itself only fills the place of a transaction that was refused.
        sent = connection.execute("SELECT txid, recipient, symbol, amount FROM transactions WHERE nonce IS NOT NULL AND sender <> recipient AND state IN (0, 1)")
        transactions = {txid: (recipient, symbol, amount) for txid, recipient, symbol, amount in sent}
        paid = connection.execute("SELECT id, name, account, amount FROM payouts")
        return Left(transactions, {payout: (name, account, amount) for payout, name, account, amount in paid})


def set_clock(file: Path, moment: datetime) -> None:
    """Makes business time go on from a moment, whatever the machine's clock says. Nobody may use the file."""
    wanted = int(moment.timestamp() * 1_000_000)
    with closing(sqlite3.connect(file)) as connection:
        settings = json.loads(connection.execute("SELECT body FROM settings").fetchone()[0])
        settings["clock_offset"] = wanted - time.time_ns() // 1_000
        settings["version"] += 1
        connection.execute("UPDATE settings SET body = ?", [json.dumps(settings)])
        connection.commit()
