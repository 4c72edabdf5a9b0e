//! Suspense: what arrived for nobody, or for an order that cannot use it. It lies there until a person says whose it is,
//! and follows the chain that brought it.

use crate::amount::Amount;
use crate::asset::{Asset, CoinId, Currency};
use crate::fact::{Fact, FactBody};
use crate::id::{FactId, Mint, OrderId};
use crate::job::Job;
use crate::ledger::Account;
use crate::order::{Beside, Context, Order};
use crate::outgoing::{
    Outgoing, Payout, PayoutDestination, PayoutPurpose, PayoutState, Route, Screening, Transfer, TransferFact, TransferPurpose,
    TransferSource, TransferState,
};
use crate::payment::{Payment, PaymentFact, Receipt};
use crate::rampoff::{DepositReceipt, Rampoff, RampoffFact};
use crate::record::{Record, RecordKey};
use crate::redacted::Redacted;
use crate::refusal::Refusal;
use crate::review::{About, Decision, Operator, Resolution, ReviewItem, ReviewKind, refuse};
use crate::step::Step;
use crate::treasury;
use crate::watch::{Deposit, DepositState};

/// Something that arrived and belongs to no order.
#[derive(Debug, Clone)]
pub struct Stray {
    /// The fact that told of it.
    pub fact: FactId,
    /// The account it arrived on.
    pub on: Account,
    /// What it is.
    pub asset: Asset,
    /// How much, in minor units.
    pub amount: Amount,
    /// Where it came from, where that is known.
    pub source: Option<String>,
    /// Why it belongs to no order.
    pub reason: String,
}

/// It is put into suspense and on a person's list.
#[must_use]
pub fn receive(stray: Stray, mint: &Mint<'_>) -> Step {
    let Stray { fact, on, asset, amount, source, reason } = stray;
    let mut step = Step::new();
    step.post(treasury::suspense_received(mint, on, asset, amount));
    let item = ReviewItem::new(mint, ReviewKind::Suspense, reason);
    step.write(ReviewItem { fact: Some(fact), asset: Some(asset), amount, source, ..item });
    step
}

/// The money that a fact tells of, as it is put into suspense by a person.
#[must_use]
pub fn stray_of(fact: &Fact) -> Option<Stray> {
    let reason = "its fact could not be applied".to_owned();
    match &fact.body {
        FactBody::BankCredit(credit) => Some(Stray {
            fact: fact.id,
            on: Account::Bank(credit.rail),
            asset: credit.currency.into(),
            amount: credit.amount,
            source: credit.sender_account.as_ref().map(|account| account.reveal().to_owned()),
            reason,
        }),
        FactBody::ProcessorPaid(paid) => Some(Stray {
            fact: fact.id,
            on: Account::Card(paid.processor),
            asset: paid.currency.into(),
            amount: paid.amount,
            source: Some(paid.reference.clone()),
            reason,
        }),
        _ => None,
    }
}

/// Whether an item is about this deposit's coins in suspense. A loss that an order has listed is about the same fact, and
/// nothing in suspense.
#[must_use]
pub fn is_about(item: &ReviewItem, deposit: &Deposit) -> bool {
    item.kind == ReviewKind::Suspense && item.asset == Some(deposit.coin.into()) && !item.is_undone()
}

/// What a chain's undoing of a deposit looks at, beside the items about it.
#[derive(Debug, Clone, Default)]
pub struct Traces {
    /// The order beside which it lay in suspense, where the order does not know it.
    pub beside: Option<Rampoff>,
    /// The order that a person assigned it to.
    pub assigned: Option<Rampoff>,
    /// The transfer that it was sent back by, with the jobs that wait for it.
    pub returned: Option<(Transfer, Vec<Job>)>,
}

