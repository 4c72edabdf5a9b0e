//! Who calls: keys and secrets are exchanged for tokens, tokens tell the partner without a look into the database.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rampart_core::id::PartnerId;
use rampart_core::partner::Partner;
use rampart_core::redacted::Redacted;
use rampart_core::refusal::ErrorCode;
use rampart_core::time::Timestamp;
use subtle::ConstantTimeEq;

use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::network;
use crate::views::TokenGrant;

/// The longest key, secret or token that is looked at.
const MAX_CREDENTIAL_BYTES: usize = 512;

/// A partner whose token holds.
#[derive(Debug, Clone)]
pub struct AuthenticatedPartner {
    /// The partner.
    pub partner: Arc<Partner>,
    /// The epoch of its token.
    pub(crate) epoch: i64,
}

fn refused() -> AppError {
    AppError::code(ErrorCode::AuthorizationIncorrect)
}

/// Whether a partner may call from an address.
fn may_call_from(partner: &Partner, ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    partner.allow_ips.is_empty()
        || partner.allow_ips.iter().any(|range| network::parse_network(range).is_some_and(|network| network.contains(&ip)))
}

impl App {
    /// Exchanges a key and its secret for a token.
    ///
    /// # Errors
    /// `authorization_incorrect`, in the same words and time whatever is wrong.
    pub async fn authenticate(&self, api_key: &str, api_secret: &str, ip: IpAddr) -> AppResult<TokenGrant> {
        let asked_at = Instant::now();
        let partner = match api_key.len() <= MAX_CREDENTIAL_BYTES && api_secret.len() <= MAX_CREDENTIAL_BYTES {
            true => self.store().partner_by_api_key(api_key).await?,
            false => None,
        };
        let known = partner.as_ref().and_then(|partner| Some((partner, partner.key_in_use(api_key, self.real().now())?)));
        // A key that nobody has costs the same work as one with a wrong secret.
        let secret = match known {
            Some((_, (key, ..))) => self.keys().open(&key.key, &key.sealed_secret)?,
            None => self.keys().decoy_secret()?,
        };
        let right = bool::from(secret.reveal().as_bytes().ct_eq(api_secret.as_bytes()));
        match known {
            Some((partner, (_, epoch, until))) if right && partner.enabled && may_call_from(partner, ip) => {
                self.partner_cache().put(asked_at, Arc::new(partner.clone()));
                Ok(self.grant(partner.id, epoch, until))
            }
            _ => Err(refused()),
        }
    }

    /// A token that ends when its key does.
    fn grant(&self, partner: PartnerId, epoch: i64, until: Option<Timestamp>) -> TokenGrant {
        let now = self.real().now();
        let longest = now.after(Duration::from_secs(self.config().token_seconds));
        let expires_at = until.map_or(longest, |until| until.min(longest));
        let expires_in = now.until(expires_at).as_secs().max(1);
        let statement = format!("{partner}.{epoch}.{}", expires_at.micros());
        let tag = self.keys().token_tag(statement.as_bytes());
        TokenGrant { token: URL_SAFE_NO_PAD.encode([tag.as_slice(), statement.as_bytes()].concat()), expires_at, expires_in }
    }

    /// The partner of a token. The hot path asks no database: partners are remembered for a moment.
    ///
    /// # Errors
    /// `authorization_incorrect` for a token that is not ours, has ended or was revoked, for a disabled partner, and for an
    /// address that the partner may not call from.
    pub async fn caller(&self, token: &str, ip: IpAddr) -> AppResult<AuthenticatedPartner> {
        let (id, epoch) = self.open_token(token).ok_or_else(refused)?;
        let partner = self.remembered_partner(id).await?.ok_or_else(refused)?;
        let good = self.accepts_token(&partner, epoch) && may_call_from(&partner, ip);
        if good { Ok(AuthenticatedPartner { partner, epoch }) } else { Err(refused()) }
    }

    /// Whether a partner may call with a token of an epoch.
    pub(crate) fn accepts_token(&self, partner: &Partner, epoch: i64) -> bool {
        partner.enabled && partner.accepts(epoch, self.real().now())
    }

    /// What a token states, if it is ours and has not ended.
    fn open_token(&self, token: &str) -> Option<(PartnerId, i64)> {
        if token.len() > MAX_CREDENTIAL_BYTES {
            return None;
        }
        let mut bytes = [0; MAX_CREDENTIAL_BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).ok()?;
        let (tag, statement) = bytes.get(..length)?.split_first_chunk::<32>()?;
        if !self.keys().verifies_token(statement, tag) {
            return None;
        }
        let mut parts = std::str::from_utf8(statement).ok()?.split('.');
        let (id, epoch, expires_at) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        (Timestamp::from_micros(expires_at) > self.real().now()).then_some((id.parse().ok()?, epoch))
    }

    /// The partner whose key in use this is, for those who know the key only.
    ///
    /// # Errors
    /// `authorization_incorrect` when nobody has it.
    pub async fn caller_for_key(&self, api_key: &str) -> AppResult<AuthenticatedPartner> {
        let partner = self.store().partner_by_api_key(api_key).await?.filter(|partner| partner.enabled).ok_or_else(refused)?;
        let (_, epoch, _) = partner.key_in_use(api_key, self.real().now()).ok_or_else(refused)?;
        Ok(AuthenticatedPartner { partner: Arc::new(partner), epoch })
    }

    /// The secrets that sign for a partner at the moment: that of its key, and of the key before for as long as it was given.
    ///
    /// # Errors
    /// [`AppError::Defect`] when they were not sealed under this installation's key.
    pub fn secrets_of(&self, partner: &Partner) -> AppResult<Vec<Redacted>> {
        partner.signing_keys(self.real().now()).map(|key| self.keys().open(&key.key, &key.sealed_secret)).collect()
    }
}
