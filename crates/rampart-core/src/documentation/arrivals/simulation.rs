//! Runs an order and what arrives for it through the state machines until nothing more happens automatically.

use std::time::Duration;

use crate::catalogue::Catalogue;
use crate::example;
use crate::id::{DepositId, FactId, Mint};
use crate::identity::name::AccountHolder;
use crate::ledger::{Origin, Posting};
use crate::money::amount::Amount;
use crate::money::asset::Asset;
use crate::money::rate::Rate;
use crate::order::arrival::{Eligibility, Grade, Leg};
use crate::order::payment::{PaymentFact, PaymentState, Receipt};
use crate::order::rampoff::{DepositReceipt, RampoffFact, RampoffState};
use crate::order::{Context, HoldReason, Order};
use crate::outgoing::ScreeningResult;
use crate::outgoing::{
    Carried, FeeTerms, Lane, Outgoing, OutgoingRecord, Payout, PayoutFact, PayoutState, PendingOutgoing, SignedAttempt, Slot, Transfer,
    TransferFact, TransferPurpose, TransferState, Transmission, TransmissionFact,
};
use crate::ports::{SpentSlot, Unsigned};
use crate::review::ReviewItem;
use crate::step::Step;
use crate::step::fact::{BankCredit, Fact, FactBody, ProcessorPaid};
use crate::step::job::Job;
use crate::step::record::Record;
use crate::step::watch::{Deposit, DepositState};
use crate::text::redacted::Redacted;
use crate::time::Timestamp;

/// An installation without a database: one order and the records its steps wrote.
pub(super) struct ArrivalSimulation<'a> {
    pub(super) catalogue: &'a Catalogue,
    randomness: example::CountingRandomness,
    /// Business time.
    pub(super) now: Timestamp,
    pub(super) price: Option<Rate>,
    pub(super) standing: Eligibility,
    /// Start of the last complete reading of the order's source.
    pub(super) read_at: Option<Timestamp>,
    /// What the commit refuses of requests: an excess of the customer's limits, or coins promised to other orders.
    pub(super) refuses: Option<HoldReason>,
    pub(super) order: Order,
    /// In minor units of what the order receives.
    pub(super) arrived: Amount,
    pub(super) taken_back: Amount,
    /// The present state of every review item.
    pub(super) items: Vec<ReviewItem>,
    pub(super) transfers: Vec<Transfer>,
    pub(super) payouts: Vec<Payout>,
    pub(super) postings: Vec<Posting>,
    /// The reported facts, which decisions about review items read.
    pub(super) facts: Vec<Fact>,
    pub(super) deposits: Vec<Deposit>,
    /// The order's reported money, oldest first.
    pub(super) money: Vec<Receipt>,
    pub(super) refused: Option<String>,
    jobs: Vec<Job>,
}

