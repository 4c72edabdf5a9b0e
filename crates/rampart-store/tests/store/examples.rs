//! An example of every record, for tests that need every table filled.

use std::time::Duration;

use rampart_core::customer::kyc::Kyc;
use rampart_core::customer::{Customer, Profile};
use rampart_core::example;
use rampart_core::id::{CustomerId, Mint, OrderId, PartnerId};
use rampart_core::identity::country::Country;
use rampart_core::identity::identification::CustomerType;
use rampart_core::ledger::{Account, Origin};
use rampart_core::money::asset::Asset;
use rampart_core::order::payment::PaymentState;
use rampart_core::order::rampoff::{Rampoff, RampoffState};
use rampart_core::outgoing::{
    Lane, Payout, PayoutDestination, PayoutPurpose, PayoutRoute, PayoutState, Screening, Slot, Transfer, TransferPurpose, TransferState,
    Transmission, Wallet,
};
use rampart_core::partner::event::{EventDraft, EventType, SubscriptionType};
use rampart_core::partner::webhook::{Delivery, DeliveryState, Subscription};
use rampart_core::partner::{ApiKey, HttpErrors, Partner};
use rampart_core::review::{AuditEntry, ReviewItem, ReviewSubject};
use rampart_core::step::fact::{BankCredit, Fact, FactBody};
use rampart_core::step::installation_key::InstallationKey;
use rampart_core::step::job::{Job, JobKind};
use rampart_core::step::watch::{Deposit, DepositState};
use rampart_core::step::{ClaimScope, Step};
use rampart_core::text::redacted::Redacted;
use rampart_store::{InstallationRecord, Store};

use crate::support::{EUR, Fixture, USDC, claim, counter, cursor, funding, payment, posting, raise, units, writing};

pub(crate) fn partner(fixture: &Fixture, key: &str) -> Partner {
    Partner {
        id: fixture.mint().id(),
        version: 0,
        name: "Ñandú & Söhne".into(),
        api_key: ApiKey { key: key.into(), sealed_secret: Redacted::new("sealed") },
        previous_key: None,
        previous_epoch: None,
        enabled: true,
        token_epoch: 0,
        allow_ips: Vec::new(),
        http_errors: HttpErrors::Rest,
        created_at: fixture.mint().now,
    }
}

pub(crate) fn customer(fixture: &Fixture, id: i64, partner: PartnerId) -> Customer {
    Customer {
        id: CustomerId(id),
        version: 0,
        partner,
        email: Redacted::new(format!("c{id}@example.com")),
        country: Country::SPAIN,
        country_as_sent: "España".into(),
        customer_type: CustomerType::Individual,
        profile: Profile { name: Redacted::new("Ana"), ..Profile::default() },
        identification: None,
        bank_account: None,
        warnings: Vec::new(),
        kyc: Kyc::default(),
        earlier_link: None,
        callback_url: None,
        banned: None,
        charged_back: None,
        counts_as: None,
        created_at: fixture.mint().now,
    }
}

pub(crate) fn rampoff(fixture: &Fixture, partner: PartnerId, customer: i64, state: RampoffState, address: &str) -> Rampoff {
    let catalogue = example::catalogue(example::HOLD);
    let mut rampoff = example::rampoff(&catalogue, &fixture.mint(), state).unwrap();
    rampoff.version = 0;
    rampoff.partner = partner;
    rampoff.customer = CustomerId(customer);
    rampoff.deposit_address = address.into();
    rampoff
}

pub(crate) fn payout(fixture: &Fixture, order: Option<OrderId>, state: PayoutState) -> Payout {
    let (account, name) = (Redacted::new("ES92"), Redacted::new("Ana"));
    let destination = PayoutDestination { account, bank_code: None, account_type: None, bank_name: None, name };
    Payout {
        order,
        screening: Screening::Cleared,
        state,
        ..Payout::new(&fixture.mint(), PayoutPurpose::Rampoff, PayoutRoute::Bank(example::SEPA), example::EUR, units(5), destination)
    }
}

pub(crate) fn transfer(fixture: &Fixture, order: Option<OrderId>, state: TransferState) -> Transfer {
    Transfer {
        order,
        screening: Screening::Cleared,
        state,
        ..Transfer::new(&fixture.mint(), TransferPurpose::Buy, USDC, units(5), "0x1".into())
    }
}

pub(crate) fn fact(fixture: &Fixture, line: &str) -> Fact {
    let body = FactBody::BankCredit(BankCredit {
        rail: example::SEPA,
        line: line.into(),
        account: "ES79".into(),
        amount: units(5),
        currency: example::EUR,
        concept: None,
        sender_name: Some(Redacted::new("Ana")),
        sender_account: None,
        booked_at: None,
    });
    Fact::new(fixture.mint().id(), format!("bank:sepa:{line}"), body, fixture.mint().now)
}

pub(crate) fn deposit(fixture: &Fixture, height: u64, state: DepositState, order: Option<OrderId>) -> Deposit {
    Deposit {
        id: fixture.mint().id(),
        version: 0,
        txid: format!("0x{height}"),
        index: 0,
        coin: USDC,
        amount: units(9),
        from: "0x2".into(),
        to: "0x3".into(),
        height,
        block: "0xb".into(),
        state,
        order,
        swept: false,
        seen_at: fixture.mint().now,
        block_time: None,
        read_before: None,
    }
}

