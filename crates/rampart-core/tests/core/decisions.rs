//! Every decision of an operator about every kind of review item, and its result.

use rampart_core::catalogue::Catalogue;
use rampart_core::customer::kyc::KycLevel;
use rampart_core::example::{self, CountingRandomness};
use rampart_core::id::{DepositId, Mint};
use rampart_core::ledger::Account;
use rampart_core::money::amount::Amount;
use rampart_core::order::arrival::Eligibility;
use rampart_core::order::payment::PaymentState;
use rampart_core::order::rampoff::RampoffState;
use rampart_core::order::{Context, Order};
use rampart_core::outgoing::{Payout, PayoutPurpose, PayoutRoute, PayoutState, Screening};
use rampart_core::review::suspense::{self, UnmatchedReceipt};
use rampart_core::review::{Operator, Outcome, ReviewDecision, ReviewItem, ReviewKind, ReviewRecords, ReviewResolution, ReviewSubject};
use rampart_core::step::Step;
use rampart_core::step::fact::{BankCredit, Fact, FactBody};
use rampart_core::step::record::Record;
use rampart_core::step::watch::{Deposit, DepositState};

use crate::support::{Scene, find};

struct DecisionScenario<'a> {
    catalogue: &'a Catalogue,
    mint: Mint<'a>,
}