impl<'a> ArrivalSimulation<'a> {
    /// An order that waits for its first receipt.
    pub(super) fn new(catalogue: &'a Catalogue, make: impl FnOnce(&Catalogue, &Mint<'_>) -> Option<Order>) -> Option<Self> {
        let randomness = example::CountingRandomness::default();
        let order = make(catalogue, &Mint { now: example::START, randomness: &randomness })?;
        Some(Self {
            catalogue,
            randomness,
            now: example::START,
            price: Some(example::price()),
            standing: Eligibility::good(crate::customer::kyc::KycLevel::Basic),
            read_at: None,
            refuses: None,
            order,
            arrived: Amount::ZERO,
            taken_back: Amount::ZERO,
            items: Vec::new(),
            transfers: Vec::new(),
            payouts: Vec::new(),
            postings: Vec::new(),
            facts: Vec::new(),
            deposits: Vec::new(),
            money: Vec::new(),
            refused: None,
            jobs: Vec::new(),
        })
    }

    pub(super) const fn leg(&self) -> Leg {
        match self.order {
            Order::Payment(_) => Leg::Buying,
            Order::Rampoff(_) => Leg::Selling,
        }
    }

    pub(super) const fn mint(&self) -> Mint<'_> {
        Mint { now: self.now, randomness: &self.randomness }
    }

    pub(super) fn pass(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
    }

    pub(super) fn context(&self, grade: Grade) -> Context<'_> {
        let running = match &self.order {
            Order::Payment(payment) => payment.running_item,
            Order::Rampoff(rampoff) => rampoff.running_item,
        };
        let running_item = self.items.iter().find(|item| Some(item.id) == running);
        let context = Context::new(self.mint(), self.catalogue, self.price);
        Context { standing: self.standing, grade, read_at: self.read_at, running_item, ..context }
    }

    /// Commits the outcome of a fact; what is refused is requested again with the next smaller grade.
    pub(super) fn happens(&mut self, decide: impl Fn(Order, &Context<'_>) -> Step) {
        let mut grade = Grade::All;
        let step = loop {
            let step = decide(self.order.clone(), &self.context(grade));
            match self.refusal(&step).and_then(|reason| grade.less(reason)) {
                Some(less) => grade = less,
                None => break step,
            }
        };
        self.take(step);
    }

    fn refusal(&self, step: &Step) -> Option<HoldReason> {
        let is_asked = match self.refuses? {
            HoldReason::Limit => step.raises.iter().any(|raise| raise.ceiling.is_some() && raise.by.is_positive()),
            _ => step.holds.iter().any(|hold| hold.origin == Origin::Request && hold.change.is_positive()),
        };
        self.refuses.filter(|_| is_asked)
    }

    pub(super) fn take(&mut self, step: Step) {
        for record in step.writes {
            match record {
                Record::Payment(payment) => self.order = Order::Payment(payment),
                Record::Rampoff(rampoff) => self.order = Order::Rampoff(rampoff),
                Record::Review(item) => put(&mut self.items, *item, |item| item.id),
                Record::Transfer(transfer) => put(&mut self.transfers, *transfer, |transfer| transfer.id),
                Record::Payout(payout) => put(&mut self.payouts, *payout, |payout| payout.id),
                Record::Deposit(deposit) => put(&mut self.deposits, *deposit, |deposit| deposit.id),
                Record::Job(job) => put(&mut self.jobs, *job, |job| job.id),
                _ => {}
            }
        }
        self.postings.extend(step.postings);
    }

    /// Money arrives by the order's own route; returns the receipt.
    pub(super) fn paid(&mut self, minor: i128, at: Timestamp, payer: Option<&str>) -> Receipt {
        let receipt = self.receipt(minor, at, payer);
        let is_customer = payer.is_none_or(|payer| CUSTOMER_NAMES.can_be(payer));
        self.arrives(receipt.clone(), is_customer);
        receipt
    }

    /// Money arrives without the name and account of its sender.
    pub(super) fn paid_by_nobody(&mut self, minor: i128, at: Timestamp) {
        let receipt = self.receipt(minor, at, None);
        self.arrives(Receipt { source: None, ..receipt }, true);
    }

    /// A receipt is reported.
    pub(super) fn arrives(&mut self, receipt: Receipt, is_customer: bool) {
        self.arrived = plus(self.arrived, receipt.amount);
        self.money.push(receipt.clone());
        self.repeated(receipt, is_customer);
    }

    pub(super) fn repeated(&mut self, receipt: Receipt, is_customer: bool) {
        self.happens(|order, context| order.paid(PaymentFact::Paid { receipt: receipt.clone(), is_customer }, context));
    }

    /// The provider's reference of the next receipt.
    pub(super) fn next_reference(&self) -> String {
        format!("R{}", self.facts.len())
    }

    fn receipt(&mut self, minor: i128, at: Timestamp, payer: Option<&str>) -> Receipt {
        let id: FactId = self.mint().id();
        let Order::Payment(payment) = &self.order else { unreachable!("a sale receives coins") };
        let (amount, holder) = (Amount::from_minor(minor), payer.map(Redacted::new));
        let (reference, currency) = (self.next_reference(), payment.terms.fiat);
        let body = match payment.pay_in {
            crate::order::payment::PayIn::Bank(rail) => FactBody::BankCredit(BankCredit {
                rail,
                line: reference.clone(),
                account: String::new(),
                amount,
                currency,
                concept: None,
                sender_name: holder.clone(),
                sender_account: Some(Redacted::new(reference.clone())),
                booked_at: Some(at),
            }),
            crate::order::payment::PayIn::Processor(processor) => FactBody::ProcessorPaid(ProcessorPaid {
                processor,
                payment: payment.id,
                reference: reference.clone(),
                amount,
                currency,
                holder: holder.clone(),
                paid_at: Some(at),
            }),
        };
        self.facts.push(fact(id, body, self.now));
        let source = Some(Redacted::new(reference));
        Receipt { fact: id, amount, at, holder, source, assigned: false, set_aside: Amount::ZERO, taken_back: Amount::ZERO }
    }

    /// Coins of the order arrive at its address and are confirmed; returns the receipt.
    pub(super) fn deposited(&mut self, minor: i128, at: Timestamp) -> DepositReceipt {
        let Order::Rampoff(rampoff) = &self.order else { unreachable!("a purchase receives money") };
        let coin = rampoff.terms.coin;
        let deposit = self.deposit(coin, minor);
        let seen = DepositReceipt {
            deposit: deposit.id,
            txid: deposit.txid.clone(),
            index: 0,
            amount: deposit.amount,
            at,
            from: deposit.from.clone(),
            confirmations: 0,
            lost: false,
            assigned: false,
            set_aside: Amount::ZERO,
        };
        self.arrived = plus(self.arrived, deposit.amount);
        let confirmed = DepositReceipt { confirmations: 12, ..seen.clone() };
        self.coins(RampoffFact::DepositSeen(seen));
        self.coins(RampoffFact::DepositConfirmed(confirmed.clone()));
        confirmed
    }

    pub(super) fn coins(&mut self, fact: RampoffFact) {
        self.happens(|order, context| order.deposited(fact.clone(), context));
    }

    /// A deposit at the order's address, as stored.
    pub(super) fn deposit(&mut self, coin: crate::money::asset::CoinId, minor: i128) -> Deposit {
        let id: DepositId = self.mint().id();
        let deposit = Deposit {
            id,
            version: 1,
            txid: id.to_string(),
            index: 0,
            coin,
            amount: Amount::from_minor(minor),
            from: "0x03".to_owned(),
            to: "0x04".to_owned(),
            height: 1,
            block: "0x05".to_owned(),
            state: DepositState::Confirmed,
            order: Some(self.order.id()),
            swept: false,
            seen_at: self.now,
            block_time: None,
            read_before: None,
        };
        self.deposits.push(deposit.clone());
        deposit
    }

    /// Time passes, and the order is judged.
    pub(super) fn time_passes(&mut self) {
        self.happens(|order, context| match order {
            Order::Payment(payment) => payment.observe(PaymentFact::TimePassed, context),
            Order::Rampoff(rampoff) => rampoff.observe(RampoffFact::TimePassed, context),
        });
    }

    /// The screening provider answers about the order.
    pub(super) fn screened(&mut self, verdict: &ScreeningResult) {
        self.happens(|order, context| match order {
            Order::Payment(payment) => payment.observe(PaymentFact::Screened { verdict: verdict.clone(), about_refund: true }, context),
            Order::Rampoff(rampoff) => rampoff.observe(RampoffFact::Screened { verdict: verdict.clone(), about_refund: true }, context),
        });
    }

    /// Everything automatic happens and succeeds. With `ordered`, those payouts and transfers and the order itself stay as they
    /// are.
    pub(super) fn goes_on(&mut self, ordered: Option<&[OutgoingRecord]>) {
        // No scenario takes more steps; a cycle must not run forever.
        let _ = (0..MAX_STEPS).take_while(|_| self.goes_a_step(ordered)).count();
    }

    fn goes_a_step(&mut self, ordered: Option<&[OutgoingRecord]>) -> bool {
        let is_asked_about = match &self.order {
            Order::Payment(payment) => matches!(payment.state, PaymentState::PaymentReceived { .. }),
            Order::Rampoff(rampoff) => matches!(rampoff.state, RampoffState::CryptoReceived { .. }),
        };
        if is_asked_about && ordered.is_none() {
            self.screened(&ScreeningResult::Clear);
            return true;
        }
        let is_new = |leaving| ordered.is_none_or(|ordered| !ordered.contains(&leaving));
        let transfer = self.transfers.iter().filter(|transfer| is_new(OutgoingRecord::Transfer(transfer.id)));
        if let Some((transfer, fact)) = transfer.filter_map(|transfer| Some((transfer.clone(), self.next_of_transfer(transfer)?))).next() {
            let outgoing = self.named(transfer.order.is_some(), transfer.resolves);
            let context = self.context(Grade::All);
            let step = match fact {
                TransferFact::Confirmed { txid, confirmations } => in_a_block(transfer, outgoing, txid, confirmations, &context),
                fact => transfer.observe(fact, outgoing, &context),
            };
            self.take(step);
            return true;
        }
        let payout = self.payouts.iter().filter(|payout| is_new(OutgoingRecord::Payout(payout.id)));
        if let Some((payout, fact)) = payout.filter_map(|payout| Some((payout.clone(), next_of_payout(payout)?))).next() {
            let named = self.named(payout.order.is_some(), payout.resolves);
            let step = payout.observe(fact, named, &self.context(Grade::All));
            self.take(step);
            return true;
        }
        false
    }

    fn named(&self, of_order: bool, resolves: Option<crate::id::ReviewId>) -> Outgoing {
        let review = self.items.iter().find(|item| Some(item.id) == resolves).cloned();
        let is_beside = review.as_ref().is_some_and(|item| item.order.is_some() && item.asset == Some(self.order.receives()));
        Outgoing {
            order: of_order.then(|| self.order.clone()),
            beside: is_beside.then(|| self.order.clone()),
            review,
            ..Outgoing::default()
        }
    }

    /// Every payout and transfer created so far.
    pub(super) fn ordered(&self) -> Vec<OutgoingRecord> {
        let transfers = self.transfers.iter().map(|transfer| OutgoingRecord::Transfer(transfer.id));
        transfers.chain(self.payouts.iter().map(|payout| OutgoingRecord::Payout(payout.id))).collect()
    }

    /// What is outgoing for the order, with its jobs.
    pub(super) fn on_its_way(&self) -> Vec<PendingOutgoing> {
        let leaving = self.order.all_pending_outgoing();
        let jobs = |id: String| self.jobs.iter().filter(|job| job.subject == id).cloned().collect();
        let transfers = self.transfers.iter().filter(|transfer| leaving.contains(&OutgoingRecord::Transfer(transfer.id)));
        let payouts = self.payouts.iter().filter(|payout| leaving.contains(&OutgoingRecord::Payout(payout.id)));
        let transfers = transfers.map(|transfer| PendingOutgoing::Transfer(Box::new(transfer.clone()), jobs(transfer.id.to_string())));
        let payouts = payouts.map(|payout| PendingOutgoing::Payout(Box::new(payout.clone()), jobs(payout.id.to_string())));
        transfers.chain(payouts).collect()
    }

    /// How much of what the order receives was returned, to its source or to the customer.
    pub(super) fn went_back(&self) -> Amount {
        match &self.order {
            Order::Payment(_) => {
                let settled = self.payouts.iter().filter(|payout| matches!(payout.state, PayoutState::Settled { .. }));
                settled.fold(Amount::ZERO, |sum, payout| plus(sum, payout.amount))
            }
            Order::Rampoff(_) => self.coins_back().fold(Amount::ZERO, |sum, transfer| plus(sum, transfer.amount)),
        }
    }

    /// How much of that was withheld for the network fee.
    pub(super) fn withheld(&self) -> Amount {
        self.coins_back().fold(Amount::ZERO, |sum, transfer| plus(sum, transfer.withheld))
    }

    fn next_of_transfer(&self, transfer: &Transfer) -> Option<TransferFact> {
        match transfer.state {
            TransferState::Queued if transfer.awaits_screening() => Some(TransferFact::Screened(ScreeningResult::Clear)),
            TransferState::Queued => Some(TransferFact::Signed(self.context(Grade::All).mint.id())),
            TransferState::Signed(_) => Some(TransferFact::Broadcast { txid: "0x01".to_owned() }),
            TransferState::Broadcast(_) => Some(TransferFact::Confirmed { txid: "0x01".to_owned(), confirmations: 12 }),
            TransferState::Recalled(_) | TransferState::Confirmed(_) | TransferState::Failed { .. } => None,
        }
    }

    fn coins_back(&self) -> impl Iterator<Item = &Transfer> {
        self.transfers.iter().filter(|transfer| {
            Asset::from(transfer.coin) == self.order.receives()
                && matches!(transfer.purpose, TransferPurpose::Refund | TransferPurpose::SuspenseReturn)
                && matches!(transfer.state, TransferState::Confirmed(_))
        })
    }
}

