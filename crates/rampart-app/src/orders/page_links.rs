//! Links to hosted pages. A link's token contains its target and, for identity pages, its end, with a truncated HMAC
//! under an installation secret. Tokens are not stored: stored responses and events contain links without tokens, which
//! are inserted on output.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use rampart_core::customer::Customer;
use rampart_core::customer::kyc::KycLevel;
use rampart_core::id::{CustomerId, OrderId, PartnerId};
use rampart_core::order::payment::Payment;
use rampart_core::order::rampoff::Rampoff;
use rampart_core::order::view::identity_url;
use rampart_core::partner::event::{EventDraft, EventType};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::time::Timestamp;
use sha2::Sha256;

use crate::app::App;
use crate::error::{AppError, AppResult};

/// Bytes of the HMAC in a token.
const TAG_BYTES: usize = 16;
const MAX_TOKEN_BYTES: usize = 128;
const ORDER_ID_BYTES: usize = 25;
const DAY_MICROS: i64 = 86_400_000_000;

const PAYMENT_KIND_BYTE: u8 = b'p';
const RAMPOFF_KIND_BYTE: u8 = b'r';
const IDENTITY_KIND_BYTE: u8 = b'i';
const RETURNED_KIND_BYTE: u8 = b'b';

/// Fields with links in responses and events.
pub(crate) const KYC_FORM_URL: &str = "kyc_form_url";
pub(crate) const URL_PAYMENT: &str = "url_payment";
pub(crate) const URL_STATUS: &str = "url_status";

/// The target of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkTarget {
    Payment(OrderId),
    Rampoff(OrderId),
    /// A customer's identity page, until this moment (business time).
    Identity(CustomerId, Timestamp),
    /// The state of a payment only: the link that a processor sends its customers back with.
    Returned(OrderId),
}

fn signed_token(pages: &Hmac<Sha256>, statement: &[u8]) -> String {
    let code = pages.clone().chain_update(statement).finalize().into_bytes();
    URL_SAFE_NO_PAD.encode([statement, &code[..TAG_BYTES]].concat())
}

impl LinkTarget {
    fn token(self, pages: &Hmac<Sha256>) -> String {
        let order = |kind: u8, id: OrderId| [&[kind], id.to_string().as_bytes()].concat();
        let statement = match self {
            Self::Payment(id) => order(PAYMENT_KIND_BYTE, id),
            Self::Rampoff(id) => order(RAMPOFF_KIND_BYTE, id),
            Self::Returned(id) => order(RETURNED_KIND_BYTE, id),
            Self::Identity(customer, ends_at) => {
                let day = u32::try_from(ends_at.micros().div_euclid(DAY_MICROS)).unwrap_or(u32::MAX);
                [&[IDENTITY_KIND_BYTE][..], &customer.0.to_le_bytes(), &day.to_le_bytes()].concat()
            }
        };
        signed_token(pages, &statement)
    }

    /// The target of a valid token.
    fn of(token: &str, pages: &Hmac<Sha256>) -> Option<Self> {
        let mut bytes = [0; MAX_TOKEN_BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).ok()?;
        let (statement, tag) = bytes.get(..length)?.split_last_chunk::<TAG_BYTES>()?;
        pages.clone().chain_update(statement).verify_truncated_left(tag).ok()?;
        let (kind, about) = statement.split_first()?;
        if *kind == IDENTITY_KIND_BYTE {
            let (customer, day) = about.split_first_chunk::<8>()?;
            let day = i64::from(u32::from_le_bytes(day.try_into().ok()?));
            return Some(Self::Identity(CustomerId(i64::from_le_bytes(*customer)), Timestamp::from_micros(day.checked_mul(DAY_MICROS)?)));
        }
        let about: &[u8; ORDER_ID_BYTES] = about.try_into().ok()?;
        let id = std::str::from_utf8(about).ok()?.parse().ok()?;
        match *kind {
            PAYMENT_KIND_BYTE => Some(Self::Payment(id)),
            RAMPOFF_KIND_BYTE => Some(Self::Rampoff(id)),
            RETURNED_KIND_BYTE => Some(Self::Returned(id)),
            _ => None,
        }
    }
}

