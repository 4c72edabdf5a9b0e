//! Applies facts: each takes effect once, in the step that marks it as applied, together with its postings and its order. A fact that
//! cannot be applied is quarantined with a reason, and the others go on.

mod credit;
mod deposit;
mod fact_order;
mod identity;
mod processor;
mod reversal;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _};
use parking_lot::Mutex;
use rampart_core::customer::kyc::KycVerdict;
use rampart_core::id::{FactId, OrderId};
use rampart_core::order::arrival::{Grade, counts_at};
use rampart_core::order::payment::PayIn;
use rampart_core::outgoing::PayoutFact;
use rampart_core::review::{ReviewItem, ReviewSubject};
use rampart_core::step::fact::{DepositChange, Fact, FactBody, PayoutReport};
use rampart_core::step::record::Record;
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_core::time::Timestamp;
use rampart_store::{CommitError, StoreError};

use super::payouts;
use super::supervisor::{TurnOutcome, Worker, WorkerFuture, panicked};
use crate::app::{App, MAX_COMMIT_ATTEMPTS};
use crate::error::{AppError, AppResult};
use crate::retry::reduce_grade;

const PAGE_ROWS: u32 = 256;

#[derive(Debug)]
pub(crate) enum ApplyError {
    /// Cannot be applied now.
    Retry(AppError),
    /// Cannot be applied as it is; it is quarantined for a person to decide.
    Quarantine(String),
}

impl From<AppError> for ApplyError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Unavailable(_) => Self::Retry(error),
            AppError::Refusal(_) | AppError::Defect(_) => Self::Quarantine(error.to_string()),
        }
    }
}

impl From<StoreError> for ApplyError {
    fn from(error: StoreError) -> Self {
        // A retry would not make the row readable.
        AppError::from(error).into()
    }
}

/// The step that a fact leads to.
pub(crate) type Effect = Result<Step, ApplyError>;

pub(crate) struct Apply {
    app: App,
    /// Unreadable facts that are in the review queue already.
    unreadable: Mutex<BTreeSet<FactId>>,
}

impl Apply {
    pub(crate) fn new(app: App) -> Self {
        Self { app, unreadable: Mutex::default() }
    }

    /// Applies every waiting fact, page by page. What could not be applied now is left to the next turn.
    async fn apply_all(&self) -> AppResult<TurnOutcome> {
        let mut after: Option<FactId> = None;
        loop {
            let page = self.app.store.facts_to_apply(after, PAGE_ROWS).await?;
            let full = page.len() == usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
            after = page.last().map(|(id, _)| *id);
            let mut facts = Vec::with_capacity(page.len());
            for (id, fact) in page {
                match fact {
                    Ok(fact) => facts.push(fact),
                    Err(error) => self.unreadable(id, &error).await?,
                }
            }
            self.apply_together(facts).await?;
            if !full {
                return Ok(TurnOutcome::Idle);
            }
        }
    }

    /// An unreadable fact cannot be marked as quarantined either: it keeps waiting and is applied once it can be read. One review item is
    /// written.
    async fn unreadable(&self, id: FactId, error: &StoreError) -> AppResult<()> {
        if self.unreadable.lock().contains(&id) {
            return Ok(());
        }
        let reason = format!("the fact {id} cannot be read: {error}");
        let item = quarantined(&self.app, id, reason.clone());
        let mut step = Step::new();
        step.claims.push(Claim::forever(ClaimScope::Fact, format!("unreadable:{id}"), item.id));
        step.write(item);
        match self.app.commit(step).await {
            Ok(_) => tracing::error!(fact = %id, reason, "a fact cannot be read; it waits in the review queue"),
            Err(CommitError::AlreadyClaimed(_)) => {}
            Err(error) => return Err(error.into()),
        }
        self.unreadable.lock().insert(id);
        Ok(())
    }

    /// Applies facts concurrently, those of one subject in sequence.
    async fn apply_together(&self, facts: Vec<Fact>) -> AppResult<()> {
        let mut groups = grouped(&self.app, facts);
        for facts in &mut groups {
            // Deposits that a chain undid and included again stay in the reported order.
            let is_undone = facts.iter().any(|fact| matches!(fact.body, FactBody::Deposit { change: DepositChange::Dropped, .. }));
            if !is_undone {
                facts.sort_by(|one, other| sort_key(&self.app, one).cmp(&sort_key(&self.app, other)));
            }
        }
        let most = self.app.config.workers.concurrency;
        let results: Vec<AppResult<()>> = futures::stream::iter(groups)
            .map(|facts| async move {
                for fact in facts {
                    apply(&self.app, fact).await?;
                }
                Ok(())
            })
            .buffer_unordered(most)
            .collect()
            .await;
        results.into_iter().collect()
    }
}

