//! Who may set the destination of a refund, and from when on it is used.

use std::time::Duration;

use rampart_core::example;
use rampart_core::money::amount::Amount;
use rampart_core::order::arrival::Eligibility;
use rampart_core::order::payment::{Payment, PaymentCommand, PaymentFact, PaymentState};
use rampart_core::order::rampoff::{Rampoff, RampoffCommand, RampoffFact, RampoffState};
use rampart_core::order::{CommandRefusal, Context, DestinationOrigin, HoldReason, ProvidedBy};
use rampart_core::outgoing::PayoutDestination;
use rampart_core::time::Timestamp;

use crate::support::{self, Scene};

const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3_600);
const WALLET: &str = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55";
const OTHER_WALLET: &str = "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359";

/// What both legs have in common, for the tests.
trait LegUnderTest: Sized + Clone {
    fn give(self, again: bool, origin: DestinationOrigin, context: &Context<'_>) -> Result<Self, CommandRefusal>;
    fn refund(self, context: &Context<'_>) -> Result<Self, CommandRefusal>;
    fn time(self, context: &Context<'_>) -> Option<Self>;
    fn failed(self, context: &Context<'_>) -> Self;
    fn hold(&self) -> Option<HoldReason>;
    fn due(&self) -> Option<Timestamp>;
    fn goes_back(&self) -> bool;
    fn origin(&self) -> Option<DestinationOrigin>;
}

impl LegUnderTest for Payment {
    fn give(self, again: bool, origin: DestinationOrigin, context: &Context<'_>) -> Result<Self, CommandRefusal> {
        let account = if again { "DE89370400440532013000" } else { "ES9121000418450200051332" };
        let account = PayoutDestination { account: account.into(), ..example::destination() };
        self.request(PaymentCommand::GiveRefundAccount(account, origin), context).map(|step| support::payment(&step).unwrap())
    }

    fn refund(self, context: &Context<'_>) -> Result<Self, CommandRefusal> {
        self.request(PaymentCommand::Refund, context).map(|step| support::payment(&step).unwrap())
    }

    fn time(self, context: &Context<'_>) -> Option<Self> {
        support::payment(&self.observe(PaymentFact::TimePassed, context))
    }

    fn failed(self, context: &Context<'_>) -> Self {
        let PaymentState::RefundPending { payouts } = &self.state else { panic!("nothing goes back") };
        let payout = payouts[0].payout;
        support::payment(&self.observe(PaymentFact::RefundFailed { payout, reason: "closed".to_owned() }, context)).unwrap()
    }

    fn hold(&self) -> Option<HoldReason> {
        match self.state {
            PaymentState::OnHold { reason, .. } => Some(reason),
            _ => None,
        }
    }

    fn due(&self) -> Option<Timestamp> {
        self.due_at()
    }

    fn goes_back(&self) -> bool {
        matches!(self.state, PaymentState::RefundPending { .. })
    }

    fn origin(&self) -> Option<DestinationOrigin> {
        self.refund_origin
    }
}

impl LegUnderTest for Rampoff {
    fn give(self, again: bool, origin: DestinationOrigin, context: &Context<'_>) -> Result<Self, CommandRefusal> {
        let wallet = if again { OTHER_WALLET } else { WALLET };
        self.request(RampoffCommand::GiveRefundWallet(wallet.to_owned(), origin), context).map(|step| support::rampoff(&step).unwrap())
    }

    fn refund(self, context: &Context<'_>) -> Result<Self, CommandRefusal> {
        self.request(RampoffCommand::Refund, context).map(|step| support::rampoff(&step).unwrap())
    }

    fn time(self, context: &Context<'_>) -> Option<Self> {
        support::rampoff(&self.observe(RampoffFact::TimePassed, context))
    }

    fn failed(self, context: &Context<'_>) -> Self {
        let RampoffState::RefundPending { transfer, .. } = self.state else { panic!("nothing goes back") };
        support::rampoff(&self.observe(RampoffFact::RefundFailed { transfer, reason: "reverted".to_owned() }, context)).unwrap()
    }

    fn hold(&self) -> Option<HoldReason> {
        match self.state {
            RampoffState::OnHold { reason, .. } => Some(reason),
            _ => None,
        }
    }

    fn due(&self) -> Option<Timestamp> {
        self.due_at()
    }

    fn goes_back(&self) -> bool {
        matches!(self.state, RampoffState::RefundPending { .. })
    }

    fn origin(&self) -> Option<DestinationOrigin> {
        self.refund_origin
    }
}

/// A purchase that waits for a refund account: its payment came without the account of the payer.
fn payment(scene: &Scene, reason: HoldReason) -> Payment {
    let state = PaymentState::OnHold { reason, since: example::START };
    let mint = scene.mint();
    let mut payment = example::payment(&scene.catalogue, &mint, false, state).unwrap();
    payment.receipts = vec![support::receipt(&mint, 10_000, None)];
    payment.fiat_balance = Amount::from_minor(10_000);
    payment.reserved = Amount::ZERO;
    payment.refund_account = None;
    payment.refund_origin = None;
    payment
}

/// A sale that waits for a refund wallet.
fn rampoff(scene: &Scene, reason: HoldReason) -> Rampoff {
    let state = RampoffState::OnHold { reason, since: example::START };
    let mut rampoff = example::rampoff(&scene.catalogue, &scene.mint(), state).unwrap();
    rampoff.coin_balance = rampoff.terms.coin_amount;
    rampoff.reserved = Amount::ZERO;
    rampoff.refund_wallet = None;
    rampoff.refund_origin = None;
    rampoff
}

/// The rules for both legs.
fn waits_for_what_a_page_gave<T: LegUnderTest>(scene: &Scene, held: T) {
    let given_at = example::START.after(HOUR);
    let context = scene.context_at(given_at);
    let from_page = example::from_page(given_at);

    // It is used a day later, and not before.
    let given = held.clone().give(false, from_page, &context).unwrap();
    assert_eq!(given.hold(), held.hold());
    assert_eq!(given.origin(), Some(from_page));
    assert_eq!(given.due(), Some(given_at.after(DAY)));
    let early = Timestamp::from_micros(given_at.after(DAY).micros() - 1);
    assert!(given.clone().time(&scene.context_at(early)).is_none_or(|order| !order.goes_back()));
    let followed = given.clone().time(&scene.context_at(given_at.after(DAY))).unwrap();
    assert!(followed.goes_back());

    // A destination that failed is not retried automatically.
    let failed = followed.failed(&scene.context_at(given_at.after(DAY).after(HOUR)));
    assert_eq!((failed.hold(), failed.due()), (Some(HoldReason::RefundFailed), None));

    // A page cannot replace a destination, no matter who set it; a partner can, and it is used at once.
    let again = given.clone().give(true, from_page, &context).map(|order| order.origin());
    assert_eq!(again, Err(CommandRefusal::DestinationGiven));
    let changed = given.clone().give(true, example::from_partner(given_at), &context).unwrap();
    assert!(changed.goes_back());
    assert_eq!(changed.origin().map(|origin| origin.by), Some(ProvidedBy::Partner));
    assert!(held.clone().give(false, example::from_partner(given_at), &context).unwrap().goes_back());

    // An operator who refunds uses it at once.
    let sent = given.clone().refund(&context).unwrap();
    assert!(sent.goes_back());
    assert_eq!(sent.origin(), Some(from_page), "the word of a person is about this refund only");

    // A disabled partner cannot object: an operator decides, also after it is enabled again.
    let due = given_at.after(DAY);
    let standing = Eligibility { blocked: Some(HoldReason::PartnerDisabled), level: None };
    let blocked = given.clone().time(&Context { standing, ..scene.context_at(due) }).unwrap();
    assert_eq!((blocked.hold(), blocked.due()), (held.hold(), None));
    assert!(blocked.clone().time(&scene.context_at(due.after(DAY))).is_none());
    assert!(blocked.refund(&context).unwrap().goes_back());

    // A destination that is never used automatically waits for the operator.
    let never = DestinationOrigin { used_from: None, ..from_page };
    let given = held.give(false, never, &context).unwrap();
    assert_eq!((given.goes_back(), given.due()), (false, None));
    assert!(given.refund(&context).unwrap().goes_back());
}
#[test]
fn what_a_page_gave_is_followed_after_a_while_or_by_a_person() {
    let scene = Scene::new(example::MARKET);
    for reason in [HoldReason::Destination, HoldReason::RefundFailed] {
        waits_for_what_a_page_gave(&scene, payment(&scene, reason));
        waits_for_what_a_page_gave(&scene, rampoff(&scene, reason));
    }
}

#[test]
fn what_a_page_gave_beforehand_delays_the_refund_too() {
    let scene = Scene::new(example::MARKET);
    let (start, later) = (example::START, example::START.after(HOUR));
    let mut payment = payment(&scene, HoldReason::Amount);
    payment.refund_account = Some(example::destination());
    payment.refund_origin = Some(example::from_page(start));
    let open = Payment { state: PaymentState::Started, ..payment };
    let asked = support::payment(&open.request(PaymentCommand::Cancel, &scene.context_at(later)).unwrap()).unwrap();
    assert_eq!((LegUnderTest::hold(&asked), asked.due_at()), (Some(HoldReason::Destination), Some(start.after(DAY))));
    assert!(asked.time(&scene.context_at(start.after(DAY))).unwrap().goes_back());
}

#[test]
fn a_payout_account_is_never_changed_by_a_page() {
    let scene = Scene::new(example::MARKET);
    let mut rampoff = rampoff(&scene, HoldReason::PayoutFailed);
    rampoff.converted = std::mem::take(&mut rampoff.coin_balance);
    rampoff.fiat_balance = rampoff.terms.fiat_amount;
    let (now, account) = (example::START, example::destination());
    let context = scene.context_at(now);
    let give = |origin| rampoff.clone().request(RampoffCommand::GivePayoutDestination(account.clone(), origin), &context);
    assert_eq!(give(example::from_page(now)).map(|_| ()), Err(CommandRefusal::DestinationGiven));
    let paid = support::rampoff(&give(example::from_partner(now)).unwrap()).unwrap();
    assert!(matches!(paid.state, RampoffState::PayingOut { .. }));
    assert_eq!(paid.destination_origin, Some(example::from_partner(now)));
}

#[test]
fn a_page_fills_only_where_it_asks() {
    let scene = Scene::new(example::MARKET);
    let (now, context) = (example::START, scene.context());
    let transfer = payment(&scene, HoldReason::Amount).id;
    let states = [
        PaymentState::PaymentReceived { coins: Amount::from_minor(1) },
        PaymentState::CoinsSent {
            transfer: scene.mint().id(),
            txid: "0x01".to_owned(),
            coins: Amount::from_minor(1),
            fiat: Amount::from_minor(1),
            confirmations: 0,
        },
        PaymentState::Cancelled,
    ];
    for state in states {
        let payment = Payment { state, ..payment(&scene, HoldReason::Amount) };
        assert!(!payment.asks_for_account());
        assert!(matches!(payment.give(false, example::from_page(now), &context), Err(CommandRefusal::WrongState { .. })));
    }
    let mut by_card = Payment { state: PaymentState::Started, instructions: None, ..payment(&scene, HoldReason::Amount) };
    by_card.id = transfer;
    assert!(by_card.give(false, example::from_page(now), &context).is_err());
    let paying_out = RampoffState::PayingOut { payout: scene.mint().id(), fiat: Amount::from_minor(1) };
    let sale = Rampoff { state: paying_out, ..rampoff(&scene, HoldReason::Amount) };
    assert!(matches!(sale.give(false, example::from_page(now), &context), Err(CommandRefusal::WrongState { .. })));
}

#[test]
fn a_partner_names_a_destination_for_what_lies_beside_an_order_that_has_ended() {
    let scene = Scene::new(example::MARKET);
    let (now, context) = (example::START, scene.context());
    let (partner, amount) = (example::from_partner(now), Amount::from_minor(5));
    for (set_aside, is_taken) in [(Amount::ZERO, false), (amount, true)] {
        let mut payment = Payment { state: PaymentState::Cancelled, ..payment(&scene, HoldReason::Amount) };
        payment.set_aside = set_aside;
        let given = payment.give(false, partner, &context);
        assert_eq!(given.is_ok(), is_taken);
        assert!(given.is_ok_and(|payment| payment.status().as_str() == "cancelled") == is_taken);
        let mut sale = Rampoff { state: RampoffState::Cancelled, ..rampoff(&scene, HoldReason::Amount) };
        sale.set_aside = set_aside;
        assert_eq!(sale.give(false, partner, &context).is_ok_and(|sale| sale.status().as_str() == "cancelled"), is_taken);
    }
}
