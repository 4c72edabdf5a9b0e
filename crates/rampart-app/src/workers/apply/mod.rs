//! Applying facts: each takes effect once, in the same step that marks it as applied, together with its postings and
//! its order. What cannot be applied is quarantined with a reason, and the rest goes on.

mod credit;
mod deposit;
mod identity;
mod named;
mod processor;
mod reversal;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _};
use parking_lot::Mutex;
use rampart_core::arrival::{Grade, counts_at};
use rampart_core::fact::{DepositChange, Fact, FactBody, PayoutReport};
use rampart_core::id::{FactId, OrderId};
use rampart_core::kyc::KycVerdict;
use rampart_core::outgoing::PayoutFact;
use rampart_core::payment::PayIn;
use rampart_core::record::Record;
use rampart_core::review::{ReviewItem, ReviewKind};
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_core::time::Timestamp;
use rampart_store::{CommitError, StoreError};

use super::supervisor::{Task, Turn, Worker, panicked};
use super::{observe, payouts};
use crate::app::{App, MOST_TRIES};
use crate::error::{AppError, AppResult};

/// How many facts are looked at together.
const PAGE: u32 = 256;

/// Why a fact did not take effect.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Not now.
    Later(AppError),
    /// Never as it is; a person has to look.
    Never(String),
}

impl From<AppError> for Trouble {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Unavailable(_) => Self::Later(error),
            AppError::Refusal(_) | AppError::Defect(_) => Self::Never(error.to_string()),
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        // A row that cannot be read is as unreadable the next time.
        AppError::from(error).into()
    }
}

/// What a fact does.
pub(crate) type Effect = Result<Step, Trouble>;

/// Applies facts.
pub(crate) struct Apply {
    app: App,
    /// Facts that cannot be read and are on a person's list.
    unreadable: Mutex<BTreeSet<FactId>>,
}

impl Apply {
    pub(crate) fn new(app: App) -> Self {
        Self { app, unreadable: Mutex::default() }
    }

    /// Everything that waits, page by page. What could not be applied now stays behind and is found by the next turn.
    async fn all(&self) -> AppResult<Turn> {
        let mut behind: Option<FactId> = None;
        loop {
            let page = self.app.store().facts_to_apply(behind, PAGE).await?;
            let full = page.len() == usize::try_from(PAGE).unwrap_or(usize::MAX);
            behind = page.last().map(|(id, _)| *id);
            let mut facts = Vec::with_capacity(page.len());
            for (id, fact) in page {
                match fact {
                    Ok(fact) => facts.push(fact),
                    Err(error) => self.unreadable(id, &error).await?,
                }
            }
            self.together(facts).await?;
            if !full {
                return Ok(Turn::Idle);
            }
        }
    }

    /// A fact that cannot be read cannot be marked as put aside either: it waits, and is applied once it can be read. A
    /// person is told once.
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
            Ok(_) => tracing::error!(fact = %id, reason, "a fact cannot be read and waits for a person"),
            Err(CommitError::AlreadyClaimed(_)) => {}
            Err(error) => return Err(error.into()),
        }
        self.unreadable.lock().insert(id);
        Ok(())
    }

    /// Applies facts at the same time, those of one subject one after the other.
    async fn together(&self, facts: Vec<Fact>) -> AppResult<()> {
        let mut groups = grouped(&self.app, facts);
        for facts in &mut groups {
            // What a chain undid and took up again is told in its own order.
            let is_undone = facts.iter().any(|fact| matches!(fact.body, FactBody::Deposit { change: DepositChange::Dropped, .. }));
            if !is_undone {
                facts.sort_by(|one, other| place(&self.app, one).cmp(&place(&self.app, other)));
            }
        }
        let most = self.app.config().workers.concurrency;
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

    fn turn(&self) -> Task<'_, AppResult<Turn>> {
        Box::pin(self.all())
    }

    fn woken(&self) -> Task<'_, ()> {
        Box::pin(self.app.wake().facts())
    }
}

/// Facts in groups that have no subject in common: what may concern one order is applied one after the other.
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
        // A fact that may concern several orders brings their groups together.
        for other in known.into_iter().skip(1) {
            let joined = std::mem::take(&mut groups[other]);
            groups[into].extend(joined);
            places.values_mut().filter(|place| **place == other).for_each(|place| *place = into);
        }
        groups[into].push(fact);
        places.extend(subjects.into_iter().map(|subject| (subject, into)));
    }
    groups
}