impl Worker for Apply {
    fn name(&self) -> String {
        "apply".to_owned()
    }

    fn turn(&self) -> WorkerFuture<'_, AppResult<TurnOutcome>> {
        Box::pin(self.apply_all())
    }

    fn woken(&self) -> WorkerFuture<'_, ()> {
        Box::pin(self.app.wake.facts())
    }
}

/// Groups facts so that no two groups share a subject: facts that may concern one order are applied in sequence.
fn grouped(app: &App, facts: Vec<Fact>) -> Vec<Vec<Fact>> {
    let of: Vec<Vec<String>> = facts.iter().map(|fact| subjects(app, fact, &facts)).collect();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<Fact>> = Vec::new();
    for (subjects, fact) in of.into_iter().zip(facts) {
        let known: BTreeSet<usize> = subjects.iter().filter_map(|subject| places.get(subject).copied()).collect();
        let into = known.first().copied().unwrap_or(groups.len());
        if into == groups.len() {
            groups.push(Vec::new());
        }
        // A fact that may concern several orders merges their groups.
        for other in known.into_iter().skip(1) {
            let joined = std::mem::take(&mut groups[other]);
            groups[into].extend(joined);
            places.values_mut().filter(|sort_key| **sort_key == other).for_each(|sort_key| *sort_key = into);
        }
        groups[into].push(fact);
        places.extend(subjects.into_iter().map(|subject| (subject, into)));
    }
    groups
}

/// The subjects of a fact: facts that share one are applied in sequence. `page` holds the facts that are applied together.
fn subjects(app: &App, fact: &Fact, page: &[Fact]) -> Vec<String> {
    let subject = match &fact.body {
        FactBody::BankCredit(credit) => return credit::subjects(app, credit),
        FactBody::ProcessorPaid(paid) => paid.payment.to_string(),
        FactBody::ProcessorDeclined { payment, .. } => payment.to_string(),
        FactBody::Reversed(reversal) => match (reversal.payment, &reversal.receipt) {
            (Some(payment), _) => payment.to_string(),
            (None, Some(receipt)) => {
                let key = receipt.natural_key();
                let receipt = page.iter().find(|other| other.natural_key == key);
                return receipt.map_or_else(|| vec![key], |receipt| subjects(app, receipt, &[]));
            }
            (None, None) => fact.id.to_string(),
        },
        FactBody::PayoutReported { payout, .. } => payout.to_string(),
        FactBody::KycDecided { customer, .. } => customer.to_string(),
        FactBody::Deposit { deposit, order, .. } => order.map_or_else(|| deposit.to_string(), |order| order.to_string()),
    };
    vec![subject]
}

/// Sort key within a subject: receipts by the time that counts, then by natural key, so that the order in which they were reported does not
/// matter; everything else by the time it was observed, after receipts of the same moment.
fn sort_key<'a>(app: &App, fact: &'a Fact) -> (Timestamp, bool, &'a str) {
    let catalogue = &app.catalogue;
    let (reversal, backdating) = match &fact.body {
        FactBody::BankCredit(credit) => (credit.booked_at, catalogue.backdating(PayIn::Bank(credit.rail))),
        FactBody::ProcessorPaid(paid) => (paid.paid_at, catalogue.backdating(PayIn::Processor(paid.processor))),
        FactBody::Deposit { change: DepositChange::Confirmed, at: Some(at), .. } => (Some(*at), Duration::MAX),
        _ => return (fact.observed_at, true, ""),
    };
    (counts_at(reversal, fact.observed_at, fact.read_before, backdating), false, &fact.natural_key)
}

const fn kind(fact: &Fact) -> &'static str {
    match fact.body {
        FactBody::BankCredit(_) => "bank_credit",
        FactBody::ProcessorPaid(_) => "processor_paid",
        FactBody::ProcessorDeclined { .. } => "processor_declined",
        FactBody::Reversed(_) => "reversed",
        FactBody::PayoutReported { .. } => "payout_reported",
        FactBody::KycDecided { .. } => "kyc_decided",
        FactBody::Deposit { .. } => "deposit",
    }
}