impl DecisionScenario<'_> {
    fn context(&self) -> Context<'_> {
        let standing = Eligibility::good(KycLevel::Basic);
        Context { standing, ..Context::new(self.mint, self.catalogue, Some(example::price())) }
    }

    fn order(&self, is_sale: bool, is_over: bool) -> Order {
        if is_sale {
            let state = match is_over {
                true => RampoffState::Finished { payout: self.mint.id(), fiat: Amount::from_minor(9_094), reference: "R1".to_owned() },
                false => RampoffState::Created,
            };
            return example::rampoff(self.catalogue, &self.mint, state).expect("the example sells").into();
        }
        let state = match is_over {
            true => PaymentState::Refunded { payout: self.mint.id(), reference: "R1".to_owned() },
            false => PaymentState::Started,
        };
        example::payment(self.catalogue, &self.mint, false, state).expect("the example buys").into()
    }

    fn item(&self, kind: ReviewKind) -> ReviewItem {
        ReviewItem { version: 1, ..ReviewItem::new(&self.mint, ReviewSubject::of_stored(kind, None), "something happened".to_owned()) }
    }

    fn credit(&self, sender: Option<&str>) -> Fact {
        let body = FactBody::BankCredit(BankCredit {
            rail: "sepa".parse().unwrap(),
            line: "L1".to_owned(),
            account: "ES7899990001410123456789".to_owned(),
            amount: Amount::from_minor(10_000),
            currency: example::EUR,
            concept: None,
            sender_name: Some("Ana Luna".into()),
            sender_account: sender.map(Into::into),
            booked_at: None,
        });
        Fact { version: 1, applied: true, ..Fact::new(self.mint.id(), "bank:sepa:L1".to_owned(), body, self.mint.now) }
    }

    /// The items with their subjects, by their names in the snapshot.
    fn items(&self) -> Vec<(&'static str, ReviewItem, ReviewRecords)> {
        let money = |item| ReviewItem { asset: Some(example::EUR.into()), amount: Amount::from_minor(10_000), ..item };
        let coins = |item| ReviewItem { asset: Some(example::USDC.into()), amount: Amount::from_minor(100_000_000), ..item };
        let known = self.credit(Some("ES9299990002950000000001"));
        let unknown = self.credit(None);
        let mut nameless = unknown.clone();
        if let FactBody::BankCredit(credit) = &mut nameless.body {
            credit.sender_name = None;
        }
        let beside = |origin| {
            let mut payment = example::payment(self.catalogue, &self.mint, false, PaymentState::Cancelled).expect("the example buys");
            payment.refund_origin = Some(origin);
            ReviewRecords { fact: Some(nameless.clone()), beside: Some(payment.into()), ..ReviewRecords::default() }
        };
        let of_fact = |fact: &Fact| ReviewItem { fact: Some(fact.id), ..money(self.item(ReviewKind::Suspense)) };
        let about_fact = |fact: &Fact| ReviewRecords { fact: Some(fact.clone()), ..ReviewRecords::default() };
        let deposit = self.deposit(DepositState::Confirmed);
        let dropped = Deposit { state: DepositState::Dropped, ..deposit.clone() };
        let subject = ReviewSubject::Suspense(Some("0x03".to_owned()));
        let of_deposit = ReviewItem { fact: Some(deposit.id.as_fact()), subject, ..coins(self.item(ReviewKind::Suspense)) };
        let about_deposit = |deposit| ReviewRecords { deposit: Some(deposit), deposit_index: Some(0), ..ReviewRecords::default() };
        let returned = money(self.item(ReviewKind::Reversal));
        let subject = ReviewSubject::Reversal(Some("ES9299990002950000000001".to_owned()));
        let returned = ReviewItem { order: Some(self.mint.id()), subject, ..returned };
        let paid = || ReviewRecords { order: Some(self.order(true, true)), payouts: vec![self.returned()], ..ReviewRecords::default() };
        let kept = of_fact(&known).decide(ReviewDecision::Keep, &operator(), about_fact(&known), &self.context()).expect("it can be kept");
        let kept = kept.writes.into_iter().find_map(|record| if let Record::Review(item) = record { Some(*item) } else { None });
        let kept = kept.expect("it is settled");
        let unapplied = Fact { applied: false, quarantined: Some("odd".to_owned()), ..known.clone() };
        vec![
            ("money whose source is known", of_fact(&known), about_fact(&known)),
            ("money whose source is unknown", of_fact(&unknown), about_fact(&unknown)),
            ("money of no payer, with a partner's account", of_fact(&nameless), beside(example::from_partner(self.mint.now))),
            ("money of no payer, with a page's account", of_fact(&nameless), beside(example::from_page(self.mint.now))),
            ("coins", of_deposit.clone(), about_deposit(deposit)),
            ("coins that the chain undid", of_deposit, about_deposit(dropped)),
            ("a returned payout", returned.clone(), paid()),
            ("a loss", ReviewItem { subject: ReviewSubject::Reversal(None), ..returned }, paid()),
            ("what was kept", kept, about_fact(&known)),
            ("coins that suspense lacks", coins(self.item(ReviewKind::Shortage)), ReviewRecords::default()),
            ("what contradicts a person", money(self.item(ReviewKind::Contradiction)), ReviewRecords::default()),
            ("a quarantined fact", ReviewItem { fact: Some(unapplied.id), ..self.item(ReviewKind::Quarantine) }, about_fact(&unapplied)),
            ("a vanished transfer", coins(self.item(ReviewKind::Vanished)), ReviewRecords::default()),
            ("an account below its floor", money(self.item(ReviewKind::BelowFloor)), ReviewRecords::default()),
            ("a finding in the ledger", self.item(ReviewKind::Ledger), ReviewRecords::default()),
        ]
    }

    fn deposit(&self, state: DepositState) -> Deposit {
        Deposit {
            id: self.mint.id(),
            version: 1,
            txid: "0x02".to_owned(),
            index: 0,
            coin: example::USDC,
            amount: Amount::from_minor(100_000_000),
            from: "0x03".to_owned(),
            to: "0x04".to_owned(),
            height: 1,
            block: "0x05".to_owned(),
            state,
            order: Some(self.mint.id()),
            swept: false,
            seen_at: self.mint.now,
            block_time: None,
            read_before: None,
        }
    }

    fn returned(&self) -> Payout {
        let rail = PayoutRoute::Bank("sepa".parse().unwrap());
        Payout {
            version: 3,
            order: Some(self.mint.id()),
            screening: Screening::Cleared,
            state: PayoutState::Returned { reason: "closed account".to_owned() },
            ..Payout::new(&self.mint, PayoutPurpose::Rampoff, rail, example::EUR, Amount::from_minor(10_000), example::destination())
        }
    }
}

fn operator() -> Operator {
    Operator { actor: "luis".to_owned(), reason: "the customer asked".to_owned() }
}

