//! Orders that time alone changes: the end of a promise, of an order, of a wait for a price, for coins or for an identity.

use futures::StreamExt as _;
use rampart_core::arrival::Grade;
use rampart_core::id::OrderId;
use rampart_core::payment::{Payment, PaymentFact};
use rampart_core::rampoff::{Rampoff, RampoffFact};
use rampart_core::record::Record;
use rampart_core::step::Step;
use rampart_core::time::Timestamp;
use rampart_store::CommitError;

use super::observe::{self, Around};
use super::supervisor::{Task, Turn, Worker};
use crate::app::{App, MOST_TRIES};
use crate::error::AppResult;

const PAGE: u32 = 256;

/// Lets time pass for orders that are due.
pub(crate) struct Expiry {
    app: App,
}

impl Expiry {
    pub(crate) const fn new(app: App) -> Self {
        Self { app }
    }

    /// Every order that is due, page by page: one that has to wait on stays due and is looked at again by the next turn.
    async fn expire(&self) -> AppResult<Turn> {
        let now = self.app.business().now();
        let most = self.app.config().workers.concurrency;
        let mut behind = None;
        loop {
            let page = self.app.store().payments_due(now, behind, PAGE).await?;
            let next = page.last().and_then(|order| place(order.due_at(), order.id));
            let is_last = is_last(page.len());
            let done: Vec<AppResult<()>> =
                futures::stream::iter(page).map(|order| self.payment(order)).buffer_unordered(most).collect().await;
            done.into_iter().collect::<AppResult<()>>()?;
            behind = next;
            if is_last || behind.is_none() {
                break;
            }
        }
        let mut behind = None;
        loop {
            let page = self.app.store().rampoffs_due(now, behind, PAGE).await?;
            let next = page.last().and_then(|order| place(order.due_at(), order.id));
            let is_last = is_last(page.len());
            let done: Vec<AppResult<()>> =
                futures::stream::iter(page).map(|order| self.rampoff(order)).buffer_unordered(most).collect().await;
            done.into_iter().collect::<AppResult<()>>()?;
            behind = next;
            if is_last || behind.is_none() {
                return Ok(Turn::Idle);
            }
        }
    }

    async fn payment(&self, order: Payment) -> AppResult<()> {
        let around = Around::payment(&self.app, &order, None).await?;
        let step = |grade| around.observe_payment(&self.app, order.clone(), PaymentFact::TimePassed, grade);
        self.commit(|grade| looked_at(step(grade), order.due_at(), &order)).await
    }

    async fn rampoff(&self, order: Rampoff) -> AppResult<()> {
        let around = Around::rampoff(&self.app, &order, None).await?;
        let step = |grade| around.observe_rampoff(&self.app, order.clone(), RampoffFact::TimePassed, grade);
        self.commit(|grade| looked_at(step(grade), order.due_at(), &order)).await
    }

    async fn commit(&self, step: impl Fn(Grade) -> Step) -> AppResult<()> {
        let mut grade = Grade::All;
        for _ in 0..MOST_TRIES {
            let step = step(grade);
            if step.is_empty() {
                return Ok(());
            }
            match self.app.commit(step).await {
                // Money came in the last moment, or somebody else was faster: the next turn sees what is left.
                Ok(_) | Err(CommitError::Conflict(_)) => return Ok(()),
                Err(error) => grade = observe::less(grade, &error).ok_or(error)?,
            }
        }
        Ok(())
    }
}

/// An order that an earlier version or an upgrade has put down as due, and for which there is nothing to do: it is written as it
/// is, and is due no more.
fn looked_at<T: Clone + Into<Record>>(step: Step, due_at: Option<Timestamp>, order: &T) -> Step {
    let mut step = step;
    if step.is_empty() && due_at.is_none() {
        step.write(order.clone());
    }
    step
}

fn is_last(length: usize) -> bool {
    length < usize::try_from(PAGE).unwrap_or(usize::MAX)
}

fn place(due_at: Option<Timestamp>, id: OrderId) -> Option<(Timestamp, OrderId)> {
    due_at.map(|due_at| (due_at, id))
}

impl Worker for Expiry {
    fn name(&self) -> String {
        "expiry".to_owned()
    }

    fn turn(&self) -> Task<'_, AppResult<Turn>> {
        Box::pin(self.expire())
    }

    fn woken(&self) -> Task<'_, ()> {
        Box::pin(std::future::pending())
    }
}
