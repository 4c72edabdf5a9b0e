//! Random sequences of facts and commands, compared with a second, simple account of what came in and went out outside.
//!
//! For every sequence: all postings balance; the entries of an order on its customer's account never go below zero and end at zero;
//! nothing leaves twice; the booked loss is exactly what went out beyond what came in; and while there is a loss, nothing on the account
//! can be sent.

mod buying;
mod selling;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use rampart_core::catalogue::Catalogue;
use rampart_core::catalogue::policy::Policy;
use rampart_core::customer::kyc::KycLevel;
use rampart_core::example;
use rampart_core::id::{CustomerId, Mint, PayoutId, TransferId, TransmissionId};
use rampart_core::ledger::{Account, Side};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Asset;
use rampart_core::order::arrival::Eligibility;
use rampart_core::order::{Context, Order, StoppedBy};
use rampart_core::outgoing::{OutgoingRecord, Payout, PayoutFact, PayoutState, PendingOutgoing, Transfer, TransferFact, TransferState};
use rampart_core::ports::ScreeningResult;
use rampart_core::review::{Operator, ReviewItem};
use rampart_core::step::counter::CounterOwner;
use rampart_core::step::fact::PayoutReport;
use rampart_core::step::job::Job;
use rampart_core::step::{CounterChange, Step};
use rampart_core::time::Timestamp;

type CheckResult = Result<(), TestCaseError>;

const MAX_CHOICES: usize = 32;

proptest! {
    #![proptest_config(ProptestConfig { cases: 6 * ProptestConfig::default().cases, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_a_purchase(
        policy in policy(),
        by_card in any::<bool>(),
        choices in proptest::collection::vec(any::<u16>(), 1..MAX_CHOICES),
    ) {
        buying::play(policy, by_card, &choices)?;
    }

    #[test]
    fn whatever_happens_to_a_sale(
        policy in policy(),
        refund_wallet in any::<bool>(),
        choices in proptest::collection::vec(any::<u16>(), 1..MAX_CHOICES),
    ) {
        selling::play(policy, refund_wallet, &choices)?;
    }
}

fn policy() -> impl Strategy<Value = Policy> {
    prop_oneof![Just(example::MARKET), Just(example::BACK), Just(example::HOLD)]
}

/// The input of a decision: sometimes without a price, or without a reading after the quote.
fn context<'a>(mint: Mint<'a>, catalogue: &'a Catalogue, items: &'a [ReviewItem], choice: u16) -> Context<'a> {
    Context {
        standing: Eligibility::good(KycLevel::Basic),
        read_at: (!choice.is_multiple_of(5)).then_some(mint.now),
        running_item: items.iter().rev().find(|item| item.resolution.is_none() && item.reason.contains("too small")),
        ..Context::new(mint, catalogue, (!choice.is_multiple_of(7)).then(example::price))
    }
}

/// One of several, chosen by a number.
fn pick<T: Clone>(of: &[T], choice: u16) -> T {
    of[usize::from(choice) % of.len()].clone()
}

/// The next facts about a transfer; likely ones appear twice.
fn transfer_facts(transfer: &Transfer) -> Vec<TransferFact> {
    let (reason, txid) = ("refused".to_owned(), transfer.id.to_string());
    let signed = TransferFact::Signed(TransmissionId::first_at(Timestamp::default()));
    let broadcast = TransferFact::Broadcast { txid: txid.clone() };
    let confirmed = TransferFact::Confirmed { txid, confirmations: 12 };
    match transfer.state {
        TransferState::Queued if transfer.awaits_screening() => {
            let clear = TransferFact::Screened(ScreeningResult::Clear);
            vec![clear.clone(), clear, TransferFact::Screened(ScreeningResult::Hit { reason: "listed".to_owned() })]
        }
        TransferState::Queued => vec![signed.clone(), signed, TransferFact::Refused { reason }],
        TransferState::Signed(_) => {
            let others = [TransferFact::NotDelivered { reason }, TransferFact::NotSigned, TransferFact::Recalled];
            [broadcast.clone(), broadcast].into_iter().chain(others).collect()
        }
        TransferState::Recalled(_) => vec![broadcast, TransferFact::NotDelivered { reason }],
        TransferState::Broadcast(_) => vec![
            confirmed.clone(),
            confirmed,
            TransferFact::Reverted,
            TransferFact::Vanished { reason: reason.clone() },
            TransferFact::NotDelivered { reason },
        ],
        TransferState::Confirmed(_) => vec![TransferFact::Unconfirmed],
        TransferState::Failed { .. } => Vec::new(),
    }
}