pub(crate) fn subscription(fixture: &Fixture, partner: PartnerId) -> Subscription {
    Subscription::new(&fixture.mint(), partner, SubscriptionType::PayIn, "https://example.com".into())
}

pub(crate) fn delivery(fixture: &Fixture, partner: PartnerId, state: DeliveryState) -> Delivery {
    let now = fixture.mint().now;
    Delivery {
        id: fixture.mint().id(),
        version: 0,
        partner,
        subscription: fixture.mint().id(),
        event: fixture.mint().id(),
        sequence: 1,
        previous_sequence: 0,
        state,
        attempts: 0,
        due_at: now,
        leased_until: None,
        last_error: None,
        created_at: now,
    }
}

pub(crate) fn event(mint: &Mint<'_>, partner: PartnerId, subject: &str) -> EventDraft {
    let (id, created_at) = (mint.id(), mint.now);
    EventDraft { id, partner, kind: EventType::PayIn, subject: subject.into(), data: "{}".into(), created_at }
}

pub(crate) fn review(fixture: &Fixture, order: Option<OrderId>) -> ReviewItem {
    ReviewItem {
        id: fixture.mint().id(),
        version: 0,
        subject: ReviewSubject::Reversal(None),
        order,
        fact: None,
        asset: Some(EUR),
        amount: units(3),
        destination: None,
        screening_hit: false,
        reason: "a person decides".into(),
        created_at: fixture.mint().now,
        resolution: None,
    }
}

pub(crate) fn audit(fixture: &Fixture, subject: &str) -> AuditEntry {
    let mint = fixture.mint();
    AuditEntry {
        id: mint.id(),
        version: 0,
        actor: "ana".into(),
        action: "order.release".into(),
        subject: subject.into(),
        reason: "checked".into(),
        detail: String::new(),
        at: mint.now,
    }
}

/// Fills every table, with `payments` settled payments and their postings. The books are consistent.
pub(crate) async fn fill(fixture: &Fixture, store: &Store, payments: usize) {
    let mint = fixture.mint();
    let partner = partner(fixture, "key");
    let installation = InstallationRecord { id: "ins".into(), key_fingerprint: "print".into(), created_at: mint.now };
    store.install(&installation).await.unwrap();
    let key = InstallationKey {
        id: "print".parse().unwrap(),
        version: 0,
        newest_since: mint.now,
        retired_at: None,
        sealed_secrets: Some(Redacted::new("sealed")),
    };
    store.install_key(&key).await.unwrap();
    // Only the first node's key is stored.
    store.install_key(&InstallationKey { id: "other".parse().unwrap(), ..key.clone() }).await.unwrap();
    assert_eq!(store.installation_keys().await.unwrap(), [InstallationKey { version: 1, ..key }]);
    assert_eq!(store.reserve_numbers("customers", 10).await.unwrap(), 1..11);
    let mut step = writing(partner.clone());
    step.write(customer(fixture, 1, partner.id));
    let mut sold = rampoff(fixture, partner.id, 1, RampoffState::Expired, "0x3");
    sold.reserved = units(0);
    let order = sold.id;
    step.write(sold);
    step.write(payout(fixture, Some(order), PayoutState::Queued));
    step.write(transfer(fixture, None, TransferState::Queued));
    step.write(fact(fixture, "1"));
    step.write(deposit(fixture, 7, DepositState::Confirmed, Some(order)));
    step.write(Job::due_now(&mint, JobKind::SendPayout, "x"));
    step.write(subscription(fixture, partner.id));
    step.write(delivery(fixture, partner.id, DeliveryState::Parked));
    step.write(cursor("bank-sepa", "line 1"));
    let slot = Slot::Nonce { lane: Lane::FIRST, nonce: 2 };
    step.write(Transmission::free(&mint, example::POLYGON, slot));
    step.write(Wallet { id: Lane::FIRST.wallet(example::POLYGON).unwrap(), version: 0, next_nonce: 3 });
    step.write(review(fixture, Some(order)));
    step.write(audit(fixture, "ord"));
    step.claims.push(claim(ClaimScope::IdempotencyKey, "a:b'c\"d", "s"));
    step.claims[0].expires_at = Some(mint.now.after(Duration::from_secs(5)));
    step.raises.push(raise(counter(1, "open"), 1, Some(5)));
    store.commit(step).await.unwrap();
    let fund = |account| funding(&mint, account, EUR, 1_000_000);
    store.commit(fund(Account::Bank(example::SEPA))).await.unwrap();
    for _ in 0..payments {
        let mut order = payment(fixture, partner.id, 1, PaymentState::Expired);
        order.reserved = units(0);
        let id = order.id;
        let mut step: Step = writing(order);
        let customer = Account::Customer(CustomerId(1));
        step.postings.push(posting(&mint, Origin::Fact, Some(id), Account::Bank(example::SEPA), customer, EUR, 70));
        step.postings.push(posting(&mint, Origin::Fact, Some(id), customer, Account::Fx, EUR, 70));
        step.postings.push(posting(&mint, Origin::Fact, Some(id), Account::Fx, Account::Capital, Asset::Coin(USDC), 10_i128.pow(30)));
        let data = r#"{"a":"ñ \u0000"}"#.into();
        step.events.push(EventDraft { kind: EventType::PaymentUpdated, data, ..event(&mint, partner.id, &id.to_string()) });
        store.commit(step).await.unwrap();
    }
}
