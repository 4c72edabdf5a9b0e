//! Postings: sets of entries that balance in every asset, and the holds beside them.

use crate::id::{Mint, OrderId, PostingId};
use crate::ledger::{Account, Side};
use crate::money::amount::{Amount, Overflow};
use crate::money::asset::Asset;
use crate::text::words::words;
use crate::time::Timestamp;

/// One side of a movement: debits or credits an account with a positive amount of one asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub account: Account,
    pub asset: Asset,
    pub side: Side,
    /// In minor units; above zero.
    pub amount: Amount,
}

impl Entry {
    /// A debit entry.
    #[must_use]
    pub fn debit(account: Account, asset: impl Into<Asset>, amount: Amount) -> Self {
        Self { account, asset: asset.into(), side: Side::Debit, amount }
    }

    /// A credit entry.
    #[must_use]
    pub fn credit(account: Account, asset: impl Into<Asset>, amount: Amount) -> Self {
        Self { account, asset: asset.into(), side: Side::Credit, amount }
    }

    /// The change of the account's balance, on the account's own side.
    #[must_use]
    pub fn effect(&self) -> Amount {
        if self.side == self.account.side() { self.amount } else { self.amount.negated() }
    }
}

/// An amount of one asset, debited from one account and credited to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movement {
    pub debit: Account,
    pub credit: Account,
    pub asset: Asset,
    /// In minor units.
    pub amount: Amount,
}

impl Movement {
    /// Debits `debit` and credits `credit`.
    #[must_use]
    pub fn new(debit: Account, credit: Account, asset: impl Into<Asset>, amount: Amount) -> Self {
        Self { debit, credit, asset: asset.into(), amount }
    }
}

macro_rules! posting_kinds {
    ($($name:ident $text:tt $debit:literal $credit:literal $meaning:literal;)+) => {
        words! {
            /// Kind of a posting. Each is one named function of [`crate::order::payment`], [`crate::order::rampoff`], [`crate::outgoing`] or
            /// [`crate::ledger::treasury`]; the documentation's list of postings is generated from this table.
            PostingKind { $(#[doc = $meaning] $name = $text),+ }
        }

        impl PostingKind {
            /// What the posting means.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning),+ }
            }

            /// The accounts it debits, and the accounts it credits.
            #[must_use]
            pub const fn accounts(self) -> (&'static str, &'static str) {
                match self { $(Self::$name => ($debit, $credit)),+ }
            }
        }
    };
}

posting_kinds! {
    PaymentReceived "payment_received" "`bank` or `card`" "`customer`" "A customer's money arrived.";
    Conversion "conversion" "`customer`, `fx`" "`fx`, `customer`, `fees`" "Money was turned into coins, or coins into money, at an order's terms.";
    ConversionUndone "conversion_undone" "`fx`, `customer`, `fees`" "`customer`, `fx`" "A conversion was reversed because the coins or the money did not leave.";
    CoinsBroadcast "coins_broadcast" "`in_transit`" "`chain:hot` or `chain:deposits`" "Coins were handed to a chain.";
    CoinsConfirmed "coins_confirmed" "`customer`, `suspense`, `capital` or `chain:hot`" "`in_transit` and, for what is withheld of what goes back, `fees`" "A chain confirmed coins that we sent.";
    CoinsUnconfirmed "coins_unconfirmed" "`in_transit` and `fees`" "`customer`, `suspense`, `capital` or `chain:hot`" "A reorganisation removed coins that we sent; the same signed bytes are pending again.";
    CoinsReturned "coins_returned" "`chain:hot` or `chain:deposits`" "`in_transit`" "A chain reverted a transfer of ours; the coins never left.";
    NetworkFee "network_fee" "`network_fees`" "`chain:hot` or `chain:deposits`" "The network fee of a transaction of ours.";
    DepositReceived "deposit_received" "`chain:deposits`" "`customer` or `losses`" "Coins arrived at a deposit address and were confirmed.";
    DepositUndone "deposit_undone" "`customer`, `suspense` or `losses`" "`chain:deposits`" "A reorganisation removed a confirmed deposit.";
    PayoutAccepted "payout_accepted" "`in_transit`" "`bank` or `card`" "Money was handed to a rail.";
    PayoutSettled "payout_settled" "`customer`, `suspense` or `losses`" "`in_transit` and, for what a rail cannot pay of it, `fees`" "The rail confirmed that money arrived.";
    PayoutFailed "payout_failed" "`bank` or `card`" "`in_transit`" "A payout that a rail had taken came back before it was settled.";
    PayoutReturned "payout_returned" "`bank` or `card`" "`suspense` or `losses`" "A settled payout was returned by the receiving bank.";
    Chargeback "chargeback" "`customer`, `suspense` or `losses`" "`bank` or `card`" "A payment was charged back or returned.";
    LossRecovered "loss_recovered" "`customer` or `suspense`" "`losses` and, for what a rail cannot pay of it, `fees`" "What was booked as lost had not left after all, or came back.";
    SuspenseReceived "suspense_received" "`bank`, `card` or `chain:deposits`" "`suspense`" "Something arrived that belongs to no order.";
    SuspenseAssigned "suspense_assigned" "`suspense`" "`bank`, `card` or `chain:deposits`" "A suspense booking was reversed, for an order to receive the amount.";
    SetAside "set_aside" "`customer` or `capital`" "`suspense`" "What an order does not use, or what had been kept, was moved to suspense for an operator.";
    WrittenOff "written_off" "`losses` or `suspense`" "any account, or `capital`" "An amount was written off.";
    CapitalFunded "capital_funded" "`bank` or `chain:hot`" "`capital`" "The company added funds.";
    CapitalWithdrawn "capital_withdrawn" "`capital`" "`bank` or `chain:hot`" "The company withdrew funds.";
}

/// Whether floors bind a posting: requests are bound, facts are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// It was requested and may be refused.
    Request,
    /// It has happened outside and is posted whatever the balance.
    Fact,
}

