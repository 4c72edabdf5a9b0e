//! Partners: who they are, remembered for a moment, and what operators do with them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use rampart_core::id::{OrderId, PartnerId};
use rampart_core::partner::{ApiKey, HttpErrors, Partner};
use rampart_core::record::RecordKey;
use rampart_core::redacted::Redacted;
use rampart_core::refusal::{Code, Refusal};
use rampart_core::review::AuditEntry;
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_core::time::{Clock, Timestamp};
use rampart_store::{CommitError, Installation, Store};

use crate::app::{App, MOST_TRIES};
use crate::error::{AppError, Reply};
use crate::keys::Keys;

/// How long a partner is remembered without a look into the database.
const FRESH: Duration = Duration::from_secs(1);
/// How long a rotated key's secret signs along.
const SIGNS_ALONG: Duration = Duration::from_secs(24 * 3_600);

/// Partners in memory, with the moment (real time) they were loaded.
#[derive(Debug, Default)]
pub(crate) struct PartnerCache {
    partners: RwLock<HashMap<PartnerId, (Timestamp, Arc<Partner>)>>,
}

impl PartnerCache {
    /// Remembers a partner, unless a later version is known.
    pub(crate) fn put(&self, now: Timestamp, partner: Arc<Partner>) {
        let mut partners = self.partners.write();
        if partners.get(&partner.id).is_none_or(|(_, known)| known.version <= partner.version) {
            partners.insert(partner.id, (now, partner));
        }
    }

    fn get(&self, id: PartnerId, now: Timestamp) -> Option<Arc<Partner>> {
        let partners = self.partners.read();
        let (loaded_at, partner) = partners.get(&id)?;
        (loaded_at.until(now) < FRESH).then(|| partner.clone())
    }

    /// Forgets a partner, so that the next look is into the database.
    pub(crate) fn forget(&self, id: PartnerId) {
        self.partners.write().remove(&id);
    }
}

/// A key with its secret, as it is told once.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The partner.
    pub id: PartnerId,
    /// The public half.
    pub api_key: String,
    /// The secret: standard base64 of 32 random bytes.
    pub api_secret: Redacted,
}

/// What an operator changes of a partner; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct PartnerChange {
    /// Its name.
    pub name: Option<String>,
    /// Networks (CIDR) or addresses it may call from; an empty list means anywhere.
    pub allow_ips: Option<Vec<String>>,
    /// How failures are answered.
    pub http_errors: Option<HttpErrors>,
    /// Whether it may call at all. Any change revokes its tokens.
    pub enabled: Option<bool>,
}

/// Compares the installation's key with the database's; the first node's decides.
pub(crate) async fn check_installation(
    store: &Store,
    keys: &Keys,
    clock: &dyn Clock,
    randomness: &dyn rampart_core::id::Randomness,
) -> Reply<()> {
    let known = match store.installation().await? {
        Some(known) => known,
        None => {
            let now = clock.now();
            let id = OrderId::mint(now, randomness).to_string();
            store.install(&Installation { id, key_fingerprint: keys.identity().to_owned(), created_at: now }).await?
        }
    };
    if known.key_fingerprint == keys.identity() {
        Ok(())
    } else {
        Err(AppError::defect("the installation's key is not the one this database was made with; give the right key file"))
    }
}

impl App {
    /// A partner, remembered for a second.
    pub(crate) async fn remembered_partner(&self, id: PartnerId) -> Reply<Option<Arc<Partner>>> {
        let now = self.real().now();
        if let Some(partner) = self.partner_cache().get(id, now) {
            return Ok(Some(partner));
        }
        let Some(partner) = self.store().partner(id).await? else {
            self.partner_cache().forget(id);
            return Ok(None);
        };
        let partner = Arc::new(partner);
        self.partner_cache().put(now, partner.clone());
        Ok(Some(partner))
    }

    /// Makes a partner with a key of its own.
    ///
    /// # Errors
    /// `validation_failed` for a name that is empty or too long.
    pub async fn create_partner(&self, name: &str, actor: &str) -> Reply<Credentials> {
        let name = checked_name(name)?;
        let (api_key, api_secret) = self.new_key()?;
        let mint = self.mint();
        let partner = Partner {
            id: mint.id(),
            version: 0,
            name,
            api_key,
            previous_key: None,
            enabled: true,
            token_epoch: 1,
            allow_ips: Vec::new(),
            http_errors: HttpErrors::default(),
            created_at: mint.now,
        };
        let credentials = Credentials { id: partner.id, api_key: partner.api_key.key.clone(), api_secret };
        let mut step = Step::new();
        step.claims.push(Claim::forever(ClaimScope::ApiKey, partner.api_key.key.clone(), partner.id));
        step.write(audit(&mint, actor, "partner.create", partner.id, "created"));
        step.write(partner);
        self.commit(step).await?;
        Ok(credentials)
    }

