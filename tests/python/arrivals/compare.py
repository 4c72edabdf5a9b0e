"""Differences between what the model and the binary show, and smaller programs that still show them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .model import View
from .operations import Operation, to_json

FIELDS = ("status", "received", "accepted", "set_aside", "refunded", "sent", "decided", "exceptions", "hold_reason", "answer", "events")
"""What can be compared. `answer`: whether a request is refused, and how. `events`: what was told once, at the end."""


OPEN = {("hold_reason", "destination", "amount")}
"""What the rules leave open: of what is to go back and cannot, 3.3 says that it is held, and not for which reason."""


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


def shrink(
    program: list[Operation], fails: Callable[[list[Operation]], Difference | None], seconds: float,
) -> tuple[list[Operation], Difference | None]:
    """Leaves out operations, in ever smaller pieces, while it still fails the same way and time is left."""
    end = time.monotonic() + seconds
    best = fails(program)
    if best is None:
        return program, None
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
