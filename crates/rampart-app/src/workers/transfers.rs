//! What becomes of transfers, with what it means for their orders and for the ledger.

use rampart_core::amount::Amount;
use rampart_core::asset::Asset;
use rampart_core::id::TransferId;
use rampart_core::ledger::Origin;
use rampart_core::outgoing::{Screening, Transfer, TransferPurpose, TransferState};
use rampart_core::payment::PaymentFact;
use rampart_core::rampoff::RampoffFact;
use rampart_core::record::RecordKey;
use rampart_core::review::{ReviewItem, ReviewKind};
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_core::watch::Deposit;

use super::{observe, payouts};
use crate::app::App;
use crate::error::{AppError, Reply};

/// Brings what is promised for a transfer beside its order's promise from one state to the next.
pub(crate) fn change_holds(step: &mut Step, before: Option<&Transfer>, after: &Transfer) {
    let before = before.map(Transfer::holds).unwrap_or_default();
    // A new promise is asked for and bound by the floor; everything later follows from facts.
    let origin = if after.version == 0 { Origin::Request } else { Origin::Fact };
    before.into_iter().for_each(|(account, coin, amount)| step.hold(account, coin, amount.negated(), origin));
    after.holds().into_iter().for_each(|(account, coin, amount)| step.hold(account, coin, amount, origin));
}

/// A transfer that a record of ours names.
pub(crate) async fn load(app: &App, id: TransferId) -> Reply<Transfer> {
    app.store().transfer(id).await?.ok_or_else(|| AppError::defect(format!("there is no transfer {id}")))
}

/// Orders a new transfer, with what is promised for it and what is to be done with it first.
pub(crate) fn order(app: &App, transfer: Transfer, step: &mut Step) {
    change_holds(step, None, &transfer);
    step.write(transfer.first_job(&app.mint()));
    step.write(transfer);
}

/// The screening provider knows nothing against the receiver: it is signed and sent.
pub(crate) fn cleared(app: &App, transfer: Transfer, step: &mut Step) {
    let transfer = Transfer { screening: Screening::Cleared, ..transfer };
    step.write(transfer.first_job(&app.mint()));
    step.write(transfer);
}

/// The screening provider, or we ourselves, know something against the receiver: nothing leaves, and a person decides.
pub(crate) async fn stopped(app: &App, transfer: Transfer, reason: String) -> Reply<Step> {
    let mut step = match (transfer.order, transfer.purpose) {
        (Some(order), TransferPurpose::Refund) => {
            let fact = RampoffFact::RefundStopped { transfer: transfer.id, reason: reason.clone() };
            observe::rampoff(app, observe::load_rampoff(app, order).await?, fact)
        }
        _ => Step::new(),
    };
    let reason = format!("stopped by screening: {reason}");
    let item = did_not_leave(app, &transfer, &reason, &mut step).await?;
    item.into_iter().for_each(|item| step.write(ReviewItem { screening_hit: true, ..item }));
    write_next(&mut step, transfer, TransferState::Failed { reason });
    Ok(step)
}

/// What did not leave its deposit address lies there again. Gives the item that the transfer was to resolve, to be put back
/// on the list.
async fn did_not_leave(app: &App, transfer: &Transfer, reason: &str, step: &mut Step) -> Reply<Option<ReviewItem>> {
    for id in &transfer.deposits {
        let deposit = app.store().deposit(*id).await?.ok_or_else(|| AppError::defect(format!("there is no deposit {id}")))?;
        step.write(Deposit { swept: false, ..deposit });
    }
    payouts::put_back(app, transfer.resolves, reason).await
}

/// Writes a transfer in its next state, with what that does to its promises.
fn write_next(step: &mut Step, before: Transfer, state: TransferState) {
    let after = Transfer { state, ..before.clone() };
    change_holds(step, Some(&before), &after);
    step.write(after);
}

/// What the order of a transfer is told, by the transfer's purpose.
async fn tell_order(app: &App, transfer: &Transfer, payment: PaymentFact, rampoff: RampoffFact) -> Reply<Step> {
    match (transfer.order, transfer.purpose) {
        (Some(order), TransferPurpose::Buy) => Ok(observe::payment(app, observe::load_payment(app, order).await?, payment)),
        (Some(order), TransferPurpose::Refund) => Ok(observe::rampoff(app, observe::load_rampoff(app, order).await?, rampoff)),
        _ => Ok(Step::new()),
    }
}

/// The chain has taken it.
pub(crate) async fn broadcast(app: &App, transfer: Transfer) -> Reply<Option<Step>> {
    let TransferState::Signed(signed) = transfer.state.clone() else { return Ok(None) };
    let (id, txid) = (transfer.id, signed.txid.clone());
    let payment = PaymentFact::CoinsBroadcast { transfer: id, txid: txid.clone() };
    let mut step = tell_order(app, &transfer, payment, RampoffFact::RefundBroadcast { transfer: id, txid }).await?;
    step.post(transfer.broadcast(&app.mint()));
    write_next(&mut step, transfer, TransferState::Broadcast(signed));
    Ok(Some(step))
}

/// The chain refused it for good and has never had it.
pub(crate) async fn refused(app: &App, transfer: Transfer, reason: &str) -> Reply<Option<Step>> {
    if !matches!(transfer.state, TransferState::Queued | TransferState::Signed(_)) {
        return Ok(None);
    }
    let (id, text) = (transfer.id, reason.to_owned());
    let payment = PaymentFact::TransferFailed { transfer: id, reason: text.clone() };
    let mut step = tell_order(app, &transfer, payment, RampoffFact::RefundFailed { transfer: id, reason: text }).await?;
    let item = did_not_leave(app, &transfer, &format!("sending it back was refused by the chain: {reason}"), &mut step).await?;
    item.into_iter().for_each(|item| step.write(item));
    write_next(&mut step, transfer, TransferState::Failed { reason: reason.to_owned() });
    Ok(Some(step))
}