/// The next facts about a payout.
fn payout_facts(payout: &Payout) -> Vec<PayoutFact> {
    let (reference, reason) = ("R1".to_owned(), "closed account".to_owned());
    let stopped = PayoutFact::Stopped { by: StoppedBy::Operator, reason: "a doubt".to_owned() };
    let accepted = PayoutFact::Accepted { reference: reference.clone() };
    let refused = PayoutFact::Refused { reason: reason.clone() };
    let (settled, failed) = (PayoutFact::Settled { reference }, PayoutFact::Failed { reason });
    match payout.state {
        PayoutState::Queued if payout.awaits_screening() => {
            let clear = PayoutFact::Screened(ScreeningResult::Clear);
            vec![clear.clone(), clear, PayoutFact::Screened(ScreeningResult::Hit { reason: "listed".to_owned() }), stopped]
        }
        PayoutState::Queued => vec![accepted, settled, failed, refused, stopped, PayoutFact::Unknown],
        PayoutState::Unknown => vec![accepted, settled, failed, PayoutFact::NeverArrived, said(true), said(false)],
        PayoutState::Accepted { .. } => vec![settled, failed, said(true), said(false)],
        PayoutState::Settled { .. } => vec![failed],
        // Facts override reports of operators.
        PayoutState::Failed { .. } => vec![settled],
        PayoutState::Returned { .. } => Vec::new(),
    }
}

/// The report of an operator about a payout.
fn said(arrived: bool) -> PayoutFact {
    let word = match arrived {
        true => PayoutReport::Settled { reference: "B-1".to_owned() },
        false => PayoutReport::Failed { reason: "the bank says so".to_owned() },
    };
    PayoutFact::Said { by: "luis".to_owned(), word }
}

/// The outgoing payout or transfer of an order, as loaded with another fact; its job may be leased by a worker.
fn instead(order: &Order, payouts: &[Payout], transfers: &[Transfer], is_held: bool, mint: &Mint<'_>) -> Option<PendingOutgoing> {
    let job = |job: Job| Job { leased_until: is_held.then_some(mint.now), ..job };
    match order.on_its_way()? {
        OutgoingRecord::Payout(id) => {
            let payout = payouts.iter().find(|payout| payout.id == id)?.clone();
            let jobs = vec![job(payout.first_job(mint))];
            Some(PendingOutgoing::Payout(Box::new(payout), jobs))
        }
        OutgoingRecord::Transfer(id) => {
            let transfer = transfers.iter().find(|transfer| transfer.id == id)?.clone();
            let jobs = vec![job(transfer.first_job(mint))];
            Some(PendingOutgoing::Transfer(Box::new(transfer), jobs))
        }
    }
}

/// The operator who decides about suspense.
fn operator() -> Operator {
    Operator { actor: "luis".to_owned(), reason: "the customer asked".to_owned() }
}

/// Replaces the earlier version of a record, or appends it.
fn put<T>(among: &mut Vec<T>, record: T, is_the_same: impl Fn(&T, &T) -> bool) {
    match among.iter().position(|known| is_the_same(known, &record)) {
        Some(place) => among[place] = record,
        None => among.push(record),
    }
}

/// Ledger balances, holds and open orders after the steps.
#[derive(Default)]
struct LedgerModel {
    sums: BTreeMap<(Account, Asset), i128>,
    held: i128,
    open: i128,
    /// In the daily limit of the customer.
    counted: i128,
}

impl LedgerModel {
    const CUSTOMER: Account = Account::Customer(CustomerId(1));

    fn of(&self, account: Account, asset: impl Into<Asset>) -> i128 {
        self.sums.get(&(account, asset.into())).copied().unwrap_or_default()
    }

    /// The balance of the customer.
    fn customer(&self, asset: impl Into<Asset>) -> i128 {
        self.of(Self::CUSTOMER, asset)
    }

