//! Applies the passing of time to orders: the end of a price guarantee, of an order, of a wait for a price, for coins or for an identity
//! check.

use futures::StreamExt as _;
use rampart_core::order::arrival::Leg;
use rampart_core::order::{Order, SharedFact};

use super::observe::{DecisionInputs, Reading};
use super::supervisor::{TurnOutcome, Worker, WorkerFuture};
use crate::app::App;
use crate::error::AppResult;
use crate::retry::retry_with_grade;

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
        for leg in [Leg::Buying, Leg::Selling] {
            let mut after = None;
            loop {
                let page: Vec<Order> = match leg {
                    Leg::Buying => self.app.store.payments_due(now, after, PAGE_ROWS).await?.into_iter().map(Order::from).collect(),
                    Leg::Selling => self.app.store.rampoffs_due(now, after, PAGE_ROWS).await?.into_iter().map(Order::from).collect(),
                };
                after = page.last().and_then(|order| order.due_at().map(|due_at| (due_at, order.id())));
                let is_last = page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
                let done: Vec<AppResult<()>> =
                    futures::stream::iter(page).map(|order| self.pass_time(order)).buffer_unordered(concurrency).collect().await;
                done.into_iter().collect::<AppResult<()>>()?;
                if is_last || after.is_none() {
                    break;
                }
            }
        }
        Ok(TurnOutcome::Idle)
    }

    /// If money arrived just now, or another process was faster, the next turn handles what is left.
    async fn pass_time(&self, order: Order) -> AppResult<()> {
        let (app, order, fence) = (&self.app, &order, Some(order.relied().0));
        retry_with_grade(app, fence, |grade| async move {
            // Nothing is committed when nothing is to be done, so memory would not be found out.
            let inputs = DecisionInputs::order(app, order, Reading::Stored).await?;
            let mut step = inputs.observe(app, order.clone(), SharedFact::TimePassed, grade);
            // An earlier version or a migration marked it as due although nothing is to be done: writing it clears the mark.
            if step.is_empty() && order.due_at().is_none() {
                step.write(order.clone());
            }
            Ok(step)
        })
        .await
    }
}

impl Worker for Expiry {
    fn name(&self) -> String {
        "expiry".to_owned()
    }

    fn turn(&self) -> WorkerFuture<'_, AppResult<TurnOutcome>> {
        Box::pin(self.expire())
    }
}