/// Applies one fact, or quarantines it with a reason.
///
/// # Errors
/// [`AppError::Unavailable`] when it has to be tried again; the fact is unchanged then.
pub(crate) async fn apply(app: &App, fact: Fact) -> AppResult<()> {
    let what = kind(&fact);
    let effect = AssertUnwindSafe(take_effect(app, fact.clone())).catch_unwind().await;
    let failure = match effect.unwrap_or_else(|panic| Err(ApplyError::Quarantine(panicked(&*panic).to_string()))) {
        Ok(outcome) => {
            app.metrics.fact(what, outcome);
            return Ok(());
        }
        Err(failure) => failure,
    };
    match failure {
        ApplyError::Retry(error) => Err(error),
        ApplyError::Quarantine(reason) => {
            tracing::error!(fact = %fact.id, kind = what, reason, "a fact cannot be applied; it waits in the review queue");
            app.metrics.fact(what, "quarantined");
            quarantine(app, fact, reason).await
        }
    }
}

async fn take_effect(app: &App, mut fact: Fact) -> Result<&'static str, ApplyError> {
    // A fact itself is never refused; what follows from it is committed with a reduced grade when limits or balances refuse it.
    let mut grade = Grade::All;
    for _ in 0..MAX_COMMIT_ATTEMPTS {
        let mut step = effect(app, &fact, grade).await?;
        let order = received_by(&fact, &step);
        step.write(Fact { applied: true, quarantined: None, order, ..fact.clone() });
        match app.commit(step).await {
            Ok(_) => return Ok("applied"),
            Err(CommitError::Conflict(_)) => match app.store.fact(fact.id).await? {
                Some(stored) if !stored.applied => fact = stored,
                _ => return Ok("applied elsewhere"),
            },
            Err(CommitError::Unavailable) => return Err(ApplyError::Retry(CommitError::Unavailable.into())),
            Err(error) => grade = reduce_grade(grade, &error).ok_or_else(|| ApplyError::Quarantine(error.to_string()))?,
        }
    }
    Err(ApplyError::Retry(AppError::Unavailable("the order is changing too fast".to_owned())))
}

/// The order that received a fact's money.
fn received_by(fact: &Fact, step: &Step) -> Option<OrderId> {
    let brought_money = matches!(fact.body, FactBody::BankCredit(_) | FactBody::ProcessorPaid(_));
    step.writes.iter().filter(|_| brought_money).find_map(|record| match record {
        Record::Payment(payment) => Some(payment.id),
        _ => None,
    })
}

/// The step that a fact leads to, decided on the records as stored now.
pub(crate) async fn effect(app: &App, fact: &Fact, grade: Grade) -> Effect {
    match &fact.body {
        FactBody::BankCredit(credit) => credit::effect(app, fact, credit, grade).await,
        FactBody::ProcessorPaid(paid) => processor::paid(app, fact, paid, grade).await,
        FactBody::ProcessorDeclined { payment, .. } => processor::declined(app, *payment).await,
        FactBody::Reversed(reversal) => reversal::effect(app, reversal).await,
        FactBody::PayoutReported { payout, report } => {
            let found = app.store.payout(*payout).await?;
            let payout = found.ok_or_else(|| ApplyError::Quarantine(format!("there is no payout {payout}")))?;
            Ok(payouts::observe(app, payout, payout_fact(report)).await?)
        }
        FactBody::KycDecided { customer, reference, level, status, reasons, may_retry } => {
            let (reference, reasons) = (reference.clone(), reasons.clone());
            let verdict = KycVerdict { reference, level: *level, status: *status, reasons, may_retry: *may_retry };
            identity::effect(app, *customer, verdict).await
        }
        FactBody::Deposit { deposit, change, .. } => deposit::effect(app, fact.id, *deposit, *change, grade).await,
    }
}

fn payout_fact(report: &PayoutReport) -> PayoutFact {
    match report.clone() {
        PayoutReport::Settled { reference } => PayoutFact::Settled { reference },
        PayoutReport::Failed { reason } | PayoutReport::Returned { reason } => PayoutFact::Failed { reason },
    }
}

/// The review item of a fact that cannot be applied.
fn quarantined(app: &App, fact: FactId, reason: String) -> ReviewItem {
    ReviewItem { fact: Some(fact), ..ReviewItem::new(&app.mint(), ReviewSubject::Quarantine(()), reason) }
}

async fn quarantine(app: &App, fact: Fact, reason: String) -> AppResult<()> {
    let mut step = Step::new();
    step.write(ReviewItem { order: fact_order::order(app, &fact).await, ..quarantined(app, fact.id, reason.clone()) });
    step.write(Fact { quarantined: Some(reason), ..fact });
    // A faster process has applied or quarantined it.
    app.commit_if_unchanged(step).await
}
