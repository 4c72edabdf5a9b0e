"""Differences between what the model and the binary show, and smaller programs that still show them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .model import View
from .operations import WORLD, Buy, Deposit, Operation, Pay, Sell, Transfer, to_json

FIELDS = ("status", "received", "accepted", "set_aside", "refunded", "sent", "decided", "exceptions", "hold_reason", "answer", "events")
"""What can be compared. `answer`: whether a request is refused, and how. `events`: how often each event was reported, compared at the end."""


OPEN = {("hold_reason", "destination", "amount")}
"""What the rules leave open: of what is to go back and cannot, 3.3 says that it is held, and not for which reason."""

ANSWERED = (("refunded", "refund_pending"), ("finished", "paying_out"))
"""Statuses of the model and of the binary while an answer is on its way."""


@dataclass
class Difference:
    """Where a lane differs first: an order with both views, or an answer."""

    seed: int
    step: int
    order: str
    rows: list[tuple[str, Any, Any]]
    """Field, the model's, the binary's."""
    model: dict[str, Any] = field(default_factory=dict)
    binary: dict[str, Any] = field(default_factory=dict)

    def names(self) -> frozenset[str]:
        """Which fields differ: by that the same difference is recognised again."""
        return frozenset(name for name, _, _ in self.rows)

    def is_underway(self) -> bool:
        """Whether only the bank's or the processor's answer is missing to what goes back or is paid out: that takes a second."""
        statuses = (self.model.get("status"), self.binary.get("status"))
        goes_back = any(name == "refunded" and mine > theirs for name, mine, theirs in self.rows)
        is_behind = statuses in ANSWERED or (statuses[0] == statuses[1] and goes_back)
        return is_behind and self.names() <= {"status", "refunded", "set_aside", "sent"}


def rows(model: View, binary: dict[str, Any], fields: list[str], lenient: bool) -> list[tuple[str, Any, Any]]:
    """The fields in which two views differ."""
    found = []
    for name in fields:
        if name in ("answer", "events") or (lenient and name not in binary):
            continue
        theirs = binary.get(name, "not shown")
        mine = getattr(model, name)
        if mine != theirs and (name, mine, theirs) not in OPEN:
            found.append((name, mine, theirs))
    return found


def describe(difference: Difference, program: list[Operation]) -> str:
    """For a person: seed, step, the operations so far, and both views side by side."""
    lines = ["", f"=== seed {difference.seed}, step {difference.step}, {difference.order}"]
    lines += [f"  {to_json(operation)}" for operation in program]
    lines.append(f"  {'field':<14}{'model':>28}{'binary':>28}")
    differing = difference.names()
    names = list(dict.fromkeys([*difference.model, *difference.binary])) or list(differing)
    by_row = {name: (mine, theirs) for name, mine, theirs in difference.rows}
    for name in names:
        mine, theirs = by_row.get(name, (difference.model.get(name, ""), difference.binary.get(name, "")))
        lines.append(f"{'>' if name in differing else ' '} {name:<14}{mine!s:>28}{theirs!s:>28}")
    for name in differing - set(names):
        lines.append(f"> {name:<14}{by_row[name][0]!s:>28}{by_row[name][1]!s:>28}")
    return "\n".join(lines)


def about(order: str, program: list[Operation]) -> Callable[[Operation], bool]:
    """Whether an operation is about the customer of an order, or happens to everybody."""
    owners = {each.order: each.customer for each in program if isinstance(each, (Buy, Sell))}
    customer = owners.get(order)
    orders = {name for name, owner in owners.items() if owner == customer}
    places = {each.key: each.account_of if isinstance(each, Transfer) else each.order for each in program if isinstance(each, (Transfer, Pay, Deposit))}

    def concerns(operation: Operation) -> bool:
        if isinstance(operation, WORLD) or customer is None:
            return True
        named = {getattr(operation, "order", ""), getattr(operation, "account_of", ""), *getattr(operation, "named", ())}
        is_theirs = getattr(operation, "customer", None) == customer
        return is_theirs or bool(named & orders) or places.get(getattr(operation, "key", "")) in orders

    return concerns


def shrink(
    program: list[Operation], fails: Callable[[list[Operation]], Difference | None], seconds: float,
) -> tuple[list[Operation], Difference | None]:
    """Leaves out operations, in ever smaller pieces, while it still fails the same way and time is left."""
    end = time.monotonic() + seconds
    best = fails(program)
    if best is None:
        return program, None
    # A long program is mostly about others, and each play of it takes minutes.
    concerns = about(best.order, program)
    shorter = [operation for operation in program if concerns(operation)]
    again = fails(shorter) if len(shorter) < len(program) else None
    if again is not None:
        program, best = shorter, again
    size = max(len(program) // 2, 1)
    while size and time.monotonic() < end:
        start = len(program) - size
        while start >= 0 and time.monotonic() < end:
            shorter = program[:start] + program[start + size :]
            again = fails(shorter) if shorter else None
            if again is not None:
                program, best = shorter, again
            start -= size
        size //= 2
    return program, best