/// A chain has undone a deposit that its order could not use. What lay in suspense is taken from there, or from the order
/// that a person assigned it to; once, however often the chain takes it up and undoes it again. What had been kept, or is
/// confirmed to have gone back, suspense lacks then, and a person is told; what has certainly not left is stopped.
///
/// There is more than one item when it was to be returned, which did not work: it lay in suspense once all the same.
#[must_use]
pub fn undone(deposit: &Deposit, at: OrderId, items: Vec<ReviewItem>, traces: Traces, context: &Context<'_>) -> Step {
    let mint = &context.mint;
    let mut step = Step::new();
    let items: Vec<ReviewItem> = items.into_iter().filter(|item| is_about(item, deposit)).collect();
    let Some(newest) = items.last() else { return step };
    match traces.assigned {
        Some(order) if order.knows(deposit.id) => {
            step = order.observe(RampoffFact::DepositDropped { deposit: deposit.id }, context);
        }
        Some(_) => {}
        None => {
            let deposits = Account::ChainDeposits(deposit.coin.chain);
            let lay = lay_in_suspense(&items);
            let amount = lay.iter().fold(0_i128, |sum, item| sum.saturating_add(item.amount.minor()));
            step.post(treasury::suspense_undone(mint, deposits, deposit.coin.into(), Amount::from_minor(amount), Some(at)));
            let went_back = traces.returned.as_ref().is_some_and(|(transfer, _)| matches!(transfer.state, TransferState::Confirmed(_)));
            let is_back = |item: &ReviewItem| went_back && item.id == newest.id;
            for item in lay.iter().filter(|item| is_kept(item) || is_back(item)) {
                step.write(shortage(item, mint));
            }
            if let Some(order) = traces.beside {
                let lies = lay.iter().filter(|item| !is_back(item));
                let amount = lies.fold(0_i128, |sum, item| sum.saturating_add(item.amount.minor()));
                if amount > 0 {
                    step.extend(Order::from(order).beside(Beside::Taken, Amount::from_minor(amount), context));
                }
            }
            if let Some((transfer, jobs)) = traces.returned {
                stop(deposit, transfer, &jobs, context, &mut step);
            }
        }
    }
    items.into_iter().for_each(|item| step.write(item.undone(mint.now)));
    step
}

fn is_kept(item: &ReviewItem) -> bool {
    item.resolution.as_ref().is_some_and(|resolution| resolution.decision == KEEP)
}

/// The items of a deposit, oldest first, whose coins suspense had: those that wait, those that were kept, and what was decided
/// last, unless it was assigned to an order. (Earlier ones were put back on the list as later ones.) An order may have left part
/// of a deposit in suspense, and a person the rest.
fn lay_in_suspense(items: &[ReviewItem]) -> Vec<&ReviewItem> {
    let newest = items.last().map(|item| item.id);
    let lay = |item: &&ReviewItem| match &item.resolution {
        None => true,
        Some(resolution) => resolution.order.is_none() && (is_kept(item) || Some(item.id) == newest),
    };
    items.iter().filter(lay).collect()
}

/// Stops a return that was not signed yet: the coins are not there any more.
fn stop(deposit: &Deposit, transfer: Transfer, jobs: &[Job], context: &Context<'_>, step: &mut Step) {
    if transfer.state != TransferState::Queued {
        return;
    }
    if transfer.deposits.contains(&deposit.id) {
        step.write(Deposit { swept: false, ..deposit.clone() });
    }
    step.removals.extend(jobs.iter().map(|job| (RecordKey::Job(job.id), job.version)));
    let stopped = TransferFact::Stopped { reason: "the chain undid the deposit that it was to send back".to_owned() };
    step.extend(transfer.observe(stopped, Outgoing::default(), context));
}

/// The decision that keeps something, as it is stored.
const KEEP: &str = "keep";

fn shortage(of: &ReviewItem, mint: &Mint<'_>) -> ReviewItem {
    let how = of.resolution.as_ref().map_or("settled", |resolution| if resolution.decision == KEEP { "kept" } else { "sent back" });
    let reason =
        format!("the chain undid coins that had been {how}: suspense lacks them until it takes them up again, or they are written off");
    let item = ReviewItem::new(mint, ReviewKind::Shortage, reason);
    ReviewItem { order: of.order, fact: of.fact, asset: of.asset, amount: of.amount, ..item }
}

/// A chain has confirmed that coins went back from suspense. Those of a deposit that it has undone are lacking there.
pub(crate) fn sent_back(item: Option<ReviewItem>, known: Option<ReviewItem>, context: &Context<'_>) -> Step {
    let mut step = Step::new();
    let waits = known.is_some_and(|shortage| shortage.resolution.is_none());
    if let Some(item) = item.filter(|item| item.is_undone() && !waits) {
        step.write(shortage(&item, &context.mint));
    }
    step
}