/// What facts that must keep their order have in common; `page` are those that are applied together.
fn subjects(app: &App, fact: &Fact, page: &[Fact]) -> Vec<String> {
    let subject = match &fact.body {
        FactBody::BankCredit(credit) => return credit::subjects(app, credit),
        FactBody::ProcessorPaid(paid) => paid.payment.to_string(),
        FactBody::ProcessorDeclined { payment, .. } => payment.to_string(),
        FactBody::Reversed(told) => match (told.payment, &told.receipt) {
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

/// Where a fact stands among those of its subject: receipts by the time that counts and then by their natural key, so that it
/// does not matter in which order they were told; the rest as it was told, behind receipts of the same moment.
fn place<'a>(app: &App, fact: &'a Fact) -> (Timestamp, bool, &'a str) {
    let catalogue = app.catalogue();
    let (told, backdating) = match &fact.body {
        FactBody::BankCredit(credit) => (credit.booked_at, catalogue.backdating(PayIn::Bank(credit.rail))),
        FactBody::ProcessorPaid(paid) => (paid.paid_at, catalogue.backdating(PayIn::Processor(paid.processor))),
        FactBody::Deposit { change: DepositChange::Confirmed, at: Some(at), .. } => (Some(*at), Duration::MAX),
        _ => return (fact.observed_at, true, ""),
    };
    (counts_at(told, fact.observed_at, fact.read_before, backdating), false, &fact.natural_key)
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

/// Applies one fact, or puts it aside with a reason.
///
/// # Errors
/// [`AppError::Unavailable`] when it has to be tried again; it is unchanged then.
pub(crate) async fn apply(app: &App, fact: Fact) -> AppResult<()> {
    let what = kind(&fact);
    let effect = AssertUnwindSafe(take_effect(app, fact.clone())).catch_unwind().await;
    let trouble = match effect.unwrap_or_else(|panic| Err(Trouble::Never(panicked(&*panic).to_string()))) {
        Ok(outcome) => {
            app.metrics().fact(what, outcome);
            return Ok(());
        }
        Err(trouble) => trouble,
    };
    match trouble {
        Trouble::Later(error) => Err(error),
        Trouble::Never(reason) => {
            tracing::error!(fact = %fact.id, kind = what, reason, "a fact cannot be applied and waits for a person");
            app.metrics().fact(what, "quarantined");
            quarantine(app, fact, reason).await
        }
    }
}

async fn take_effect(app: &App, mut fact: Fact) -> Result<&'static str, Trouble> {
    // What follows from a fact is asked for, with less and less until it is granted; the fact itself always is.
    let mut grade = Grade::All;
    for _ in 0..MOST_TRIES {
        let mut step = effect(app, &fact, grade).await?;
        let order = received_by(&fact, &step);
        step.write(Fact { applied: true, quarantined: None, order, ..fact.clone() });
        match app.commit(step).await {
            Ok(_) => return Ok("applied"),
            Err(CommitError::Conflict(_)) => match app.store().fact(fact.id).await? {
                Some(stored) if !stored.applied => fact = stored,
                _ => return Ok("applied elsewhere"),
            },
            Err(CommitError::Unavailable) => return Err(Trouble::Later(CommitError::Unavailable.into())),
            Err(error) => grade = observe::less(grade, &error).ok_or_else(|| Trouble::Never(error.to_string()))?,
        }
    }
    Err(Trouble::Later(AppError::Unavailable("the order is changing too fast".to_owned())))
}

/// The order whose money a fact brought.
fn received_by(fact: &Fact, step: &Step) -> Option<OrderId> {
    let brought_money = matches!(fact.body, FactBody::BankCredit(_) | FactBody::ProcessorPaid(_));
    step.writes.iter().filter(|_| brought_money).find_map(|record| match record {
        Record::Payment(payment) => Some(payment.id),
        _ => None,
    })
}

/// What a fact does, decided on what is stored now.
pub(crate) async fn effect(app: &App, fact: &Fact, grade: Grade) -> Effect {
    match &fact.body {
        FactBody::BankCredit(credit) => credit::effect(app, fact, credit, grade).await,
        FactBody::ProcessorPaid(paid) => processor::paid(app, fact, paid, grade).await,
        FactBody::ProcessorDeclined { payment, .. } => processor::declined(app, *payment).await,
        FactBody::Reversed(told) => reversal::effect(app, told).await,
        FactBody::PayoutReported { payout, report } => {
            let found = app.store().payout(*payout).await?;
            let payout = found.ok_or_else(|| Trouble::Never(format!("there is no payout {payout}")))?;
            Ok(payouts::observe(app, payout, told(report)).await?)
        }
        FactBody::KycDecided { customer, reference, level, status, reasons, may_retry } => {
            let (reference, reasons) = (reference.clone(), reasons.clone());
            let verdict = KycVerdict { reference, level: *level, status: *status, reasons, may_retry: *may_retry };
            identity::effect(app, *customer, verdict).await
        }
        FactBody::Deposit { deposit, change, .. } => deposit::effect(app, fact.id, *deposit, *change, grade).await,
    }
}

/// What a rail or processor tells of a payout.
fn told(report: &PayoutReport) -> PayoutFact {
    match report.clone() {
        PayoutReport::Settled { reference } => PayoutFact::Settled { reference },
        PayoutReport::Failed { reason } | PayoutReport::Returned { reason } => PayoutFact::Failed { reason },
    }
}

/// The item of a fact that cannot be applied.
fn quarantined(app: &App, fact: FactId, reason: String) -> ReviewItem {
    ReviewItem { fact: Some(fact), ..ReviewItem::new(&app.mint(), ReviewKind::Quarantine, reason) }
}

async fn quarantine(app: &App, fact: Fact, reason: String) -> AppResult<()> {
    let mut step = Step::new();
    step.write(ReviewItem { order: named::order(app, &fact).await, ..quarantined(app, fact.id, reason.clone()) });
    step.write(Fact { quarantined: Some(reason), ..fact });
    match app.commit(step).await {
        // Whoever was faster has applied it or put it aside.
        Ok(_) | Err(CommitError::Conflict(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