fn describe(step: &Step) -> String {
    let postings = step.postings.iter().map(|posting| format!("posts {}", posting.kind().as_str()));
    let writes = step.writes.iter().map(|record| match record {
        Record::Review(item) => match &item.resolution {
            Some(resolution) => format!("settles it as {:?}", resolution.decision.to_string()),
            None => format!("lists {:?}", item.subject.kind()),
        },
        Record::Payout(payout) => format!("pays out to {}", payout.destination.account.reveal()),
        Record::Transfer(transfer) => format!("sends from {:?} to {}", transfer.source, transfer.to),
        Record::Job(job) => format!("orders {}", job.kind.as_str()),
        Record::Payment(payment) => format!("payment is {}", payment.status().as_str()),
        Record::Rampoff(rampoff) => format!("ramp-off is {}", rampoff.status().as_str()),
        Record::Fact(_) => "applies the fact".to_owned(),
        Record::Deposit(deposit) => format!("its deposit is {}", if deposit.swept { "taken" } else { "left" }),
        other => format!("{:?}", other.key()),
    });
    postings.chain(writes).collect::<Vec<_>>().join(", ")
}

#[test]
fn every_decision_about_every_item() {
    let catalogue = example::catalogue(example::HOLD);
    let randomness = CountingRandomness::default();
    let scene = DecisionScenario { catalogue: &catalogue, mint: Mint { now: example::START, randomness: &randomness } };
    let mut rows = Vec::new();
    for (what, item, about) in scene.items() {
        let mut row = |name: &str, decision, about: ReviewRecords| {
            let outcome = match item.clone().decide(decision, &operator(), about, &scene.context()) {
                Ok(step) => describe(&step),
                Err(refusal) if refusal.message.contains("does not fit") => return,
                Err(refusal) => format!("refused: {}", refusal.message),
            };
            rows.push(format!("{what} | {name} | {outcome}"));
        };
        for (name, order) in [
            ("assign to a purchase", scene.order(false, false)),
            ("assign to a purchase that is over", scene.order(false, true)),
            ("assign to a sale", scene.order(true, false)),
            ("assign to a sale that is over", scene.order(true, true)),
        ] {
            row(name, ReviewDecision::Assign, ReviewRecords { order: Some(order), ..about.clone() });
        }
        let others = [
            ReviewDecision::Return,
            ReviewDecision::Keep,
            ReviewDecision::Reopen,
            ReviewDecision::WriteOff,
            ReviewDecision::Retry,
            ReviewDecision::Suspend,
            ReviewDecision::GiveUp,
            ReviewDecision::Dismiss,
        ];
        for decision in others {
            row(&decision.to_string(), decision, about.clone());
        }
    }
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn what_was_kept_and_reopened_is_decided_again_after_a_reorganisation() {
    let scene = Scene::new(example::MARKET);
    let (mint, id) = (scene.mint(), scene.mint().id::<DepositId>());
    let (on, asset, reason) = (Account::ChainDeposits(example::USDC.chain), example::USDC.into(), "unmatched".to_owned());
    let unmatched = UnmatchedReceipt { fact: id.as_fact(), on, asset, amount: Amount::from_minor(5), source: None, order: None, reason };
    let listed = |step: &Step| find(step, |record| if let Record::Review(item) = record { Some(ReviewItem::clone(item)) } else { None });
    let received = || suspense::receive(unmatched.clone(), &mint);
    let kept = listed(&received()).unwrap().settled(ReviewDecision::Keep, "luis", "why".to_owned(), None, mint.now);
    for (decision, waits) in
        [(ReviewDecision::Keep.into(), false), (Outcome::from(ReviewDecision::Keep).then(ReviewDecision::Reopened), true)]
    {
        let resolution = kept.resolution.clone().map(|resolution| ReviewResolution { decision, ..resolution });
        let before = ReviewItem { resolution, ..kept.clone() }.undone(mint.now);
        let again = suspense::deposit_received_again(received(), id, &[before], &[], &scene.context());
        assert_eq!(listed(&again).unwrap().resolution.is_none(), waits);
    }
}
