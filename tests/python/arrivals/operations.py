"""Operations: what customers, the outside and operators do. Plain data, so that a run can be stored and replayed.

*World* operations change what everybody sees: the clock, prices, blocks, outages. *Lane* operations belong to the customers
of one seed. Amounts are decimal strings in major units. Orders, customers and keys are names inside their lane.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

Moment = tuple[str, int]
"""When the outside says it happened: (`now` | `created` | `held` | `open` | `date`, seconds after it)."""


@dataclass(frozen=True)
class Clock:
    """Business time moves forward."""

    seconds: int


@dataclass(frozen=True)
class Price:
    """The middle of the market moves; `coin` as `USDC.polygon`."""

    coin: str
    fiat: str
    price: str


@dataclass(frozen=True)
class Silence:
    """The price source falls silent, or speaks again."""

    on: bool


@dataclass(frozen=True)
class Outage:
    """What asks a provider fails until further notice, or works again."""

    port: str
    on: bool


@dataclass(frozen=True)
class Blocks:
    """Blocks are made."""

    chain: str
    count: int


@dataclass(frozen=True)
class Reorg:
    """The newest blocks are undone; deposits in them that are `doomed` are forgotten, the others wait for a block again."""

    chain: str
    depth: int


@dataclass(frozen=True)
class Catalogue:
    """The configuration of a method changes under open orders: the process is started again with it."""

    method: str
    key: str
    value: str


@dataclass(frozen=True)
class Register:
    """A customer with a valid identity of a level."""

    customer: str
    country: str
    level: int


@dataclass(frozen=True)
class Buy:
    """An order to buy."""

    order: str
    customer: str
    method: str
    amount: str
    coin: str
    refund_account: bool = False


@dataclass(frozen=True)
class Sell:
    """An order to sell."""

    order: str
    customer: str
    amount: str
    coin: str
    refund_wallet: bool = False


@dataclass(frozen=True)
class Transfer:
    """Money arrives by bank transfer. `named`: whose references it quotes; none on an own account number.

    `account_of`: the order whose account number it is sent to. `payer`: `customer`, `stranger` or `unknown`.
    """

    key: str
    account_of: str
    amount: str
    named: tuple[str, ...]
    payer: str = "customer"
    booked: Moment = ("now", 0)


@dataclass(frozen=True)
class Pay:
    """A processor captures an amount; with `booked` it was paid earlier and is reported now."""

    key: str
    order: str
    amount: str
    booked: Moment = ("now", 0)


@dataclass(frozen=True)
class Chargeback:
    """A capture is taken back."""

    order: str


@dataclass(frozen=True)
class Deposit:
    """Coins are sent to an order's address; they are in the next block, whose own time is `block_time` if it lies."""

    key: str
    order: str
    amount: str
    coin: str
    doomed: bool = False
    block_time: Moment | None = None


@dataclass(frozen=True)
class Operate:
    """An operator's command on an order: `release`, `refund`, `hold` or `cancel`."""

    command: str
    order: str


@dataclass(frozen=True)
class Assign:
    """An operator gives what lies in suspense to an order."""

    key: str
    order: str


@dataclass(frozen=True)
class Standing:
    """A customer's standing changes: `ban`, `unban`, `level 1`, `level 2`, `withdraw` or `verify`."""

    customer: str
    change: str


@dataclass(frozen=True)
class Tainted:
    """The screening provider finds the sender of a receipt on a list."""

    key: str


Operation = (
    Clock | Price | Silence | Outage | Blocks | Reorg | Catalogue | Register | Buy | Sell | Transfer | Pay | Chargeback | Deposit | Operate
    | Assign | Standing | Tainted
)
WORLD = (Clock, Price, Silence, Outage, Blocks, Reorg, Catalogue)

KINDS = {
    kind.__name__: kind
    for kind in (
        Clock, Price, Silence, Outage, Blocks, Reorg, Catalogue, Register, Buy, Sell, Transfer, Pay, Chargeback, Deposit, Operate, Assign,
        Standing, Tainted,
    )
}


def to_json(operation: Operation) -> str:
    """One line."""
    return json.dumps({"kind": type(operation).__name__, **asdict(operation)})


def from_json(line: str) -> Operation:
    """The same again."""
    fields: dict[str, Any] = json.loads(line)
    kind: type[Any] = KINDS[fields.pop("kind")]
    operation: Operation = kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()})
    return operation