/// Inserts a token into the link in a field of stored JSON. Quotes within other texts are escaped, so only the field
/// itself matches.
pub(crate) fn with_token(stored: &str, field: &str, token: &str) -> String {
    const EMPTY: &str = "?token=";
    let place = stored.find(&format!("\"{field}\":\"")).and_then(|start| {
        let value = start + field.len() + 4;
        let end = value + stored[value..].find('"')?;
        stored[value..end].find(EMPTY).map(|empty| value + empty + EMPTY.len())
    });
    match place {
        Some(place) => [&stored[..place], token, &stored[place..]].concat(),
        None => stored.to_owned(),
    }
}

/// The refusal of unknown and malformed tokens alike.
pub(crate) fn no_page() -> AppError {
    Refusal::new(ErrorCode::NotFound, "this link leads nowhere; please open it again from where you got it").into()
}

/// The token of a link to a payment's pages.
#[must_use]
pub fn payment_token(app: &App, id: OrderId) -> String {
    LinkTarget::Payment(id).token(app.keys.lasting().pages())
}

/// The token of a link to a ramp-off's pages.
#[must_use]
pub fn rampoff_token(app: &App, id: OrderId) -> String {
    LinkTarget::Rampoff(id).token(app.keys.lasting().pages())
}

/// The token with which a processor sends a customer back: it only shows the payment's state.
#[must_use]
pub fn returned_token(app: &App, id: OrderId) -> String {
    LinkTarget::Returned(id).token(app.keys.lasting().pages())
}

/// The token of a link to a customer's identity page. It ends at the end of a day, so that responses repeated on
/// one day are equal.
#[must_use]
pub fn identity_token(app: &App, customer: CustomerId) -> String {
    let ends_at = app.business.now().after(identity_link_lasts(app)).micros();
    let end_of_day = ends_at.div_euclid(DAY_MICROS).saturating_add(1).saturating_mul(DAY_MICROS);
    LinkTarget::Identity(customer, Timestamp::from_micros(end_of_day)).token(app.keys.lasting().pages())
}

fn identity_link_lasts(app: &App) -> Duration {
    Duration::from_secs(u64::from(app.config.identity_link_days) * 86_400)
}

pub(crate) fn identity_link(app: &App, customer: CustomerId) -> String {
    identity_url(&app.config.public_url, &identity_token(app, customer))
}

/// The link to the form of the reinforced check.
pub(crate) fn reinforced_link(app: &App, customer: CustomerId) -> String {
    format!("{}&level={}", identity_link(app, customer), KycLevel::Reinforced.number())
}

/// The data of an event as it is sent to the partner: links have their tokens.
pub(crate) fn event_data<'a>(app: &App, event: &'a EventDraft) -> Cow<'a, str> {
    match (event.kind, event.subject.parse()) {
        (EventType::KycUpdated, Ok(customer)) => with_token(&event.data, KYC_FORM_URL, &identity_token(app, CustomerId(customer))).into(),
        _ => Cow::Borrowed(&event.data),
    }
}

/// `None` when the token is not ours: an earlier version may have drawn it.
fn link_target(app: &App, token: &str) -> Option<LinkTarget> {
    LinkTarget::of(token, app.keys.lasting().pages())
}

/// The payment of a link to its pages.
pub(crate) async fn payment_by_token(app: &App, token: &str) -> AppResult<Payment> {
    let found = match link_target(app, token) {
        Some(LinkTarget::Payment(id)) => app.store.payment(id).await?,
        Some(_) => None,
        None => app.store.payment_by_earlier_link(token).await?,
    };
    found.ok_or_else(no_page)
}

/// The ramp-off of a link to its pages.
pub(crate) async fn rampoff_by_token(app: &App, token: &str) -> AppResult<Rampoff> {
    let found = match link_target(app, token) {
        Some(LinkTarget::Rampoff(id)) => app.store.rampoff(id).await?,
        Some(_) => None,
        None => app.store.rampoff_by_earlier_link(token).await?,
    };
    found.ok_or_else(no_page)
}