/// A balanced set of entries. Made only by [`Posting::new`], which checks the balance, and [`Posting::moving`], which balances
/// by construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    id: PostingId,
    kind: PostingKind,
    origin: Origin,
    order: Option<OrderId>,
    entries: Vec<Entry>,
    posted_at: Timestamp,
}

/// The entries do not make a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unbalanced {
    #[error("debits and credits of {asset} differ")]
    Asset { asset: Asset },
    #[error("an entry on {account} is not above zero")]
    NotPositive { account: Account },
    #[error("a posting needs entries")]
    Empty,
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

impl Posting {
    /// Checks the balance and makes a posting.
    ///
    /// # Errors
    /// [`Unbalanced`] when debits and credits differ in any asset, or an entry is not above zero.
    pub fn new(
        mint: &Mint<'_>,
        kind: PostingKind,
        origin: Origin,
        order: Option<OrderId>,
        entries: Vec<Entry>,
    ) -> Result<Self, Unbalanced> {
        if entries.is_empty() {
            return Err(Unbalanced::Empty);
        }
        let mut sums: Vec<(Asset, Amount)> = Vec::with_capacity(2);
        for entry in &entries {
            if !entry.amount.is_positive() {
                return Err(Unbalanced::NotPositive { account: entry.account });
            }
            let signed = if entry.side == Side::Debit { entry.amount } else { entry.amount.negated() };
            match sums.iter_mut().find(|(asset, _)| *asset == entry.asset) {
                Some((_, sum)) => *sum = sum.plus(signed)?,
                None => sums.push((entry.asset, signed)),
            }
        }
        match sums.iter().find(|(_, sum)| !sum.is_zero()) {
            Some((asset, _)) => Err(Unbalanced::Asset { asset: *asset }),
            None => Ok(Self { id: mint.id(), kind, origin, order, entries, posted_at: mint.now }),
        }
    }

    /// Makes a posting of movements, each a debit and a credit of the same amount. Movements of zero are left out; `None` if
    /// nothing is left.
    #[must_use]
    pub fn moving(mint: &Mint<'_>, kind: PostingKind, origin: Origin, order: Option<OrderId>, movements: &[Movement]) -> Option<Self> {
        let moved = movements.iter().filter(|movement| movement.amount.is_positive());
        let entries: Vec<Entry> = moved
            .flat_map(|movement| {
                [
                    Entry::debit(movement.debit, movement.asset, movement.amount),
                    Entry::credit(movement.credit, movement.asset, movement.amount),
                ]
            })
            .collect();
        (!entries.is_empty()).then(|| Self { id: mint.id(), kind, origin, order, entries, posted_at: mint.now })
    }

    /// The posting's identifier.
    #[must_use]
    pub const fn id(&self) -> PostingId {
        self.id
    }

    /// Why money moved.
    #[must_use]
    pub const fn kind(&self) -> PostingKind {
        self.kind
    }

    /// Whether floors bind it.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// The order it belongs to.
    #[must_use]
    pub const fn order(&self) -> Option<OrderId> {
        self.order
    }

    /// The entries, at least two.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Time of the decision (business time).
    #[must_use]
    pub const fn posted_at(&self) -> Timestamp {
        self.posted_at
    }
}

/// A change of what is held on an account: positive to hold, negative to release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    pub account: Account,
    pub asset: Asset,
    /// In minor units.
    pub change: Amount,
    pub origin: Origin,
}