/// A chain has undone what went back from suspense: what was lacking there because of it is not any more.
pub(crate) fn not_sent_back(item: Option<ReviewItem>, known: Option<ReviewItem>, context: &Context<'_>) -> Step {
    match (item, known) {
        (Some(item), Some(known)) if item.is_undone() => made_good(known, "the chain undid the transfer too", context),
        _ => Step::new(),
    }
}

/// What suspense lacked is there again; what was written off of it goes against the loss.
fn made_good(shortage: ReviewItem, why: &str, context: &Context<'_>) -> Step {
    let (mint, mut step) = (&context.mint, Step::new());
    match &shortage.resolution {
        None => step.write(shortage.settled("made good", "chain", why.to_owned(), None, mint.now)),
        Some(resolution) if resolution.decision == Decision::WriteOff.to_string() => {
            step.post(shortage.asset.and_then(|asset| treasury::write_off_undone(mint, asset, shortage.amount)));
        }
        Some(_) => {}
    }
    step
}

/// Whether a step puts a deposit into suspense.
#[must_use]
pub fn receives(step: &Step, deposit: FactId) -> bool {
    step.writes.iter().any(|record| is_new_item(record, deposit))
}

fn is_new_item(record: &Record, deposit: FactId) -> bool {
    matches!(record, Record::Review(item) if item.kind == ReviewKind::Suspense && item.fact == Some(deposit))
}

/// The step that puts a deposit into suspense which lay there before the chain undid it: whatever became of it then stands,
/// so that it is not sent back a second time. `items` are those about the deposit, oldest first; `returned` is the transfer
/// that the newest was sent back by.
#[must_use]
pub fn received_again(mut step: Step, deposit: FactId, items: &[ReviewItem], returned: Option<Transfer>, context: &Context<'_>) -> Step {
    let newest = items.iter().rfind(|item| item.kind == ReviewKind::Suspense && item.is_undone());
    let Some(before) = newest.and_then(|item| item.resolution.clone()) else { return step };
    let decision = match &returned {
        Some(transfer) if !matches!(transfer.state, TransferState::Failed { .. }) => "return",
        None if before.decision.starts_with(KEEP) => KEEP,
        _ => return step,
    };
    let Some(item) = step.writes.iter_mut().find(|record| is_new_item(record, deposit)) else { return step };
    let Record::Review(item) = item else { return step };
    let reason = format!("as before the chain undid it: {}", before.reason);
    item.resolution = Some(Resolution { decision: decision.to_owned(), reason, at: context.mint.now, ..before });
    let resolves = Some(item.id);
    if let Some(transfer) = returned {
        step.write(Transfer { resolves, ..transfer });
    }
    let shortage = items.iter().rfind(|item| item.kind == ReviewKind::Shortage).cloned();
    let why = "the chain took the deposit up again";
    shortage.into_iter().for_each(|shortage| step.extend(made_good(shortage, why, context)));
    step
}

/// What was kept lies in suspense again, and is put back on the list.
pub(crate) fn reopen(item: ReviewItem, operator: &Operator, context: &Context<'_>) -> Result<Step, Refusal> {
    let mint = &context.mint;
    let resolution = item.resolution.clone().filter(|resolution| resolution.decision == KEEP);
    let resolution = resolution.ok_or_else(|| refuse("only what was kept can be put back on the list"))?;
    let mut step = Step::new();
    step.post(treasury::suspense_reopened(mint, item.moved()?, item.amount));
    let reason = format!("kept by {}, and put back on the list by {}: {}", resolution.actor, operator.actor, operator.reason);
    step.write(item.clone().put_back(mint, reason));
    let resolution = Resolution { decision: "keep, reopened".to_owned(), ..resolution };
    step.write(ReviewItem { resolution: Some(resolution), ..item });
    Ok(step)
}

/// What suspense lacks is lost.
pub(crate) fn write_off(item: &ReviewItem, context: &Context<'_>) -> Result<Step, Refusal> {
    let mut step = Step::new();
    step.post(treasury::written_off(&context.mint, Account::Suspense, item.moved()?, item.amount));
    Ok(step)
}