/// The payment of a processor's return link.
pub(crate) async fn returned_payment(app: &App, token: &str) -> AppResult<Payment> {
    match link_target(app, token) {
        Some(LinkTarget::Returned(id)) => app.store.payment(id).await?.ok_or_else(no_page),
        _ => Err(no_page()),
    }
}

/// The customer of a link to an identity page, and whether the link is still valid.
async fn customer_and_validity(app: &App, token: &str) -> AppResult<Option<(Customer, bool)>> {
    let (customer, ends_at) = match link_target(app, token) {
        Some(LinkTarget::Identity(id, ends_at)) => (app.store.customer(id).await?, Some(ends_at)),
        Some(_) => return Ok(None),
        None => {
            // Links of earlier versions had no end: they count as last issued when that version was replaced.
            let until = app.keys.lasting().earlier_links_until();
            (app.store.customer_by_earlier_link(token).await?, until.map(|until| until.after(identity_link_lasts(app))))
        }
    };
    let holds = ends_at.is_some_and(|ends_at| app.business.now() < ends_at);
    Ok(customer.map(|customer| (customer, holds)))
}

/// The customer of a valid link to an identity page.
pub(crate) async fn customer_by_token(app: &App, token: &str) -> AppResult<Customer> {
    match customer_and_validity(app, token).await? {
        Some((customer, true)) => Ok(customer),
        Some((_, false)) | None => Err(no_page()),
    }
}

/// The partner to ask for a new link when a link to an identity page has ended. Reveals nothing about the customer.
pub async fn ended_link(app: &App, token: &str) -> AppResult<Option<String>> {
    match customer_and_validity(app, token).await? {
        Some((customer, false)) => partner_name(app, customer.partner).await.map(Some),
        Some((_, true)) | None => Ok(None),
    }
}

pub(crate) async fn partner_name(app: &App, id: PartnerId) -> AppResult<String> {
    Ok(app.partner_cache.load(&app.store, id).await?.map(|partner| partner.name.clone()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::derivation::keyed;

    #[test]
    fn a_token_says_what_it_leads_to_under_its_own_key_only() {
        let (ours, other) = (keyed(b"ours"), keyed(b"other"));
        let id: OrderId = "8DtY4Wlq0YclbFQGltbnJRC9s".parse().unwrap();
        let ends_at = Timestamp::from_micros(20_000 * DAY_MICROS);
        for link_target in
            [LinkTarget::Payment(id), LinkTarget::Rampoff(id), LinkTarget::Returned(id), LinkTarget::Identity(CustomerId(-7), ends_at)]
        {
            let token = link_target.token(&ours);
            assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')), "{token}");
            assert_eq!(LinkTarget::of(&token, &ours), Some(link_target));
            assert_eq!(LinkTarget::of(&token, &other), None);
            for place in 0..token.len() {
                let mut changed = token.clone().into_bytes();
                changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
                let changed = String::from_utf8(changed).unwrap();
                // The last character has unused bits.
                assert!(changed == token || LinkTarget::of(&changed, &ours).is_none(), "{link_target:?} {place}");
            }
            assert_eq!(LinkTarget::of(&token[..token.len() - 1], &ours), None);
        }
        for text in ["", "x", "01a21580-5a25-7eb1-8913-2d37df809be3", &"A".repeat(4_000)] {
            assert_eq!(LinkTarget::of(text, &ours), None);
        }
    }

    #[test]
    fn a_token_is_put_into_the_field_itself() {
        let stored = r#"{"note":"\"url_payment\":\"https://a?token=","url_payment":"https://a/gateway/card?token=","end":"?token="}"#;
        let expected = r#"{"note":"\"url_payment\":\"https://a?token=","url_payment":"https://a/gateway/card?token=t","end":"?token="}"#;
        assert_eq!(with_token(stored, URL_PAYMENT, "t"), expected);
        assert_eq!(with_token(stored, URL_STATUS, "t"), stored);
    }
}
