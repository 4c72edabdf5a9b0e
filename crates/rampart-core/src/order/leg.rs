//! The rules that are the same for both legs. Each leg says what is its own: what it holds, what arrives and what it gives.

use std::ops::DerefMut;
use std::time::Duration;

use crate::catalogue::Catalogue;
use crate::catalogue::policy::Policy;
use crate::id::Mint;
use crate::ledger::{Account, Movement, Origin, Posting, PostingKind};
use crate::money::amount::Amount;
use crate::money::asset::Asset;
use crate::order::arrival::{ArrivalCase, ArrivalDecision, Exchange, Leg, WindowTotals, recount};
use crate::order::limits::{self, LimitExceeded, Usage};
use crate::order::origin::{self, DecidedBy, ObjectionPeriodEnd};
use crate::order::{Context, DestinationOrigin, HoldReason, OrderHead, ScreeningHits};
use crate::outgoing::{Screening, ScreeningResult};
use crate::partner::event::{EventDraft, EventType};
use crate::step::Step;
use crate::step::job::{Job, JobKind};
use crate::step::record::Record;
use crate::time::Timestamp;

/// What both legs have in the same form: their state on hold and expired, their reservation, and what partners see.
pub(crate) trait LegParts: DerefMut<Target = OrderHead> + Into<Record> {
    /// What partners see of it: the data of its events.
    type Data: PartialEq;
    /// What partners see of its state.
    type Status: Copy + PartialEq;

    fn view(&self) -> Self::Data;
    fn view_status(view: &Self::Data) -> Self::Status;
    fn view_json(view: &Self::Data) -> String;
    /// What is reserved for it: account, asset and amount in minor units.
    fn hold(&self) -> (Account, Asset, Amount);
    fn is_unpaid(&self) -> bool;
    fn on_hold(&self) -> Option<(HoldReason, Timestamp)>;
    fn set_on_hold(&mut self, reason: HoldReason, since: Timestamp);
    fn set_expired(&mut self);
}

/// One leg of an order: a payment or a ramp-off.
pub(crate) trait OrderLeg: LegParts {
    const LEG: Leg;
    /// The status in which received money or coins proceed, and the event of reaching it for the first time.
    const RECEIVED: (Self::Status, EventType);
    /// The status in which the order has given what it promised, and the event of reaching it.
    const GIVEN: (Self::Status, EventType);
    const UPDATED: EventType;