const MAX_STEPS: usize = 50;

pub(super) const CUSTOMER: &str = "Ana Luna";
/// The parts of [`CUSTOMER`].
const CUSTOMER_NAMES: AccountHolder<'static> = AccountHolder::Person { given: "Ana", family: "Luna" };

impl Order {
    fn paid(self, fact: PaymentFact, context: &Context<'_>) -> Step {
        match self {
            Self::Payment(payment) => payment.observe(fact, context),
            Self::Rampoff(_) => Step::new(),
        }
    }

    fn deposited(self, fact: RampoffFact, context: &Context<'_>) -> Step {
        match self {
            Self::Rampoff(rampoff) => rampoff.observe(fact, context),
            Self::Payment(_) => Step::new(),
        }
    }
}

pub(super) fn plus(one: Amount, other: Amount) -> Amount {
    Amount::from_minor(one.minor().saturating_add(other.minor()))
}

fn put<T, K: PartialEq>(all: &mut Vec<T>, new: T, key: impl Fn(&T) -> K) {
    match all.iter_mut().find(|known| key(known) == key(&new)) {
        Some(known) => *known = new,
        None => all.push(new),
    }
}

fn fact(id: FactId, body: FactBody, observed_at: Timestamp) -> Fact {
    let natural_key = id.to_string();
    Fact { version: 1, applied: true, ..Fact::new(id, natural_key, body, observed_at) }
}

