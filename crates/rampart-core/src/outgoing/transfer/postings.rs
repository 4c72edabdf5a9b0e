//! Every posting of a transfer itself.

use super::{Transfer, TransferPurpose, TransferSource};
use crate::id::Mint;
use crate::ledger::{Account, FeeKind, Movement, Origin, Posting, PostingKind};

impl Transfer {
    fn wallet(&self) -> Account {
        match self.source {
            TransferSource::Hot => Account::ChainHot(self.chain()),
            TransferSource::Deposit(_) => Account::ChainDeposits(self.chain()),
        }
    }

    fn destination(&self) -> Account {
        match (self.purpose, self.customer) {
            (TransferPurpose::Sweep, _) => Account::ChainHot(self.chain()),
            (TransferPurpose::Withdrawal, _) => Account::Capital,
            (_, Some(customer)) => Account::Customer(customer),
            (_, None) => Account::Suspense,
        }
    }

    fn post(&self, mint: &Mint<'_>, kind: PostingKind, debit: Account, credit: Account) -> Option<Posting> {
        Posting::moving(mint, kind, Origin::Fact, self.order, &[Movement::new(debit, credit, self.coin, self.amount)])
    }

    /// The chain accepted it: `in_transit` is debited, the wallet credited.
    pub(super) fn post_broadcast(&self, mint: &Mint<'_>) -> Option<Posting> {
        self.post(mint, PostingKind::CoinsBroadcast, Account::InTransit(self.chain()), self.wallet())
    }

    /// It is confirmed: `customer` (or `suspense`, `capital`, the hot wallet) is debited, `in_transit` credited; for what is
    /// withheld the same account is debited, `fees:network` credited.
    pub(super) fn post_confirmed(&self, mint: &Mint<'_>) -> Option<Posting> {
        Posting::moving(mint, PostingKind::CoinsConfirmed, Origin::Fact, self.order, &self.arrival())
    }

    /// A reorganisation removed it: reverses [`Transfer::post_confirmed`]; the same signed bytes are pending again.
    pub(super) fn post_unconfirmed(&self, mint: &Mint<'_>) -> Option<Posting> {
        let movements = self.arrival().map(|movement| Movement { debit: movement.credit, credit: movement.debit, ..movement });
        Posting::moving(mint, PostingKind::CoinsUnconfirmed, Origin::Fact, self.order, &movements)
    }

    fn arrival(&self) -> [Movement; 2] {
        let from = self.destination();
        [
            Movement::new(from, Account::InTransit(self.chain()), self.coin, self.amount),
            Movement::new(from, Account::Fees(FeeKind::Network), self.coin, self.withheld),
        ]
    }

    /// The chain reverted it after it had accepted it: the wallet is debited, `in_transit` credited.
    pub(super) fn post_returned(&self, mint: &Mint<'_>) -> Option<Posting> {
        self.post(mint, PostingKind::CoinsReturned, self.wallet(), Account::InTransit(self.chain()))
    }
}
