"""Windows: how much a customer may trade (rule 4.2), and what asks them (rule 4.1).

Windows are days, months and quarters of UTC. Counters belong to a document at a partner, per currency. Amounts are minor
units.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from .entities import Counted, Customer, Limits
from .timing import EPOCH


def windows_of(moment: int) -> tuple[str, str, str]:
    """The day, month and quarter of a moment, as names."""
    date = (EPOCH + timedelta(microseconds=moment)).date()
    return f"day {date.isoformat()}", f"month {date.year}-{date.month:02}", f"quarter {date.year}-{(date.month - 1) // 3 + 1}"


class Windows:
    """The counters. Counting never refuses; asking is separate."""

    def __init__(self) -> None:
        self.counters: defaultdict[tuple[str, str, str, str], int] = defaultdict(int)

    def count(self, customer: Customer, fiat: str, moment: int, amount: int) -> Counted:
        """Counts in the windows of `moment`, and says what was counted so that it can be given back there."""
        counted = Counted(moment, 0)
        self.change(customer, fiat, counted, amount)
        return counted

    def change(self, customer: Customer, fiat: str, counted: Counted, amount: int) -> None:
        """4.2: what was counted becomes `amount`, in the windows it was counted in."""
        for window in windows_of(counted.moment):
            self.counters[(customer.partner, customer.document, fiat, window)] += amount - counted.amount
            assert self.counters[(customer.partner, customer.document, fiat, window)] >= 0
        counted.amount = amount

    def used(self, customer: Customer, fiat: str, moment: int) -> tuple[int, int, int]:
        """What is counted in the day, month and quarter of a moment."""
        day, month, quarter = (self.counters[(customer.partner, customer.document, fiat, window)] for window in windows_of(moment))
        return day, month, quarter

    def fits(self, customer: Customer, fiat: str, moment: int, amount: int, transaction: int, limits: Limits) -> bool:
        """4.1: whether `amount` more fits every window, and the whole order of `transaction` the transaction limit."""
        if transaction > limits.transaction:
            return False
        ceilings = (limits.day, limits.month, limits.quarter)
        return all(used + amount <= ceiling for used, ceiling in zip(self.used(customer, fiat, moment), ceilings, strict=True))
