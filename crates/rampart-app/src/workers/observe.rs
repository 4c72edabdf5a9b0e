//! Applies facts to orders with the present market price and the state of customer and partner.

use std::sync::Arc;

use rampart_core::customer::Customer;
use rampart_core::id::{CustomerId, FactId, OrderId, PartnerId, ReviewId};
use rampart_core::money::asset::{CoinId, Currency};
use rampart_core::money::rate::Rate;
use rampart_core::order::arrival::{Eligibility, Grade, Leg};
use rampart_core::order::payment::{Payment, PaymentFact};
use rampart_core::order::rampoff::{Rampoff, RampoffFact};
use rampart_core::order::view::KycView;
use rampart_core::order::{Context, HoldReason, Order, SharedFact, StoppedBy};
use rampart_core::outgoing::Screening;
use rampart_core::partner::Partner;
use rampart_core::partner::event::{EventDraft, EventType};
use rampart_core::review::ReviewItem;
use rampart_core::step::Step;
use rampart_core::step::record::RecordKey;
use rampart_core::time::Timestamp;

use super::source_progress;
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::orders::order_checks;

/// Our present price of an order's pair.
pub(crate) fn price(app: &App, order: &Order) -> Option<Rate> {
    pair_price(app, order.pair())
}

fn pair_price(app: &App, (leg, coin, currency): (Leg, CoinId, Currency)) -> Option<Rate> {
    match leg {
        Leg::Buying => app.prices.buy_price(coin.symbol, currency, app.business.now()),
        Leg::Selling => app.prices.sell_price(coin.symbol, currency, app.business.now()),
    }
}

/// Our present price of a payment's pair.
pub(crate) fn payment_price(app: &App, payment: &Payment) -> Option<Rate> {
    pair_price(app, (Leg::Buying, payment.terms.coin, payment.terms.fiat))
}

/// Our present price of a ramp-off's pair.
pub(crate) fn rampoff_price(app: &App, rampoff: &Rampoff) -> Option<Rate> {
    pair_price(app, (Leg::Selling, rampoff.terms.coin, rampoff.terms.fiat))
}

/// The step that follows for a payment from a fact that depends on nothing else.
pub(crate) fn payment(app: &App, payment: Payment, fact: PaymentFact) -> Step {
    let price = payment_price(app, &payment);
    payment.observe(fact, &app.context(price))
}

/// Which customer and partner a decision is taken on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As this node remembers them. The commit of the step refuses them if they have changed, so a step must be committed whatever the
    /// decision is, and nothing may be done outside before that.
    Remembered,
    /// As they are stored now.
    Stored,
}

impl Reading {
    async fn customer(self, app: &App, id: CustomerId) -> AppResult<Arc<Customer>> {
        let found = match self {
            Self::Remembered => app.customer_cache.load(&app.store, id).await?,
            Self::Stored => app.store.customer(id).await?.map(Arc::new),
        };
        found.ok_or_else(|| AppError::defect(format!("there is no customer {id}")))
    }

    async fn partner(self, app: &App, id: PartnerId) -> AppResult<Arc<Partner>> {
        let found = match self {
            Self::Remembered => app.partner_cache.load(&app.store, id).await?,
            Self::Stored => app.store.partner(id).await?.map(Arc::new),
        };
        found.ok_or_else(|| AppError::defect(format!("there is no partner {id}")))
    }
}

/// A customer as stored now, which this node remembers.
pub(crate) async fn stored_customer(app: &App, id: CustomerId) -> AppResult<Arc<Customer>> {
    let customer = Reading::Stored.customer(app, id).await?;
    app.customer_cache.put(customer.clone());
    Ok(customer)
}

/// The stored records that a decision about arrived money or coins depends on, beside the order.
pub(crate) struct DecisionInputs {
    customer: Arc<Customer>,
    partner: Arc<Partner>,
    running_item: Option<ReviewItem>,
    read_at: Option<Timestamp>,
}

