//! Every posting of a payment itself; [`crate::outgoing`] has those of its transfers and payouts.

use super::Payment;
use crate::id::Mint;
use crate::ledger::{Account, FeeKind, LossKind, Movement, Origin, Posting, PostingKind};
use crate::money::amount::Amount;
use crate::order::arrival::Exchange;

impl Payment {
    fn posting(&self, mint: &Mint<'_>, kind: PostingKind, movements: &[Movement]) -> Option<Posting> {
        Posting::moving(mint, kind, Origin::Fact, Some(self.id), movements)
    }

    /// Money arrived: `bank` or `card` is debited, `customer` credited.
    pub(super) fn post_received(&self, mint: &Mint<'_>, amount: Amount) -> Option<Posting> {
        let movement = Movement::new(self.pay_in.account(), Account::Customer(self.customer), self.terms.fiat, amount);
        self.posting(mint, PostingKind::PaymentReceived, &[movement])
    }

    /// Money arrived that the order cannot use: `bank` or `card` is debited, `suspense` credited.
    pub(super) fn post_suspense(&self, mint: &Mint<'_>, amount: Amount) -> Option<Posting> {
        let movement = Movement::new(self.pay_in.account(), Account::Suspense, self.terms.fiat, amount);
        self.posting(mint, PostingKind::SuspenseReceived, &[movement])
    }

    /// Money of the order is set aside: `customer` is debited, `suspense` credited.
    pub(super) fn post_set_aside(&self, mint: &Mint<'_>, amount: Amount) -> Option<Posting> {
        let movement = Movement::new(Account::Customer(self.customer), Account::Suspense, self.terms.fiat, amount);
        self.posting(mint, PostingKind::SetAside, &[movement])
    }

    /// Money becomes coins: `customer` is debited for the whole amount, `fees` and `fx` credited; `fx` is debited for the
    /// coins, `customer` credited.
    pub(super) fn post_conversion(&self, mint: &Mint<'_>, exchange: &Exchange) -> Option<Posting> {
        self.posting(mint, PostingKind::Conversion, &self.conversion(exchange))
    }

    /// Reverses a conversion whose coins could not leave.
    pub(super) fn post_conversion_undone(&self, mint: &Mint<'_>, exchange: &Exchange) -> Option<Posting> {
        let movements = self.conversion(exchange).map(|movement| Movement { debit: movement.credit, credit: movement.debit, ..movement });
        self.posting(mint, PostingKind::ConversionUndone, &movements)
    }

    fn conversion(&self, exchange: &Exchange) -> [Movement; 4] {
        let (customer, fiat) = (Account::Customer(self.customer), self.terms.fiat);
        let net = Amount::from_minor(exchange.accepted().minor() - exchange.fees().minor());
        [
            Movement::new(customer, Account::Fees(FeeKind::Processing), fiat, exchange.fee_processing),
            Movement::new(customer, Account::Fees(FeeKind::Network), fiat, exchange.fee_network),
            Movement::new(customer, Account::Fx, fiat, net),
            Movement::new(Account::Fx, customer, self.terms.coin, exchange.gives),
        ]
    }

    /// A chargeback. `from_customer` was still on the customer's account and `from_losses` was gone: these accounts are
    /// debited, the account the money arrived on credited.
    pub(super) fn post_chargeback(&self, mint: &Mint<'_>, source: Account, from_customer: Amount, from_losses: Amount) -> Option<Posting> {
        let movements = [
            Movement::new(Account::Customer(self.customer), source, self.terms.fiat, from_customer),
            Movement::new(Account::Losses(LossKind::Chargeback), source, self.terms.fiat, from_losses),
        ];
        self.posting(mint, PostingKind::Chargeback, &movements)
    }

    /// Money that a chargeback had booked as lost is on the customer's account (or in suspense) again: that account is debited,
    /// `losses` credited.
    pub(super) fn post_loss_recovered(&self, mint: &Mint<'_>, lies_on: Account, amount: Amount) -> Option<Posting> {
        let movement = Movement::new(lies_on, Account::Losses(LossKind::Chargeback), self.terms.fiat, amount);
        self.posting(mint, PostingKind::LossRecovered, &[movement])
    }
}