/// It is taken back to where it was booked, and an order receives it as if it came now.
pub(crate) fn assign(item: &ReviewItem, about: About, context: &Context<'_>) -> Result<Step, Refusal> {
    let asset = item.moved()?;
    match (about.order, asset) {
        (Some(Order::Payment(payment)), Asset::Fiat(currency)) if payment.terms.fiat == currency => {
            let (source, holder) = origin(item, about.fact.map(|fact| fact.body));
            assign_money(item, *payment, source, holder, context)
        }
        (Some(Order::Rampoff(rampoff)), Asset::Coin(coin)) if rampoff.terms.coin == coin => {
            let deposit = about.deposit.ok_or_else(|| refuse("the item names no deposit that could be assigned"))?;
            assign_coins(item, *rampoff, deposit, context)
        }
        (_, asset) => Err(refuse(format!("the order does not receive {asset}"))),
    }
}

fn assign_money(
    item: &ReviewItem,
    payment: Payment,
    source: Option<Redacted>,
    holder: Option<Redacted>,
    context: &Context<'_>,
) -> Result<Step, Refusal> {
    let mint = &context.mint;
    let fact = item.fact.ok_or_else(|| refuse("the item names no fact that could be assigned"))?;
    let (asset, status) = (item.moved()?, payment.status());
    let set_aside = not_beside(payment.set_aside, item, payment.id);
    let payment = Payment { set_aside, ..payment };
    let receipt = Receipt {
        fact,
        amount: item.amount,
        at: mint.now,
        holder,
        source,
        assigned: true,
        set_aside: Amount::ZERO,
        taken_back: Amount::ZERO,
    };
    let mut step = Step::new();
    // Booked where the order's own money is booked: the account it lies on keeps it, whichever that is.
    step.post(treasury::suspense_assigned(mint, payment.pay_in.account(), asset, item.amount, Some(payment.id)));
    received(step, payment.observe(PaymentFact::Paid { receipt, is_customer: true }, context), status)
}

fn assign_coins(item: &ReviewItem, rampoff: Rampoff, deposit: Deposit, context: &Context<'_>) -> Result<Step, Refusal> {
    let (asset, status) = (item.moved()?, rampoff.status());
    let set_aside = not_beside(rampoff.set_aside, item, rampoff.id);
    let rampoff = Rampoff { set_aside, ..rampoff };
    let on = Account::ChainDeposits(deposit.coin.chain);
    let mut step = Step::new();
    step.post(treasury::suspense_assigned(&context.mint, on, asset, item.amount, Some(rampoff.id)));
    let receipt = DepositReceipt {
        deposit: deposit.id,
        txid: deposit.txid,
        index: deposit.index,
        amount: item.amount,
        at: context.mint.now,
        from: deposit.from,
        confirmations: context.catalogue.coin(deposit.coin).map_or(1, |coin| coin.confirmations),
        lost: false,
        assigned: true,
        set_aside: Amount::ZERO,
    };
    received(step, rampoff.observe(RampoffFact::DepositConfirmed(receipt), context), status)
}

/// What lies beside an order when an item is assigned to it: less, if it is an item of its own.
fn not_beside(set_aside: Amount, item: &ReviewItem, order: OrderId) -> Amount {
    if item.order == Some(order) { set_aside.less(item.amount) } else { set_aside }
}

/// An order that puts it into suspense again cannot use it.
fn received(mut step: Step, received: Step, status: &str) -> Result<Step, Refusal> {
    if received.writes.iter().any(|record| matches!(record, Record::Review(item) if item.kind == ReviewKind::Suspense)) {
        return Err(refuse(format!("the order is {status} and cannot use it: send it back, or choose another order")));
    }
    step.extend(received);
    Ok(step)
}

/// Where money of an item came from, and from whom.
fn origin(item: &ReviewItem, fact: Option<FactBody>) -> (Option<Redacted>, Option<Redacted>) {
    match fact {
        Some(FactBody::BankCredit(credit)) => (credit.sender_account, credit.sender_name),
        Some(FactBody::ProcessorPaid(paid)) => (Some(Redacted::new(paid.reference)), paid.holder),
        _ => (item.source.clone().map(Redacted::new), None),
    }
}

