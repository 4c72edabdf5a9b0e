//! Authentication: an API key and its secret are exchanged for a token, and a token names its partner without a
//! database read.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rampart_core::id::PartnerId;
use rampart_core::partner::Partner;
use rampart_core::refusal::ErrorCode;
use rampart_core::text::redacted::Redacted;
use rampart_core::time::Timestamp;
use subtle::ConstantTimeEq;

use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::request::field::{FieldKind, required};
use crate::request::request;
use crate::state::network;
use crate::views::TokenGrant;
use rampart_http::AuthenticatedPartner;

/// Limit of a token.
const MAX_TOKEN_BYTES: usize = 512;

request! {
    /// The request of `authenticate`.
    Authenticate refused by [AuthorizationIncorrect] {
        api_key: &'a str = required(FieldKind::AsTyped(200), "The API key.").example(r#""rk_0123456789abcdef0123456789abcdef""#);
        api_secret: &'a str = required(FieldKind::Secret(1), "The secret of the key: 32 bytes in standard base64.").example(r#""c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U=""#);
    }
}

fn refused() -> AppError {
    AppError::code(ErrorCode::AuthorizationIncorrect)
}

/// An empty allow list permits every address.
fn may_call_from(partner: &Partner, ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    partner.allow_ips.is_empty()
        || partner.allow_ips.iter().any(|range| network::parse_network(range).is_some_and(|network| network.contains(&ip)))
}

/// Exchanges an API key and its secret for a token.
///
/// # Errors
/// `authorization_incorrect`, with the same message and timing whatever is wrong.
pub async fn authenticate(app: &App, api_key: &str, api_secret: &str, ip: IpAddr) -> AppResult<TokenGrant> {
    let asked_at = Instant::now();
    let partner = app.store.partner_by_api_key(api_key).await?;
    let known = partner.as_ref().and_then(|partner| Some((partner, partner.key_in_use(api_key, app.real.now())?)));
    // An unknown key costs the same work as a wrong secret, so timing does not reveal which keys exist.
    let secret = match known {
        Some((_, (key, ..))) => app.keys.open(&key.key, &key.sealed_secret)?,
        None => app.keys.decoy_secret()?,
    };
    let secret_matches = bool::from(secret.reveal().as_bytes().ct_eq(api_secret.as_bytes()));
    match known {
        Some((partner, (_, epoch, until))) if secret_matches && partner.enabled && may_call_from(partner, ip) => {
            app.partner_cache.put(asked_at, Arc::new(partner.clone()));
            Ok(grant(app, partner.id, epoch, until))
        }
        _ => Err(refused()),
    }
}

/// The token expires no later than its key.
fn grant(app: &App, partner: PartnerId, epoch: i64, until: Option<Timestamp>) -> TokenGrant {
    let now = app.real.now();
    let latest_expiry = now.after(Duration::from_secs(app.config.token_seconds));
    let expires_at = until.map_or(latest_expiry, |until| until.min(latest_expiry));
    let expires_in = now.until(expires_at).as_secs().max(1);
    let statement = format!("{partner}.{epoch}.{}", expires_at.micros());
    let tag = app.keys.token_tag(statement.as_bytes());
    TokenGrant { token: URL_SAFE_NO_PAD.encode([tag.as_slice(), statement.as_bytes()].concat()), expires_at, expires_in }
}

/// The partner of a token. Usually answered from the partner cache, without a database read.
///
/// # Errors
/// `authorization_incorrect` for a token that is not ours, has expired or was revoked, for a disabled partner, and
/// for an address outside the partner's allow list.
pub async fn caller(app: &App, token: &str, ip: IpAddr) -> AppResult<AuthenticatedPartner> {
    let (id, epoch) = open_token(app, token).ok_or_else(refused)?;
    let partner = app.partner_cache.load(&app.store, id).await?.ok_or_else(refused)?;
    let accepted = accepts_token(app, &partner, epoch) && may_call_from(&partner, ip);
    if accepted { Ok(AuthenticatedPartner { partner, epoch }) } else { Err(refused()) }
}

/// Whether a token of this epoch is accepted from the partner.
pub(crate) fn accepts_token(app: &App, partner: &Partner, epoch: i64) -> bool {
    partner.enabled && partner.accepts(epoch, app.real.now())
}

/// The partner and epoch of a token that is ours and has not expired.
fn open_token(app: &App, token: &str) -> Option<(PartnerId, i64)> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let mut bytes = [0; MAX_TOKEN_BYTES];
    let length = URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).ok()?;
    let (tag, statement) = bytes.get(..length)?.split_first_chunk::<32>()?;
    if !app.keys.verifies_token(statement, tag) {
        return None;
    }
    let mut parts = std::str::from_utf8(statement).ok()?.split('.');
    let (id, epoch, expires_at) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    (Timestamp::from_micros(expires_at) > app.real.now()).then_some((id.parse().ok()?, epoch))
}

/// The partner with this API key, without a check of its secret.
///
/// # Errors
/// `authorization_incorrect` for an unknown key or a disabled partner.
pub async fn caller_for_key(app: &App, api_key: &str) -> AppResult<AuthenticatedPartner> {
    let partner = app.store.partner_by_api_key(api_key).await?.filter(|partner| partner.enabled).ok_or_else(refused)?;
    let (_, epoch, _) = partner.key_in_use(api_key, app.real.now()).ok_or_else(refused)?;
    Ok(AuthenticatedPartner { partner: Arc::new(partner), epoch })
}

/// The secrets that the partner's webhooks are signed with: that of its key and, during a rotation's overlap, that
/// of the previous key.
///
/// # Errors
/// [`AppError::Defect`] when they were not sealed under this installation's key.
pub fn secrets_of(app: &App, partner: &Partner) -> AppResult<Vec<Redacted>> {
    partner.signing_keys(app.real.now()).map(|key| app.keys.open(&key.key, &key.sealed_secret)).collect()
}