    /// Every partner, in the order they were made, a page at a time.
    ///
    /// # Errors
    /// [`AppError::Unavailable`] when the database cannot be read.
    pub async fn partners(&self, behind: Option<PartnerId>, limit: u32) -> Reply<Vec<Partner>> {
        Ok(self.store().partners(behind, limit).await?)
    }

    /// Changes a partner. Disabling and enabling revoke every token given out so far.
    ///
    /// # Errors
    /// `validation_failed` for a name or a network that is none; `not_found` when there is no such partner.
    pub async fn set_partner(&self, id: PartnerId, change: &PartnerChange, actor: &str, reason: &str) -> Reply<Partner> {
        let name = change.name.as_deref().map(checked_name).transpose()?;
        for network in change.allow_ips.iter().flatten() {
            if crate::network::named(network).is_none() {
                let message = format!("'{network}' is not an address or a network such as 203.0.113.0/24");
                return Err(Refusal::field(Code::ValidationFailed, "allow_ip", message).into());
            }
        }
        self.change_partner(id, "partner.set", actor, reason, |partner| {
            if let Some(name) = &name {
                partner.name.clone_from(name);
            }
            if let Some(networks) = &change.allow_ips {
                partner.allow_ips.clone_from(networks);
            }
            if let Some(http_errors) = change.http_errors {
                partner.http_errors = http_errors;
            }
            if let Some(enabled) = change.enabled.filter(|enabled| *enabled != partner.enabled) {
                partner.enabled = enabled;
                partner.token_epoch += 1;
            }
            Ok(None)
        })
        .await
        .map(|(partner, _)| partner)
    }

    /// Gives a partner a new key. Tokens end; the old key no longer authenticates, and its secret signs webhooks along for a
    /// day.
    ///
    /// # Errors
    /// `not_found` when there is no such partner.
    pub async fn rotate_partner_key(&self, id: PartnerId, actor: &str, reason: &str) -> Reply<Credentials> {
        let (partner, secret) = self
            .change_partner(id, "partner.rotate-key", actor, reason, |partner| {
                let (api_key, api_secret) = self.new_key()?;
                let before = std::mem::replace(&mut partner.api_key, api_key);
                partner.previous_key = Some((before, self.real().now().after(SIGNS_ALONG)));
                partner.token_epoch += 1;
                Ok(Some(api_secret))
            })
            .await?;
        let api_secret = secret.ok_or_else(|| AppError::defect("a rotation without a secret"))?;
        Ok(Credentials { id, api_key: partner.api_key.key, api_secret })
    }

    async fn change_partner(
        &self,
        id: PartnerId,
        action: &str,
        actor: &str,
        reason: &str,
        change: impl Fn(&mut Partner) -> Reply<Option<Redacted>>,
    ) -> Reply<(Partner, Option<Redacted>)> {
        for _ in 0..MOST_TRIES {
            let missing = || Refusal::new(Code::NotFound, format!("there is no partner {id}"));
            let mut partner = self.store().partner(id).await?.ok_or_else(missing)?;
            let key_before = partner.api_key.key.clone();
            let secret = change(&mut partner)?;
            let mint = self.mint();
            let mut step = Step::new();
            if partner.api_key.key != key_before {
                step.claims.push(Claim::forever(ClaimScope::ApiKey, partner.api_key.key.clone(), id));
            }
            step.write(audit(&mint, actor, action, id, reason));
            step.write(partner.clone());
            match self.commit(step).await {
                Ok(_) => {
                    self.partner_cache().forget(id);
                    return Ok((partner, secret));
                }
                Err(CommitError::Conflict(RecordKey::Partner(_))) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::Unavailable("the partner is changing too fast".into()))
    }

    fn new_key(&self) -> Reply<(ApiKey, Redacted)> {
        let mut bytes = [0; 16];
        self.randomness().fill(&mut bytes);
        let key = format!("rk_{}", hex::encode(bytes));
        let secret = Keys::new_secret(self.randomness());
        let sealed_secret = self.keys().seal(&key, &secret, self.randomness())?;
        Ok((ApiKey { key, sealed_secret }, secret))
    }
}

fn checked_name(name: &str) -> Reply<String> {
    let name = name.trim();
    match name.chars().count() {
        1..=100 if !name.contains(char::is_control) => Ok(name.to_owned()),
        _ => Err(Refusal::field(Code::ValidationFailed, "name", "must have 1 to 100 printable characters").into()),
    }
}

fn audit(mint: &rampart_core::id::Mint<'_>, actor: &str, action: &str, id: PartnerId, reason: &str) -> AuditEntry {
    AuditEntry {
        id: mint.id(),
        version: 0,
        actor: actor.to_owned(),
        action: action.to_owned(),
        subject: id.to_string(),
        reason: reason.to_owned(),
        at: mint.now,
    }
}
