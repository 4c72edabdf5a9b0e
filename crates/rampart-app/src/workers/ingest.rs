//! Stores facts: each source is read from its cursor, and a page becomes facts, their claims and the cursor's new position in one step.
//! Orders are changed by [`super::apply`] only.

use std::sync::Arc;

use parking_lot::Mutex;
use rampart_core::id::Mint;
use rampart_core::ledger::{Processor, Rail};
use rampart_core::ports::{BankPort, FactPage, KycDecision, KycPort, ProcessorEvent, ProcessorPort, StatementLine};
use rampart_core::step::fact::{Fact, FactBody, ReceiptReference, Reversed};
use rampart_core::step::watch::{Cursor, CursorName};
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_core::time::Timestamp;
use rampart_store::CommitError;

use super::supervisor::{TurnOutcome, Worker, WorkerFuture};
use crate::app::App;
use crate::error::{AppError, AppResult};

/// Entries read and stored at once.
const PAGE_ENTRIES: usize = 256;

/// A source of facts.
pub(crate) enum Source {
    Bank(Rail, Arc<dyn BankPort>),
    Processor(Processor, Arc<dyn ProcessorPort>),
    Kyc(Arc<dyn KycPort>),
}

/// A fact as reported by its source: its natural key, which identifies it when it is reported again, and its body.
type ReportedFact = (String, FactBody);

impl Source {
    pub(crate) fn all(app: &App) -> Vec<Self> {
        let ports = &app.ports;
        let banks = ports.banks.iter().flat_map(|bank| bank.rails().into_iter().map(|rail| Self::Bank(rail, bank.clone())));
        let processors =
            ports.processors.iter().flat_map(|port| port.processors().into_iter().map(|name| Self::Processor(name, port.clone())));
        banks.chain(processors).chain([Self::Kyc(ports.kyc.clone())]).collect()
    }

    fn name(&self) -> String {
        match self {
            Self::Bank(rail, _) => format!("bank-{rail}"),
            Self::Processor(processor, _) => format!("processor-{processor}"),
            Self::Kyc(_) => "kyc".to_owned(),
        }
    }

    pub(crate) fn cursor(&self) -> CursorName {
        self.name().parse().expect("a prefix of at most 10 and a name of at most 16 characters make a code of at most 40")
    }

    async fn read(&self, after: &str) -> AppResult<FactPage<ReportedFact>> {
        let unavailable = |fault: rampart_core::ports::Unavailable| AppError::Unavailable(fault.0);
        match self {
            Self::Bank(rail, port) => {
                let page = port.statement(*rail, after, PAGE_ENTRIES).await.map_err(unavailable)?;
                Ok(map_page(page, |line| bank_line(*rail, line)))
            }
            Self::Processor(processor, port) => {
                let page = port.events(*processor, after, PAGE_ENTRIES).await.map_err(unavailable)?;
                Ok(map_page(page, |event| processor_event(*processor, event)))
            }
            Self::Kyc(port) => Ok(map_page(port.decisions(after, PAGE_ENTRIES).await.map_err(unavailable)?, kyc_decision)),
        }
    }

    async fn news(&self, after: &str) {
        match self {
            Self::Bank(rail, port) => port.news(*rail, after).await,
            Self::Processor(processor, port) => port.news(*processor, after).await,
            Self::Kyc(port) => port.news(after).await,
        }
    }
}

fn map_page<T>(page: FactPage<T>, to_fact: impl Fn(T) -> ReportedFact) -> FactPage<ReportedFact> {
    FactPage { items: page.items.into_iter().map(to_fact).collect(), next: page.next, has_more: page.has_more }
}

fn bank_line(rail: Rail, line: StatementLine) -> ReportedFact {
    match line {
        StatementLine::Credit(credit) => (format!("bank:{rail}:{}", credit.line), FactBody::BankCredit(credit)),
        StatementLine::Reversal { line, of, amount, currency, reason } => {
            let receipt = Some(ReceiptReference::Line { rail, line: of });
            let reversal = Reversed { payment: None, receipt, currency: Some(currency), amount, reason };
            (format!("bank:{rail}:{line}"), FactBody::Reversed(reversal))
        }
        StatementLine::Payout { line, payout, report } => (format!("bank:{rail}:{line}"), FactBody::PayoutReported { payout, report }),
    }
}

fn processor_event(processor: Processor, event: ProcessorEvent) -> ReportedFact {
    match event {
        ProcessorEvent::Paid(paid) => (format!("processor:{processor}:paid:{}", paid.reference), FactBody::ProcessorPaid(paid)),
        ProcessorEvent::Declined { event, payment, reason } => {
            (format!("processor:{processor}:event:{event}"), FactBody::ProcessorDeclined { payment, reason })
        }
        ProcessorEvent::Reversed { event, payment, capture, amount, currency, reason } => {
            let receipt = Some(ReceiptReference::Capture { processor, reference: capture });
            let reversal = Reversed { payment: Some(payment), receipt, currency: Some(currency), amount, reason };
            (format!("processor:{processor}:event:{event}"), FactBody::Reversed(reversal))
        }
        ProcessorEvent::Refund { event, payout, report } => {
            (format!("processor:{processor}:event:{event}"), FactBody::PayoutReported { payout, report })
        }
    }
}

