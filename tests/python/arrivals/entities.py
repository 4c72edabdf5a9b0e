"""What the model speaks of: configuration, customers, orders, receipts, items in suspense, events.

Amounts are integers: minor units of a currency, base units of a coin. Times are microseconds of UTC, durations in the
configuration seconds. What arrives for a purchase is money, for a sale coins; *in units* means the units of what arrives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from .money import Fees, Pair
from .timing import SECOND, Source, honoured_until

BUY, SELL = "buy", "sell"
CUSTOMER, STRANGER, UNKNOWN = "customer", "stranger", "unknown"

UNPAID = {BUY: "started", SELL: "created"}
PAID = {BUY: "payment_received", SELL: "crypto_received"}
WAITING_STATUSES = ("started", "pending_bank", "created", "confirming")
ENDED_STATUSES = ("expired", "cancelled", "failed", "refunded", "finished", "coins_sent")

EXCEPTION_KINDS = ("late", "short", "over", "foreign_payer", "wrong_network", "wrong_asset", "duplicate")
HOLD_REASONS = ("amount", "payer", "limit", "identity", "destination", "price", "liquidity", "chain", "bank", "review")
CUSTOMER_SUPPLIES = ("identity", "limit", "destination", "payer")
"""1.4: holds whose reason the customer can end himself: they wait without price."""


class Refusal(Exception):
    """A request that is not granted, with its code. Facts are never refused (4.1)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Policy:
    """9: what is done with what arrives otherwise than asked for."""

    hold_seconds: int
    open_seconds: int
    tolerance_basis_points: int
    short: str
    over: str
    late: str
    hold_foreign_payer: bool
    hold_honours_seconds: int = 86_400


@dataclass(frozen=True)
class Method:
    """How money or coins arrive. `minimum` and `maximum` in minor units of `fiat`.

    `kind`: `redirect` (a processor's page), `concept` (a reference on our account), `virtual_account` (an account number of
    the customer's own) or `deposit` (an address of the order's own).
    """

    name: str
    side: str
    kind: str
    fiat: str
    source: Source
    minimum: int
    maximum: int
    fee_fixed: int
    fee_basis_points: int
    policy: Policy
    enabled: bool = True

    @property
    def priced_on_arrival(self) -> bool:
        """1.5: no promise at all."""
        return self.policy.hold_seconds == 0


@dataclass(frozen=True)
class Coin:
    """A coin on a chain; `minimum` (of a sale) and `maximum` (of an order) in base units.

    `network_fees`: what a customer is charged for a transaction, in minor units of each currency.
    """

    symbol: str
    chain: str
    decimals: int
    minimum: int
    maximum: int
    network_fees: Mapping[str, int]
    enabled: bool = True

    @property
    def asset(self) -> str:
        """Its name as an asset of the books."""
        return f"{self.symbol}.{self.chain}"


@dataclass(frozen=True)
class Fiat:
    """A currency, with the cap on tolerances in minor units (9)."""

    symbol: str
    decimals: int
    tolerance_cap: int


@dataclass(frozen=True)
class Limits:
    """What a level may trade, in minor units: in one order, and in each window of UTC."""

    transaction: int
    day: int
    month: int
    quarter: int


@dataclass
class Customer:
    """Who orders. `document` names whom registrations of one document at one partner share counters with (4.2)."""

    id: str
    partner: str
    document: str
    level: int = 1
    banned: bool = False
    identity_valid: bool = True
    of_age: bool = True
    charged_back: bool = False


@dataclass
class Receipt:
    """Money or coins that arrived: one fact. Every unit of `amount` is in exactly one of its parts."""

    key: str
    asset: str
    amount: int
    source: str
    reported: int | str | None
    seen: int
    last_reading: int | None = None
    interrupted: bool = False
    payer: str = CUSTOMER
    returnable: bool = True
    """Whether the account it came from is known and open (2.5)."""
    named: tuple[str, ...] = ()
    """The orders that its reference, session or address names."""
    account_of: str | None = None
    """The customer on whose own account number it came (2.3)."""
    first_block: int | None = None
    """For coins: the time of the first block in which we saw them (1.1)."""
    hit: bool = False
    place: str = ""
    """Sorts facts of the same moment, where the key by which the binary stores it is known: for coins the transaction."""

    order: str | None = None
    time: int = 0
    assigned: bool = False
    counted: bool = False
    """Whether it is one of the order's own receipts: what `received_amount` sums."""
    applied: bool = False

    waiting: int = 0
    at_promise: int = 0
    at_market: int = 0
    returning: int = 0
    returned: int = 0
    network: int = 0
    """2.5: what of `returning` the network costs, in base units: coins go back less that. Money costs nothing."""
    network_paid: int = 0
    """The same of `returned`."""
    aside: int = 0
    taken_back: int = 0
    kept: int = 0
    written_off: int = 0
    conversion_loss: int = 0
    """What undoing a conversion at its lower worth left with us (3.7)."""
    lost: int = 0
    """What was taken back after it had left: not a part, it left twice and is booked as a loss (5.1)."""

    @property
    def sorted_by(self) -> str:
        """R1: what sorts facts of the same moment."""
        return self.place or self.key

    def parts(self) -> int:
        """The sum of its parts; equal to `amount` once it is applied."""
        return (
            self.waiting + self.at_promise + self.at_market + self.returning + self.returned + self.aside + self.taken_back
            + self.kept + self.written_off + self.conversion_loss
        )