    /// What it counts in the customer's limits as ordered.
    fn usage(&self) -> Usage;
    /// Bounds the value of open orders.
    fn open_order_maximum(&self) -> Amount;
    /// What arrives, and is set aside.
    fn receives(&self) -> Asset;
    /// The policy of its method or rail, while that is configured.
    fn policy<'c>(&self, catalogue: &'c Catalogue) -> Option<&'c Policy>;
    /// How far back its source may date what it reports.
    fn backdating(&self, catalogue: &Catalogue) -> Duration;
    /// When an order for which nothing arrived is looked at again after its promise has ended.
    fn closing_time(&self) -> Timestamp;
    /// Whether nothing has arrived that is still the order's.
    fn is_empty(&self) -> bool;
    /// The order proceeds with this much to give. Returns the job that screens it.
    fn set_received(&mut self, gives: Amount) -> JobKind;
    fn awaits_screening(&self) -> bool;
    /// Whether what was received was exchanged once and that exchange is owed.
    fn is_exchange_owed(&self) -> bool;
    fn has_refund_destination(&self, context: &Context<'_>) -> bool;
    /// What the policy decides about what arrived; `None` when its method, rail or coin is not configured any more.
    fn decide(&self, context: &Context<'_>) -> Option<(ArrivalCase, ArrivalDecision)>;
    /// What an exchange counts in the limits: at the order's time, and at its own.
    fn counted_amounts(exchange: &Exchange) -> [Amount; 2];
    /// The movements of a conversion.
    fn conversion(&self, exchange: &Exchange) -> Vec<Movement>;
    fn set_taken(&mut self, exchange: Exchange);
    fn set_aside_part(&mut self, amount: Amount, reason: Option<HoldReason>, context: &Context<'_>, step: &mut Step);
    fn refund_surplus(&mut self, amount: Amount, context: &Context<'_>, step: &mut Step);
    fn refund(&mut self, by: DecidedBy, screening: Screening, context: &Context<'_>, step: &mut Step);
    /// Converts what was received and sends what it gives.
    fn send(&mut self, exchange: Exchange, screening: Screening, context: &Context<'_>, step: &mut Step);
    /// Goes on with an exchange that is owed.
    fn resume_exchange(&mut self, context: &Context<'_>, step: &mut Step);
    /// Whether something is under way to it that is not final yet.
    fn awaits_confirmation(&self) -> bool;

    fn next_due(&self) -> Option<Timestamp> {
        match self.on_hold() {
            None if !self.is_unpaid() => None,
            None if self.place_given_back && self.is_empty() => Some(self.closing_time()),
            None => Some(self.held_until),
            Some((reason, since)) if reason.ends_by_itself() => Some(since),
            Some(_) if self.reserved.is_positive() && !self.is_exchange_owed() => Some(self.held_until),
            Some((reason, _)) => origin::usable_from(reason, self.refund_origin.as_ref()),
        }
    }

    fn created(self, context: &Context<'_>) -> Result<Step, LimitExceeded> {
        let mut step = Step::new();
        step.raises = limits::raises(context.catalogue, &self.usage(), self.level)?;
        step.raises.extend(limits::open_orders(context.catalogue, self.partner, &self.usage(), self.open_order_maximum(), true));
        let (account, asset, amount) = self.hold();
        step.hold(account, asset, amount, Origin::Request);
        step.write(self);
        Ok(step)
    }

    /// Releases the place among open orders, once.
    fn release_open_place(&mut self, context: &Context<'_>, step: &mut Step) {
        if !std::mem::replace(&mut self.place_given_back, true) {
            step.raises.extend(limits::open_orders(context.catalogue, self.partner, &self.usage(), self.open_order_maximum(), false));
        }
    }

    /// Nothing is exchanged: releases limits, reservation and the place among open orders.
    fn release_promise(&mut self, context: &Context<'_>, step: &mut Step) {
        self.release_open_place(context, step);
        self.count(Vec::new(), None, context, step);
        self.reserve(Amount::ZERO, Origin::Fact, step);
    }

    fn count(&mut self, wanted: Vec<WindowTotals>, asked: Option<Timestamp>, context: &Context<'_>, step: &mut Step) {
        let usage = self.usage();
        step.raises.extend(recount(context.catalogue, &usage, &mut self.counted, wanted, asked));
    }

    /// Changes the reservation. What was promised follows from facts; anything beyond it is a request, bound by the available
    /// balance.
    fn reserve(&mut self, amount: Amount, origin: Origin, step: &mut Step) {
        let (account, asset, reserved) = self.hold();
        let change = Amount::from_minor(amount.minor() - reserved.minor());
        step.hold(account, asset, change, origin);
        self.reserved = amount;
    }

    /// Ends a transition: writes the record, and emits an event if the partner's view changed.
    fn finish(mut self, before: &Self::Data, mint: &Mint<'_>, step: &mut Step) {
        self.updated_at = mint.now;
        let after = self.view();
        if after != *before {
            let status = Self::view_status(&after);
            let is_new = Self::view_status(before) != status;
            let kind = if is_new && status == Self::RECEIVED.0 && !std::mem::replace(&mut self.receipt_notified, true) {
                Self::RECEIVED.1
            } else if is_new && status == Self::GIVEN.0 {
                Self::GIVEN.1
            } else {
                Self::UPDATED
            };
            step.events.push(EventDraft {
                id: mint.id(),
                partner: self.partner,
                kind,
                subject: self.id.to_string(),
                data: Self::view_json(&after),
                created_at: mint.now,
            });
        }
        step.write(self);
    }

    /// Decides about what arrived, if that is possible yet.
    fn apply_amount_policy(&mut self, context: &Context<'_>, step: &mut Step) {
        let (Some((case, decision)), Some(policy)) = (self.decide(context), self.policy(context.catalogue)) else {
            // Removed from the configuration while something was under way.
            return self.put_on_hold(HoldReason::Operator, context, step);
        };
        if !matches!(decision, ArrivalDecision::Wait) {
            self.exceptions.note(&case, !policy.hold().is_zero(), context.mint.now);
        }
        match decision {
            ArrivalDecision::Wait => {}
            ArrivalDecision::Refund => self.refund(DecidedBy::Policy, Screening::Due, context, step),
            ArrivalDecision::Hold(reason) => self.put_on_hold(reason, context, step),
            ArrivalDecision::Exchange { exchange, set_aside, set_aside_reason, refund } => {
                self.set_aside_part(set_aside, set_aside_reason, context, step);
                self.refund_surplus(refund, context, step);
                self.accept(exchange, Some(exchange.at), context, step);
            }
        }
    }

    /// The order proceeds: what it gives is reserved and the order is screened. An exchange at the promised price uses what is
    /// reserved for the order; anything else needs an available balance.
    fn accept(&mut self, exchange: Exchange, asked: Option<Timestamp>, context: &Context<'_>, step: &mut Step) {
        self.take(exchange, asked, context, step);
        let job = self.set_received(exchange.gives);
        step.write(Job::due_now(&context.mint, job, self.id));
    }

    /// Reserves what a decision gives and counts it in the limits.
    fn take(&mut self, exchange: Exchange, asked: Option<Timestamp>, context: &Context<'_>, step: &mut Step) {
        self.release_open_place(context, step);
        let [promised, market] = Self::counted_amounts(&exchange);
        let wanted = vec![
            WindowTotals { at: self.created_at, amount: promised, level: self.level },
            WindowTotals { at: exchange.at, amount: market, level: context.standing.level.unwrap_or(self.level) },
        ];
        self.count(wanted, asked.filter(|_| exchange.market.is_positive()), context, step);
        let was_promised = self.reserved.is_positive() && exchange.market.is_zero();
        self.reserve(exchange.gives, if was_promised { Origin::Fact } else { Origin::Request }, step);
        self.set_taken(exchange);
    }

    /// An operator releases a decided exchange. What an operator has seen is not screened again: the answer would be the same.
    fn release(&mut self, exchange: Exchange, context: &Context<'_>, step: &mut Step) {
        if self.findings.order.is_none() {
            return self.accept(exchange, None, context, step);
        }
        self.take(exchange, None, context, step);
        self.send(exchange, Screening::Overruled, context, step);
    }

    /// Puts the order on hold. What was promised for the ordered amount stays reserved while the promise is honoured, unless the
    /// order waits for something the customer has to supply.
    fn put_on_hold(&mut self, reason: HoldReason, context: &Context<'_>, step: &mut Step) {
        if reason.is_up_to_the_customer() && !self.is_exchange_owed() {
            self.lost_promise = true;
            self.taken = None;
        }
        self.release_open_place(context, step);
        if self.taken.is_none() {
            self.reserve(Amount::ZERO, Origin::Fact, step);
        }
        self.set_on_hold(reason, context.mint.now);
    }

    /// Applies the passing of time. Returns whether anything changed.
    fn time_passed(&mut self, context: &Context<'_>, step: &mut Step) -> bool {
        match self.on_hold().map(|(reason, _)| reason) {
            Some(reason) if reason.ends_by_itself() => self.resume(context, step),
            Some(reason) => match origin::objection_period_end(reason, self.refund_origin.as_ref(), context) {
                Some(end) => self.objection_period_ended(&end, context, step),
                None => self.reserved.is_positive() && !self.is_exchange_owed() && self.release_hold_promise(reason, context, step),
            },
            None if !self.is_unpaid() => false,
            None if self.is_empty() => self.expire_unpaid(context, step),
            None => context.mint.now >= self.held_until && self.promise_ended(context, step),
        }
    }

    /// The promise has ended for an order that waits for more. Returns whether anything changed.
    fn promise_ended(&mut self, context: &Context<'_>, step: &mut Step) -> bool {
        self.apply_amount_policy(context, step);
        let release_is_due = context.mint.now >= self.held_until.after(self.backdating(context.catalogue)) && self.reserved.is_positive();
        if !self.is_unpaid() || self.awaits_confirmation() || !release_is_due {
            return !self.is_unpaid();
        }
        self.reserve(Amount::ZERO, Origin::Fact, step);
        true
    }

    /// Resumes an order that waited for a price, for liquidity or for the customer's identity. Returns whether it left the hold.
    fn resume(&mut self, context: &Context<'_>, step: &mut Step) -> bool {
        match self.is_exchange_owed() {
            true if context.standing.blocked.is_some() => {}
            true => self.resume_exchange(context, step),
            false => self.apply_amount_policy(context, step),
        }
        self.on_hold().is_none()
    }

    /// The objection period of a destination given on a page has ended. Returns whether anything changed.
    fn objection_period_ended(&mut self, end: &ObjectionPeriodEnd, context: &Context<'_>, step: &mut Step) -> bool {
        match end {
            ObjectionPeriodEnd::NeedsOperator => self.refund_origin.iter_mut().for_each(DestinationOrigin::require_operator),
            ObjectionPeriodEnd::Usable if self.has_refund_destination(context) => {
                self.refund(DecidedBy::Policy, Screening::Due, context, step);
            }
            ObjectionPeriodEnd::Usable => return false,
        }
        true
    }

    /// Releases the reservation of an order on hold, unless the promise is still honoured and the hold is ours or a provider's.
    /// Returns whether anything changed.
    fn release_hold_promise(&mut self, reason: HoldReason, context: &Context<'_>, step: &mut Step) -> bool {
        let policy = self.policy(context.catalogue);
        let honoured = policy.is_some_and(|policy| context.mint.now < self.honoured_until(policy));
        let is_kept = honoured && reason.keeps_the_promise();
        if !is_kept {
            self.reserve(Amount::ZERO, Origin::Fact, step);
        }
        !is_kept
    }

    /// Nothing arrived: releases what was promised at the end of the promise, and expires the order once it is no longer open and
    /// its source was read past that moment.
    fn expire_unpaid(&mut self, context: &Context<'_>, step: &mut Step) -> bool {
        let now = context.mint.now;
        // An earlier version released only the place among open orders.
        let is_promised = !self.place_given_back || self.reserved.is_positive() || !self.counted.is_empty();
        let promise_ends = now >= self.held_until && is_promised;
        if promise_ends {
            self.release_promise(context, step);
        }
        let past = self.open_until.after(self.backdating(context.catalogue));
        let is_read = context.read_at.is_some_and(|read| read >= past);
        let is_waited_for = self.policy(context.catalogue).is_some_and(|policy| now < self.honoured_until(policy));
        let expires = now >= self.open_until && (is_read || !is_waited_for);
        if expires {
            self.set_expired();
        }
        expires || promise_ends
    }

    /// Whether the source was read past the end of the promise, so that nothing on time can appear any more.
    fn is_read_past_promise(&self, policy: &Policy, context: &Context<'_>) -> bool {
        let end = self.held_until.after(self.backdating(context.catalogue));
        context.read_at.is_some_and(|read| read >= end) || context.mint.now >= self.honoured_until(policy)
    }

    /// Whether the prices of a decision are no longer honoured.
    fn is_outdated(&self, exchange: &Exchange, context: &Context<'_>) -> bool {
        let ends = |policy: &Policy| exchange.at.max(self.held_until).after(policy.honour_period());
        !self.is_exchange_owed() && self.policy(context.catalogue).is_some_and(|policy| context.mint.now >= ends(policy))
    }

    fn screened(&mut self, verdict: &ScreeningResult, about_refund: bool, context: &Context<'_>, step: &mut Step) {
        let Some(exchange) = self.taken.filter(|_| self.awaits_screening()) else { return };
        match verdict {
            ScreeningResult::Clear if let Some(reason) = context.standing.blocked => self.put_on_hold(reason, context, step),
            // Screening took so long that the prices are no longer honoured: decide and screen again.
            ScreeningResult::Clear if self.is_outdated(&exchange, context) => self.apply_amount_policy(context, step),
            ScreeningResult::Clear => self.send(exchange, Screening::Cleared, context, step),
            ScreeningResult::Hit { reason } => {
                // The refund's receiver is part of the order's screening when it is known.
                let about_refund = about_refund && self.has_refund_destination(context);
                self.findings = ScreeningHits { order: Some(reason.clone()), refund: about_refund.then(|| reason.clone()) };
                self.put_on_hold(HoldReason::Screening, context, step);
            }
        }
    }

    /// A posting that follows from a fact.
    fn posting(&self, mint: &Mint<'_>, kind: PostingKind, movements: &[Movement]) -> Option<Posting> {
        Posting::moving(mint, kind, Origin::Fact, Some(self.id), movements)
    }

    /// What the order received is set aside: `customer` is debited, `suspense` credited.
    fn post_set_aside(&self, mint: &Mint<'_>, amount: Amount) -> Option<Posting> {
        let movement = Movement::new(Account::Customer(self.customer), Account::Suspense, self.receives(), amount);
        self.posting(mint, PostingKind::SetAside, &[movement])
    }

    /// What was received becomes what is given, by the movements of its leg.
    fn post_conversion(&self, mint: &Mint<'_>, exchange: &Exchange) -> Option<Posting> {
        self.posting(mint, PostingKind::Conversion, &self.conversion(exchange))
    }

    /// Reverses a conversion whose coins or money could not leave.
    fn post_conversion_undone(&self, mint: &Mint<'_>, exchange: &Exchange) -> Option<Posting> {
        let undone = |movement: Movement| Movement { debit: movement.credit, credit: movement.debit, ..movement };
        let movements: Vec<Movement> = self.conversion(exchange).into_iter().map(undone).collect();
        self.posting(mint, PostingKind::ConversionUndone, &movements)
    }
}