/// It is in a block with enough confirmations.
pub(crate) async fn confirmed(app: &App, mut transfer: Transfer, confirmations: u32, network_fee: Amount) -> Reply<Option<Step>> {
    let TransferState::Broadcast(signed) = transfer.state.clone() else { return Ok(None) };
    let id = transfer.id;
    let mut step = tell_order(
        app,
        &transfer,
        PaymentFact::CoinsConfirmed { transfer: id, confirmations },
        RampoffFact::RefundConfirmed { transfer: id },
    )
    .await?;
    step.post(transfer.confirmed(&app.mint()));
    post_fee(app, &mut transfer, network_fee, &mut step);
    write_next(&mut step, transfer, TransferState::Confirmed(signed));
    Ok(Some(step))
}

/// The chain takes its fee once, however often it mines the same bytes.
fn post_fee(app: &App, transfer: &mut Transfer, network_fee: Amount, step: &mut Step) {
    if let Some(chain) = app.catalogue().chain(transfer.chain())
        && !std::mem::replace(&mut transfer.fee_booked, true)
    {
        step.post(transfer.network_fee(&app.mint(), chain.native, network_fee));
    }
}

/// It was confirmed, and the chain undid its block.
pub(crate) async fn unconfirmed(app: &App, transfer: Transfer) -> Reply<Option<Step>> {
    let TransferState::Confirmed(signed) = transfer.state.clone() else { return Ok(None) };
    let (id, amount) = (transfer.id, transfer.amount);
    let payment = PaymentFact::CoinsUnconfirmed { transfer: id };
    let mut step = tell_order(app, &transfer, payment, RampoffFact::RefundUnconfirmed { transfer: id, amount }).await?;
    step.post(transfer.unconfirmed(&app.mint()));
    write_next(&mut step, transfer, TransferState::Broadcast(signed));
    Ok(Some(step))
}

/// The chain took it and undid it by its own rules; the fee is gone all the same. An order is put on hold and decides
/// anew, also where its partner has seen the coins leave: the old bytes are used up. What nobody ordered is put on a
/// person's list.
pub(crate) async fn reverted(app: &App, mut transfer: Transfer, network_fee: Amount) -> Reply<Option<Step>> {
    if !matches!(transfer.state, TransferState::Broadcast(_)) {
        return Ok(None);
    }
    let (id, text) = (transfer.id, "reverted by the chain".to_owned());
    let payment = PaymentFact::TransferFailed { transfer: id, reason: text.clone() };
    let mut step = tell_order(app, &transfer, payment, RampoffFact::RefundFailed { transfer: id, reason: text.clone() }).await?;
    step.post(transfer.returned(&app.mint()));
    post_fee(app, &mut transfer, network_fee, &mut step);
    let why = format!("the chain reverted transfer {id}: the coins never left");
    let item = did_not_leave(app, &transfer, &why, &mut step).await?;
    item.into_iter().for_each(|item| step.write(item));
    if matches!(transfer.purpose, TransferPurpose::Sweep | TransferPurpose::Withdrawal) {
        step.write(review(app, &transfer, ReviewKind::Reversal, transfer.coin.into(), transfer.amount, why));
    }
    write_next(&mut step, transfer, TransferState::Failed { reason: text });
    Ok(Some(step))
}

/// The chain has forgotten it and refuses to take it again. A person is told once, however often it is offered.
pub(crate) fn vanished(app: &App, transfer: &Transfer, reason: &str) -> Step {
    let why = format!("transfer {} vanished from {}, which refuses to take it again: {reason}", transfer.id, transfer.chain());
    let item = review(app, transfer, ReviewKind::Vanished, transfer.coin.into(), transfer.amount, why);
    let item = ReviewItem { source: Some(transfer.id.to_string()), ..item };
    let mut step = Step::new();
    step.rely(RecordKey::Transfer(transfer.id), transfer.version);
    step.claims.push(Claim::forever(ClaimScope::Fact, format!("vanished:{}:v{}", transfer.id, transfer.version), item.id));
    step.write(item);
    step
}

/// A person has given a vanished transfer up: its coins are ours again, and whoever waits for them hears of it.
pub(crate) async fn given_up(app: &App, transfer: Transfer) -> Reply<Option<Step>> {
    if !matches!(transfer.state, TransferState::Broadcast(_)) {
        return Ok(None);
    }
    let (id, reason) = (transfer.id, "vanished from the chain and given up".to_owned());
    let payment = PaymentFact::TransferFailed { transfer: id, reason: reason.clone() };
    let mut step = Step::new();
    // Before the order's own postings: what it takes back from its customer's account has to be there.
    step.post(transfer.returned(&app.mint()));
    step.extend(tell_order(app, &transfer, payment, RampoffFact::RefundFailed { transfer: id, reason: reason.clone() }).await?);
    let why = format!("sending it back did not work: transfer {id} vanished from the chain");
    let item = did_not_leave(app, &transfer, &why, &mut step).await?;
    item.into_iter().for_each(|item| step.write(item));
    write_next(&mut step, transfer, TransferState::Failed { reason });
    Ok(Some(step))
}

fn review(app: &App, transfer: &Transfer, kind: ReviewKind, asset: Asset, amount: Amount, reason: String) -> ReviewItem {
    let mint = app.mint();
    ReviewItem {
        id: mint.id(),
        version: 0,
        kind,
        order: transfer.order,
        fact: None,
        asset: Some(asset),
        amount,
        source: Some(transfer.to.clone()),
        screening_hit: false,
        reason,
        created_at: mint.now,
        resolution: None,
    }
}