/// Whether customer and partner may proceed.
fn eligibility(app: &App, customer: &Customer, partner: &Partner) -> Eligibility {
    let level = order_checks::check_identity(app, customer).ok();
    let blocked = if customer.banned.is_some() {
        Some(HoldReason::Banned)
    } else if !partner.enabled {
        Some(HoldReason::PartnerDisabled)
    } else if customer.charged_back.is_some() {
        Some(HoldReason::Reversed)
    } else {
        level.is_none().then_some(HoldReason::Identity)
    };
    Eligibility { blocked, level }
}

/// The state of customer and partner when money or coins are to leave; the commit of the attempt relies on their versions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Permission {
    customer: (RecordKey, i64),
    partner: (RecordKey, i64),
    blocked: Option<HoldReason>,
}

impl Permission {
    pub(crate) async fn of(app: &App, customer: CustomerId, reading: Reading) -> AppResult<Self> {
        let customer = reading.customer(app, customer).await?;
        let partner = reading.partner(app, customer.partner).await?;
        Ok(Self {
            blocked: eligibility(app, &customer, &partner).blocked,
            customer: (RecordKey::Customer(customer.id), customer.version),
            partner: (RecordKey::Partner(partner.id), partner.version),
        })
    }

    /// Why a payout or transfer must not leave. A refund to the customer is stopped by a ban alone, unless an operator has ordered it.
    pub(crate) fn stops(&self, goes_back: bool, by_person: bool, screening: Screening) -> Option<StoppedBy> {
        let is_meant = |reason: &HoldReason| !goes_back || (*reason == HoldReason::Banned && !by_person);
        self.blocked.filter(is_meant).filter(|_| screening != Screening::Overruled).map(StoppedBy::Standing)
    }

    /// Makes the step fail if customer or partner have changed.
    pub(crate) fn rely_on(&self, step: &mut Step) {
        for (key, version) in [self.customer, self.partner] {
            if !step.relied.contains(&(key, version)) {
                step.rely(key, version);
            }
        }
    }
}

/// The reason for a stop, in words.
pub(crate) const fn describe_stop(by: StoppedBy) -> &'static str {
    match by {
        StoppedBy::Standing(HoldReason::Banned) => "the customer is banned",
        StoppedBy::Standing(HoldReason::PartnerDisabled) => "the partner is disabled",
        StoppedBy::Standing(HoldReason::Reversed) => "the customer has money taken back whose coins had left",
        StoppedBy::Standing(_) => "the customer's identity is not valid any more",
        StoppedBy::Screening | StoppedBy::Operator => "it was stopped",
    }
}

impl DecisionInputs {
    /// For a payment that a fact is applied to.
    pub(crate) async fn payment(app: &App, payment: &Payment, applied: FactId) -> AppResult<Self> {
        Self::of_payment(app, payment, Some(applied), Reading::Remembered).await
    }

    async fn of_payment(app: &App, payment: &Payment, applied: Option<FactId>, reading: Reading) -> AppResult<Self> {
        let mut inputs = Self::load(app, payment.customer, payment.partner, payment.running_item, reading).await?;
        // Before the price guarantee ends, no decision depends on how far the source was read.
        if app.business.now() >= payment.held_until {
            inputs.read_at = source_progress::pay_in(app, payment.pay_in, applied).await?;
        }
        Ok(inputs)
    }

    /// For a ramp-off that a fact about coins of any kind is applied to.
    pub(crate) async fn deposit(app: &App, rampoff: &Rampoff, coin: CoinId, applied: FactId) -> AppResult<Self> {
        Self::of_rampoff(app, rampoff, coin, Some(applied), Reading::Remembered).await
    }

    async fn of_rampoff(app: &App, rampoff: &Rampoff, coin: CoinId, applied: Option<FactId>, reading: Reading) -> AppResult<Self> {
        let mut inputs = Self::load(app, rampoff.customer, rampoff.partner, rampoff.running_item_of(coin), reading).await?;
        if app.business.now() >= rampoff.held_until {
            inputs.read_at = source_progress::of_chain(app, rampoff.chain(), applied).await?;
        }
        Ok(inputs)
    }

