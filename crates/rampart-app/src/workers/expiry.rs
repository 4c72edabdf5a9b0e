//! Applies the passing of time to orders: the end of a price guarantee, of an order, of a wait for a price, for coins or for an identity
//! check.

use futures::StreamExt as _;
use rampart_core::id::OrderId;
use rampart_core::order::arrival::Grade;
use rampart_core::order::payment::{Payment, PaymentFact};
use rampart_core::order::rampoff::{Rampoff, RampoffFact};
use rampart_core::step::Step;
use rampart_core::step::record::Record;
use rampart_core::time::Timestamp;
use rampart_store::CommitError;

use super::observe::{self, DecisionInputs};
use super::supervisor::{TurnOutcome, Worker, WorkerFuture};
use crate::app::{App, MAX_COMMIT_ATTEMPTS};
use crate::error::AppResult;

const PAGE_ROWS: u32 = 256;

pub(crate) struct Expiry {
    app: App,
}

impl Expiry {
    pub(crate) const fn new(app: App) -> Self {
        Self { app }
    }

    /// Handles every due order, page by page. One that has to keep waiting stays due and is handled again by the next turn.
    async fn expire(&self) -> AppResult<TurnOutcome> {
        let now = self.app.business.now();
        let concurrency = self.app.config.workers.concurrency;
        let mut after = None;
        loop {
            let page = self.app.store.payments_due(now, after, PAGE_ROWS).await?;
            let next = page.last().and_then(|order| page_position(order.due_at(), order.id));
            let is_last = is_last(page.len());
            let done: Vec<AppResult<()>> =
                futures::stream::iter(page).map(|order| self.payment(order)).buffer_unordered(concurrency).collect().await;
            done.into_iter().collect::<AppResult<()>>()?;
            after = next;
            if is_last || after.is_none() {
                break;
            }
        }
        let mut after = None;
        loop {
            let page = self.app.store.rampoffs_due(now, after, PAGE_ROWS).await?;
            let next = page.last().and_then(|order| page_position(order.due_at(), order.id));
            let is_last = is_last(page.len());
            let done: Vec<AppResult<()>> =
                futures::stream::iter(page).map(|order| self.rampoff(order)).buffer_unordered(concurrency).collect().await;
            done.into_iter().collect::<AppResult<()>>()?;
            after = next;
            if is_last || after.is_none() {
                return Ok(TurnOutcome::Idle);
            }
        }
    }

    async fn payment(&self, order: Payment) -> AppResult<()> {
        let inputs = DecisionInputs::payment(&self.app, &order, None).await?;
        let step = |grade| inputs.observe_payment(&self.app, order.clone(), PaymentFact::TimePassed, grade);
        self.commit(|grade| clear_due_mark(step(grade), order.due_at(), &order)).await
    }

    async fn rampoff(&self, order: Rampoff) -> AppResult<()> {
        let inputs = DecisionInputs::rampoff(&self.app, &order, None).await?;
        let step = |grade| inputs.observe_rampoff(&self.app, order.clone(), RampoffFact::TimePassed, grade);
        self.commit(|grade| clear_due_mark(step(grade), order.due_at(), &order)).await
    }

    async fn commit(&self, step: impl Fn(Grade) -> Step) -> AppResult<()> {
        let mut grade = Grade::All;
        for _ in 0..MAX_COMMIT_ATTEMPTS {
            let step = step(grade);
            if step.is_empty() {
                return Ok(());
            }
            match self.app.commit(step).await {
                // Money arrived just now, or another process was faster: the next turn handles what is left.
                Ok(_) | Err(CommitError::Conflict(_)) => return Ok(()),
                Err(error) => grade = observe::reduce_grade(grade, &error).ok_or(error)?,
            }
        }
        Ok(())
    }
}

/// An order that an earlier version or a migration marked as due although nothing is to be done: it is written unchanged, which clears the
/// mark.
fn clear_due_mark<T: Clone + Into<Record>>(step: Step, due_at: Option<Timestamp>, order: &T) -> Step {
    let mut step = step;
    if step.is_empty() && due_at.is_none() {
        step.write(order.clone());
    }
    step
}

fn is_last(length: usize) -> bool {
    length < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX)
}

fn page_position(due_at: Option<Timestamp>, id: OrderId) -> Option<(Timestamp, OrderId)> {
    due_at.map(|due_at| (due_at, id))
}

impl Worker for Expiry {
    fn name(&self) -> String {
        "expiry".to_owned()
    }

    fn turn(&self) -> WorkerFuture<'_, AppResult<TurnOutcome>> {
        Box::pin(self.expire())
    }

    fn woken(&self) -> WorkerFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}