/// It goes back to where it came from.
pub(crate) fn send_back(item: &ReviewItem, about: About, context: &Context<'_>) -> Result<Step, Refusal> {
    match item.moved()? {
        Asset::Fiat(currency) => {
            let nowhere = || refuse("nobody told where it came from: assign it to an order, or keep it");
            let (route, account, name) = match about.fact.map(|fact| fact.body) {
                Some(FactBody::BankCredit(credit)) => {
                    (Route::Bank(credit.rail), credit.sender_account.ok_or_else(nowhere)?, credit.sender_name.unwrap_or_default())
                }
                Some(FactBody::ProcessorPaid(paid)) => {
                    (Route::Processor(paid.processor), Redacted::new(paid.reference), paid.holder.unwrap_or_default())
                }
                _ => return Err(nowhere()),
            };
            let destination = PayoutDestination { account, bank_code: None, account_type: None, bank_name: None, name };
            Ok(pay_out(item, route, currency, destination, &context.mint))
        }
        Asset::Coin(coin) => {
            let to = match (&about.deposit, &item.source) {
                (Some(deposit), _) => deposit.from.clone(),
                (None, Some(wallet)) => wallet.clone(),
                (None, None) => return Err(refuse("nobody told where it came from: keep it")),
            };
            Ok(coins_back(item, coin, to, about, &context.mint))
        }
    }
}

/// Whoever returns it once more has seen what the screening provider found, if it was that which had stopped it.
const fn screening(item: &ReviewItem) -> Screening {
    Screening::decided(item.screening_hit)
}

fn pay_out(item: &ReviewItem, route: Route, currency: Currency, destination: PayoutDestination, mint: &Mint<'_>) -> Step {
    let payout = Payout {
        id: mint.id(),
        version: 0,
        purpose: PayoutPurpose::SuspenseReturn,
        order: None,
        customer: None,
        route,
        currency,
        amount: item.amount,
        destination,
        screening: screening(item),
        resolves: Some(item.id),
        put_back: None,
        said_by: None,
        lost: false,
        state: PayoutState::Queued,
        created_at: mint.now,
    };
    payout.create(mint)
}

/// Coins that still lie on their deposit address leave from there, others from the hot wallet.
fn coins_back(item: &ReviewItem, coin: CoinId, to: String, about: About, mint: &Mint<'_>) -> Step {
    let mut step = Step::new();
    let (mut source, mut deposits) = (TransferSource::Hot, Vec::new());
    let is_whole = |deposit: &Deposit| deposit.amount == item.amount && !deposit.swept && deposit.state == DepositState::Confirmed;
    if let Some(deposit) = about.deposit.filter(is_whole)
        && let Some(index) = about.deposit_index
    {
        source = TransferSource::Deposit(index);
        deposits.push(deposit.id);
        step.write(Deposit { swept: true, ..deposit });
    }
    let transfer = Transfer {
        id: mint.id(),
        version: 0,
        purpose: TransferPurpose::SuspenseReturn,
        order: None,
        customer: None,
        coin,
        amount: item.amount,
        source,
        to,
        screening: screening(item),
        resolves: Some(item.id),
        deposits,
        fee_booked: false,
        state: TransferState::Queued,
        created_at: mint.now,
    };
    step.extend(transfer.create(mint));
    step
}

/// A payout that the receiving bank returned is paid once more, out of suspense, to where its order says.
pub(crate) fn pay_again(item: &ReviewItem, about: About, context: &Context<'_>) -> Result<Step, Refusal> {
    let order = about.order.ok_or_else(|| refuse("the item names no order"))?;
    let Asset::Fiat(currency) = item.moved()? else { return Err(refuse("only a returned payout can be paid again")) };
    let (key, version) = order.relied();
    let (taken_back, of_order) = match order {
        Order::Payment(payment) => (payment.lost.is_positive(), None),
        Order::Rampoff(rampoff) => (rampoff.deposits.iter().any(|deposit| deposit.lost), Some(rampoff.destination)),
    };
    if taken_back {
        return Err(refuse("what the customer gave for it was taken back: keep it"));
    }
    let returned = about.payouts.into_iter().rev().find(|payout| matches!(payout.state, PayoutState::Returned { .. }));
    let returned = returned.ok_or_else(|| refuse("no payout of this order was returned"))?;
    // A refund goes to where it went: its order may know of another way that was not taken.
    let destination = of_order.unwrap_or(returned.destination);
    let mut step = pay_out(item, returned.route, currency, destination, &context.mint);
    step.rely(key, version);
    Ok(step)
}

/// It belongs to nobody and becomes the company's.
pub(crate) fn keep(item: &ReviewItem, context: &Context<'_>) -> Result<Step, Refusal> {
    let mut step = Step::new();
    step.post(treasury::suspense_kept(&context.mint, item.moved()?, item.amount));
    Ok(step)
}