@dataclass
class Item:
    """An item in suspense. It names the order that its receipts name, and is open while a balance is behind it."""

    order: str | None
    reason: str
    receipts: list[str]
    running: bool = False
    """2.6: the one item of an order that gathers what is below the minimum."""


@dataclass(frozen=True)
class Unusual:
    """6.1, 6.2: a flag with its amount (in units) and time. No decision reads it."""

    kind: str
    amount: int
    at: int


@dataclass(frozen=True)
class Event:
    """An event for the partner."""

    order: str
    kind: str
    status: str


@dataclass
class Counted:
    """4.2: an amount counted in the windows of a moment, in minor units."""

    moment: int
    amount: int


@dataclass
class Order:
    """One purchase or sale. `ordered` is in units of what arrives, for ever."""

    id: str
    side: str
    customer: str
    method: Method
    coin: Coin
    fiat: Fiat
    ordered: int
    promise: Fraction
    """The promised price; of an order that is priced on arrival only an estimate."""
    fees: Fees
    """The fees of the moment it was ordered (3.6)."""
    created: int
    held_until: int
    open_until: int
    ordered_out: int
    """What the customer would receive by the ordered terms, in base units of what leaves."""
    refund_destination: bool = False
    """Whether a `refund_account` of the customer's, or a `refund_wallet`, was given (2.5)."""

    status: str = ""
    hold_reason: str | None = None
    held_by_person: bool = False
    decided: bool = False
    decided_at: int | None = None
    held_at: int | None = None
    """When it was first put on hold."""
    settled_by_policy: bool = False
    """Whether the decision was to hold: then what comes later is beside the order."""
    reserved: int = 0
    """Coins (or money) kept for it under the promise, in base units of what leaves."""
    owed: int = 0
    """What is converted and has not left."""
    in_caps: bool = True
    promise_ended_at: int | None = None
    """When it was seen that the promise had ended without money (R31)."""
    counted_ordered: Counted | None = None
    counted_later: list[Counted] = field(default_factory=list)

    out_promise: int = 0
    out_market: int = 0
    fee_promise: int = 0
    fee_market: int = 0
    decided_out: int | None = None
    sent: int = 0
    attempt: str = "none"
    """`none`, `unknown` (made, outcome unknown), `sent`, `failed`."""
    stopped: bool = False
    """Whether it was let go and held again before it was converted (R26)."""
    let_go: bool = False
    """Whether a person with the right let it go: past limits, minimum and maximum (4.1, 7)."""
    exempt_from: set[str] = field(default_factory=set)
    """The faults of standing that the person saw when letting it go; a new one stops it again (4.3)."""
    saw_coins: bool = False
    pending: dict[str, int] = field(default_factory=dict)
    """Deposits in a block that are not confirmed: key and time of the first block."""
    reversal: str | None = None
    loss: int = 0
    unusual: list[Unusual] = field(default_factory=list)
    reported: set[str] = field(default_factory=set)

    @property
    def pair(self) -> Pair:
        return Pair(self.fiat.decimals, self.coin.decimals)

    @property
    def asset_in(self) -> str:
        """What arrives for it."""
        return self.fiat.symbol if self.side == BUY else self.coin.asset

    @property
    def asset_out(self) -> str:
        """What leaves for it."""
        return self.coin.asset if self.side == BUY else self.fiat.symbol

    @property
    def honoured_until(self) -> int:
        return honoured_until(self.held_until, self.method.policy.hold_honours_seconds)

    @property
    def coins_kept_until(self) -> int:
        """1.3: how long the reserved coins stay with an order that received something."""
        return self.held_until + self.method.source.backdating_seconds * SECOND

    @property
    def ended(self) -> bool:
        return self.status in ENDED_STATUSES

    @property
    def is_open(self) -> bool:
        """Whether what arrives can still be its own: it waits, and nothing was judged yet (R22)."""
        return self.status in WAITING_STATUSES