    fn take(&mut self, step: &Step) -> CheckResult {
        for posting in &step.postings {
            let mut balance: BTreeMap<Asset, i128> = BTreeMap::new();
            for entry in posting.entries() {
                prop_assert!(entry.amount.is_positive(), "{:?}", posting);
                *balance.entry(entry.asset).or_default() +=
                    if entry.side == Side::Debit { entry.amount.minor() } else { -entry.amount.minor() };
                *self.sums.entry((entry.account, entry.asset)).or_default() += entry.effect().minor();
            }
            prop_assert!(balance.values().all(|sum| *sum == 0), "{:?} does not balance", posting);
            for asset in balance.keys() {
                prop_assert!(self.customer(*asset) >= 0, "{:?} takes the order's entries below zero", posting);
            }
        }
        // Returns from suspense have holds of their own, beside the hold of the order.
        let promised = step.holds.iter().filter(|hold| hold.account != Account::Suspense);
        self.held += promised.map(|hold| hold.change.minor()).sum::<i128>();
        let open = |raise: &&CounterChange| matches!(raise.counter.owner, CounterOwner::Customer(_)) && raise.counter.what == "open:orders";
        self.open += step.raises.iter().filter(open).map(|raise| raise.by.minor()).sum::<i128>();
        let counted = |raise: &&CounterChange| raise.counter.what.starts_with("limit:") && raise.counter.what.contains(":day:");
        self.counted += step.raises.iter().filter(counted).map(|raise| raise.by.minor()).sum::<i128>();
        Ok(())
    }
}

/// What banks and chains report about our own money and coins, independent of our records.
#[derive(Debug, Default)]
struct OutsideModel {
    money_out: BTreeMap<PayoutId, i128>,
    coins_out: BTreeMap<TransferId, i128>,
}

impl OutsideModel {
    fn report_payout(&mut self, payout: &Payout, fact: &PayoutFact) {
        match fact {
            PayoutFact::Accepted { .. } | PayoutFact::Settled { .. } => self.money_out.insert(payout.id, minor(payout.amount)),
            PayoutFact::Failed { .. } | PayoutFact::Refused { .. } => self.money_out.remove(&payout.id),
            // A report of an operator moves no money, but counts until the bank reports otherwise.
            PayoutFact::Said { word: PayoutReport::Settled { .. }, .. } => self.money_out.insert(payout.id, minor(payout.amount)),
            PayoutFact::Said { .. } => self.money_out.remove(&payout.id),
            PayoutFact::Screened(_)
            | PayoutFact::Outdated
            | PayoutFact::PayableStepChanged
            | PayoutFact::Stopped { .. }
            | PayoutFact::Unknown
            | PayoutFact::NeverArrived => None,
        };
    }

    fn report_transfer(&mut self, transfer: &Transfer, fact: &TransferFact) {
        match fact {
            TransferFact::Broadcast { .. } | TransferFact::Confirmed { .. } => self.coins_out.insert(transfer.id, minor(transfer.amount)),
            TransferFact::Stopped { .. } | TransferFact::Refused { .. } | TransferFact::Reverted | TransferFact::NotDelivered { .. } => {
                self.coins_out.remove(&transfer.id)
            }
            TransferFact::Screened(_)
            | TransferFact::Outdated
            | TransferFact::Signed(_)
            | TransferFact::NotSigned
            | TransferFact::Recalled
            | TransferFact::Unconfirmed
            | TransferFact::Vanished { .. } => None,
        };
    }

    /// Our balances equal what came in less what went out.
    fn check(&self, books: &LedgerModel, money_in: i128) -> CheckResult {
        let money: i128 =
            books.sums.iter().filter(|((account, _), _)| matches!(account, Account::Bank(_) | Account::Card(_))).map(|(_, sum)| sum).sum();
        prop_assert_eq!(money, money_in - self.money_out.values().sum::<i128>(), "the books and the bank agree");
        let coins = books.of(Account::ChainHot(USDC.chain), USDC);
        prop_assert_eq!(coins, -self.coins_out.values().sum::<i128>(), "the books and the chain agree");
        Ok(())
    }
}

/// What came in, what left, and what the ledger has for the order, in minor units of what the customer gave.
#[derive(Debug)]
struct FlowTotals {
    /// Received for the order and not reversed.
    came: i128,
    /// Sent, or ordered to be sent and not failed.
    gone: i128,
    /// On the account of the customer and not on its way out.
    free: i128,
    lost: i128,
}

impl FlowTotals {
    fn check(&self) -> CheckResult {
        prop_assert_eq!(self.lost, (self.gone - self.came).max(0), "lost is what has gone beyond what came: {:?}", self);
        prop_assert_eq!(self.free, (self.came - self.gone).max(0), "free is what came and has not gone: {:?}", self);
        Ok(())
    }
}

fn minor(amount: Amount) -> i128 {
    amount.minor()
}

const EUR: rampart_core::money::asset::Currency = example::EUR;
const USDC: rampart_core::money::asset::CoinId = example::USDC;