fn kyc_decision(decision: KycDecision) -> ReportedFact {
    let KycDecision { event, reference, customer, level, status, reasons, may_retry } = decision;
    (format!("kyc:{event}"), FactBody::KycDecided { customer, reference, level, status, reasons, may_retry })
}

/// Builds facts. Their identifiers sort in the order of the report, in which they are applied.
pub(crate) fn facts(app: &App, reported: Vec<ReportedFact>, read_before: Option<Timestamp>) -> Vec<Fact> {
    let now = app.business.now();
    let numbered = reported.into_iter().zip(0_i64..);
    numbered
        .map(|((natural_key, body), position)| {
            let mint = Mint { now: Timestamp::from_micros(now.micros().saturating_add(position)), randomness: &*app.randomness };
            Fact { read_before, ..Fact::new(mint.id(), natural_key, body.bounded(), now) }
        })
        .collect()
}

pub(crate) fn store(step: &mut Step, facts: &[Fact]) {
    for fact in facts {
        step.claims.push(Claim::forever(ClaimScope::Fact, fact.natural_key.clone(), fact.id));
        step.write(fact.clone());
    }
}

pub(crate) struct Ingest {
    app: App,
    source: Source,
    known: Mutex<Option<Cursor>>,
}

impl Ingest {
    pub(crate) fn new(app: App, source: Source) -> Self {
        Self { app, source, known: Mutex::default() }
    }

    async fn cursor(&self) -> AppResult<Cursor> {
        if let Some(cursor) = self.known.lock().clone() {
            return Ok(cursor);
        }
        let id = self.source.cursor();
        let new = || Cursor { id, version: 0, position: String::new(), moved_at: Timestamp::default(), read_at: None };
        Ok(self.app.store.cursor(id).await?.unwrap_or_else(new))
    }

    async fn read(&self) -> AppResult<TurnOutcome> {
        let app = &self.app;
        let cursor = self.cursor().await?;
        let begun_at = app.business.now();
        let call = self.source.read(&cursor.position);
        let page = tokio::time::timeout(app.config.workers.call(), call)
            .await
            .map_err(|_| AppError::Unavailable("it did not answer in time".to_owned()))??;
        let now = app.real.now();
        let confirm_interval = self.app.config.workers.confirm_interval();
        let is_confirmed =
            cursor.moved_at.until(now) < confirm_interval && cursor.read_at.is_some_and(|read| read.until(begun_at) < confirm_interval);
        if page.items.is_empty() && page.next == cursor.position && is_confirmed {
            *self.known.lock() = Some(cursor);
            return Ok(TurnOutcome::Idle);
        }
        let has_more = page.has_more;
        // A reading is complete when it reached the end of what there was.
        let read_at = if has_more { cursor.read_at } else { Some(begun_at) };
        let facts = facts(app, page.items, cursor.read_at);
        self.save(Cursor { position: page.next, moved_at: now, read_at, ..cursor }, facts).await?;
        Ok(if has_more { TurnOutcome::More } else { TurnOutcome::Idle })
    }

    /// Stores facts and cursor, leaving out facts that are stored already.
    async fn save(&self, mut cursor: Cursor, mut facts: Vec<Fact>) -> AppResult<()> {
        *self.known.lock() = None;
        let name = self.source.name();
        loop {
            let mut step = Step::new();
            store(&mut step, &facts);
            step.write(cursor.clone());
            match self.app.commit(step).await {
                Ok(_) => break,
                // Another process has read further; nothing is left to store.
                Err(CommitError::Conflict(_)) => return Ok(()),
                Err(CommitError::AlreadyClaimed(_)) => {
                    let before = facts.len();
                    facts = self.not_stored_before(facts).await?;
                    if facts.len() == before {
                        return Err(AppError::Unavailable("a fact is being stored elsewhere".to_owned()));
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        facts.iter().for_each(|_| self.app.metrics.fact(&name, "stored"));
        cursor.version += 1;
        *self.known.lock() = Some(cursor);
        Ok(())
    }

    async fn not_stored_before(&self, facts: Vec<Fact>) -> AppResult<Vec<Fact>> {
        let mut new: Vec<Fact> = Vec::with_capacity(facts.len());
        for fact in facts {
            let is_repeated = new.iter().any(|other| other.natural_key == fact.natural_key);
            if !is_repeated && self.app.store.claim(ClaimScope::Fact, &fact.natural_key).await?.is_none() {
                new.push(fact);
            }
        }
        Ok(new)
    }
}

impl Worker for Ingest {
    fn name(&self) -> String {
        format!("ingest-{}", self.source.name())
    }

    fn turn(&self) -> WorkerFuture<'_, AppResult<TurnOutcome>> {
        Box::pin(self.read())
    }

    fn woken(&self) -> WorkerFuture<'_, ()> {
        let position = self.known.lock().as_ref().map(|cursor| cursor.position.clone()).unwrap_or_default();
        Box::pin(async move { self.source.news(&position).await })
    }
}