    /// For an order of either direction, without a fact.
    pub(crate) async fn order(app: &App, order: &Order, reading: Reading) -> AppResult<Self> {
        match order {
            Order::Payment(payment) => Self::of_payment(app, payment, None, reading).await,
            Order::Rampoff(rampoff) => Self::of_rampoff(app, rampoff, rampoff.terms.coin, None, reading).await,
        }
    }

    async fn load(app: &App, customer: CustomerId, partner: PartnerId, item: Option<ReviewId>, reading: Reading) -> AppResult<Self> {
        let running_item = async {
            match item {
                Some(id) => Ok(app.store.review(id).await?),
                None => Ok(None),
            }
        };
        let (customer, partner, running_item) =
            futures::try_join!(reading.customer(app, customer), reading.partner(app, partner), running_item)?;
        Ok(Self { customer, partner, running_item, read_at: None })
    }

    pub(crate) fn customer(&self) -> &Customer {
        &self.customer
    }

    fn eligibility(&self, app: &App) -> Eligibility {
        eligibility(app, &self.customer, &self.partner)
    }

    /// The context of the core's decision.
    pub(crate) fn context<'a>(&'a self, app: &'a App, price: Option<Rate>, grade: Grade) -> Context<'a> {
        Context {
            standing: self.eligibility(app),
            grade,
            read_at: self.read_at,
            running_item: self.running_item.as_ref(),
            ..app.context(price)
        }
    }

    /// The step that follows for an order; it relies on the customer's and partner's versions.
    pub(crate) fn observe(&self, app: &App, order: Order, fact: SharedFact, grade: Grade) -> Step {
        let price = price(app, &order);
        self.rely_on(order.observe(fact, &self.context(app, price, grade)))
    }

    /// The step that follows for a payment; it relies on the customer's and partner's versions.
    pub(crate) fn observe_payment(&self, app: &App, payment: Payment, fact: PaymentFact, grade: Grade) -> Step {
        let price = payment_price(app, &payment);
        self.rely_on(payment.observe(fact, &self.context(app, price, grade)))
    }

    /// The step that follows for a ramp-off; it relies on the customer's and partner's versions.
    pub(crate) fn observe_rampoff(&self, app: &App, rampoff: Rampoff, fact: RampoffFact, grade: Grade) -> Step {
        let price = rampoff_price(app, &rampoff);
        self.rely_on(rampoff.observe(fact, &self.context(app, price, grade)))
    }

    pub(crate) fn rely_on(&self, mut step: Step) -> Step {
        // Also without a write here: the caller may add the end of a fact or job, which is decided on them too.
        step.rely(RecordKey::Customer(self.customer.id), self.customer.version);
        step.rely(RecordKey::Partner(self.partner.id), self.partner.version);
        step
    }
}

/// Loads an order of this leg; it must exist.
pub(crate) async fn load(app: &App, leg: Leg, id: OrderId) -> AppResult<Order> {
    Ok(match leg {
        Leg::Buying => load_payment(app, id).await?.into(),
        Leg::Selling => load_rampoff(app, id).await?.into(),
    })
}

/// Loads a payment that another record references; it must exist.
pub(crate) async fn load_payment(app: &App, id: OrderId) -> AppResult<Payment> {
    app.store.payment(id).await?.ok_or_else(|| AppError::defect(format!("there is no payment {id}")))
}

/// Loads a ramp-off that another record references; it must exist.
pub(crate) async fn load_rampoff(app: &App, id: OrderId) -> AppResult<Rampoff> {
    app.store.rampoff(id).await?.ok_or_else(|| AppError::defect(format!("there is no ramp-off {id}")))
}

/// Writes a customer whose identity check has changed, with an event if the partner sees a difference.
pub(crate) fn customer_changed(app: &App, before: &Customer, after: Customer, step: &mut Step) {
    let mint = app.mint();
    let public_url = app.config.public_url.as_str();
    let (was, is) = (KycView::of(before, public_url), KycView::of(&after, public_url));
    if was != is {
        step.events.push(EventDraft {
            id: mint.id(),
            partner: after.partner,
            kind: EventType::KycUpdated,
            subject: after.id.to_string(),
            data: is.to_json(),
            created_at: mint.now,
        });
    }
    step.write(after);
}