fn next_of_payout(payout: &Payout) -> Option<PayoutFact> {
    match payout.state {
        PayoutState::Queued if payout.awaits_screening() => Some(PayoutFact::Screened(ScreeningResult::Clear)),
        PayoutState::Queued => Some(PayoutFact::Accepted { reference: "B1".to_owned() }),
        PayoutState::Accepted { .. } => Some(PayoutFact::Settled { reference: "B1".to_owned() }),
        _ => None,
    }
}

/// The transmission of a transfer is in a final block: the transfer is confirmed and its network fee booked.
fn in_a_block(transfer: Transfer, outgoing: Outgoing, txid: String, confirmations: u32, context: &Context<'_>) -> Step {
    let (mint, fee) = (&context.mint, FeeTerms::default());
    let slot = Slot::Nonce { lane: Lane::FIRST, nonce: 0 };
    let unsigned = Unsigned { body: String::new(), fee, cancels: false };
    let attempt = SignedAttempt { txid: txid.clone(), bytes: String::new(), fee, cancels: false, taken: true, signed_at: mint.now };
    let reserved = Transmission::free(mint, transfer.chain(), slot).reserved(vec![transfer.id], unsigned);
    let transmission = Transmission { attempts: vec![attempt], unsigned: None, ..reserved };
    let network_fee = Amount::from_minor(2_000);
    let spent = SpentSlot { txid, height: 1, block: "0x02".to_owned(), succeeded: true, network_fee };
    let carried = Carried { transfer, outgoing, price: context.price };
    transmission.observe(TransmissionFact::Spent { spent, confirmations }, vec![carried], context)
}
