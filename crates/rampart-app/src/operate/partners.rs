//! What operators do with partners.

use std::time::Duration;

use rampart_core::id::PartnerId;
use rampart_core::partner::{ApiKey, HttpErrors, Partner};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::review::AuditEntry;
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_core::text;
use rampart_core::text::redacted::Redacted;
use rampart_store::{CommitError, StoredClaim};

use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::retry::retry_unless;
use crate::state::keys::Keys;
use crate::state::partner_cache::PARTNER_CACHE_TTL;

const MAX_KEY_OVERLAP: Duration = Duration::from_secs(30 * 24 * 3_600);

/// An API key with its secret, which is shown only once.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub id: PartnerId,
    pub api_key: String,
    /// Standard base64 of 32 random bytes.
    pub api_secret: Redacted,
}

/// Changes to a partner; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct PartnerChange {
    pub name: Option<String>,
    /// Networks (CIDR) or addresses that may call; an empty list permits all.
    pub allow_ips: Option<Vec<String>>,
    pub http_errors: Option<HttpErrors>,
    pub enabled: Option<bool>,
}

/// Creates a partner with an API key.
///
/// # Errors
/// `validation_failed` for a name that is empty or too long, has the form of an identifier, or is or was another
/// partner's.
pub async fn create_partner(app: &App, name: &str, actor: &str) -> AppResult<Credentials> {
    let name = checked_name(name)?;
    let (api_key, api_secret) = new_key(app)?;
    let mint = app.mint();
    let partner = Partner {
        id: mint.id(),
        version: 0,
        name,
        api_key,
        previous_key: None,
        previous_epoch: None,
        enabled: true,
        token_epoch: 1,
        allow_ips: Vec::new(),
        http_errors: HttpErrors::default(),
        created_at: mint.now,
    };
    let credentials = Credentials { id: partner.id, api_key: partner.api_key.key.clone(), api_secret };
    let mut step = Step::new();
    step.claims.push(Claim::forever(ClaimScope::ApiKey, partner.api_key.key.clone(), partner.id));
    step.claims.push(Claim::forever(ClaimScope::PartnerName, partner.name.clone(), partner.id));
    step.write(audit(&mint, actor, "partner.create", partner.id, "created"));
    step.write(partner);
    match app.commit(step).await {
        Ok(_) => Ok(credentials),
        Err(CommitError::AlreadyClaimed(claim)) if claim.scope == ClaimScope::PartnerName => Err(name_taken(&claim)),
        Err(error) => Err(error.into()),
    }
}

/// Partners in order of creation, one page.
pub async fn partners(app: &App, after: Option<PartnerId>, limit: u32) -> AppResult<Vec<Partner>> {
    Ok(app.store.partners(after, limit).await?)
}

/// Changes a partner. Disabling and enabling revoke all tokens issued so far.
///
/// # Errors
/// `validation_failed` for an invalid name or network, and for a name that is or was another partner's; `not_found`
/// for an unknown partner.
pub async fn set_partner(app: &App, id: PartnerId, change: &PartnerChange, actor: &str, reason: &str) -> AppResult<Partner> {
    let name = change.name.as_deref().map(checked_name).transpose()?;
    for network in change.allow_ips.iter().flatten() {
        if crate::state::network::parse_network(network).is_none() {
            let message = format!("'{network}' is not an address or a network such as 203.0.113.0/24");
            return Err(Refusal::field(ErrorCode::ValidationFailed, "allow_ip", message).into());
        }
    }
    change_partner(app, id, "partner.set", actor, reason, |partner| {
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
            partner.revoke_tokens();
        }
        Ok(None)
    })
    .await
    .map(|(partner, _)| partner)
}

/// Gives a partner a new API key. For `overlap` (real time, at most 30 days) the old key can still be exchanged for
/// tokens, its tokens stay valid, and webhooks are signed with both secrets. A key from an earlier rotation ends
/// now. With an overlap of zero only the new key works.
///
/// # Errors
/// `not_found` for an unknown partner; `validation_failed` for an overlap that is too long.
pub async fn rotate_partner_key(app: &App, id: PartnerId, overlap: Duration, actor: &str, reason: &str) -> AppResult<Credentials> {
    if overlap > MAX_KEY_OVERLAP {
        return Err(Refusal::field(ErrorCode::ValidationFailed, "overlap", "must be 30 days at most").into());
    }
    let (partner, secret) = change_partner(app, id, "partner.rotate-key", actor, reason, |partner| {
        let (api_key, api_secret) = new_key(app)?;
        partner.rotate(api_key, (!overlap.is_zero()).then(|| app.real.now().after(overlap)));
        Ok(Some(api_secret))
    })
    .await?;
    let api_secret = secret.ok_or_else(|| AppError::defect("a rotation without a secret"))?;
    Ok(Credentials { id, api_key: partner.api_key.key, api_secret })
}

/// Changes a partner and returns when no node has the old version cached.
async fn change_partner(
    app: &App,
    id: PartnerId,
    action: &str,
    actor: &str,
    reason: &str,
    change: impl Fn(&mut Partner) -> AppResult<Option<Redacted>>,
) -> AppResult<(Partner, Option<Redacted>)> {
    let change = &change;
    let decide = || async move {
        let missing = || Refusal::new(ErrorCode::NotFound, format!("there is no partner {id}"));
        let mut partner = app.store.partner(id).await?.ok_or_else(missing)?;
        let (key_before, name_before) = (partner.api_key.key.clone(), partner.name.clone());
        let secret = change(&mut partner)?;
        let mint = app.mint();
        let mut step = Step::new();
        if partner.api_key.key != key_before {
            step.claims.push(Claim::forever(ClaimScope::ApiKey, partner.api_key.key.clone(), id));
        }
        if partner.name != name_before {
            step.claims.extend(name_claim(app, &partner).await?);
        }
        step.write(audit(&mint, actor, action, id, reason));
        step.write(partner.clone());
        Ok((step, (partner, secret)))
    };
    let changed = retry_unless(app, "partner is", decide, |error| match error {
        CommitError::AlreadyClaimed(claim) if claim.scope == ClaimScope::PartnerName => Err(name_taken(&claim)),
        error => Err(error.into()),
    })
    .await?;
    app.partner_cache.forget(id);
    tokio::time::sleep(PARTNER_CACHE_TTL).await;
    Ok(changed)
}

/// The claim of a new name. `None` when the partner claimed it before.
async fn name_claim(app: &App, partner: &Partner) -> AppResult<Option<Claim>> {
    match app.store.claim(ClaimScope::PartnerName, &partner.name).await? {
        Some(claim) if claim.subject == partner.id.to_string() => Ok(None),
        Some(claim) => Err(name_taken(&claim)),
        None => Ok(Some(Claim::forever(ClaimScope::PartnerName, partner.name.clone(), partner.id))),
    }
}

fn new_key(app: &App) -> AppResult<(ApiKey, Redacted)> {
    let mut bytes = [0; 16];
    app.randomness.fill(&mut bytes);
    let key = format!("rk_{}", hex::encode(bytes));
    let secret = Keys::new_secret(&*app.randomness);
    let sealed_secret = app.keys.seal(&key, &secret, &*app.randomness)?;
    Ok((ApiKey { key, sealed_secret }, secret))
}

fn checked_name(name: &str) -> AppResult<String> {
    let name = &*text::composed(name.trim());
    // Operators name a partner by name or identifier, and the identifier is tried first.
    if name.parse::<PartnerId>().is_ok() {
        return Err(Refusal::field(ErrorCode::ValidationFailed, "name", "must not read like a partner's identifier").into());
    }
    match name.chars().count() {
        1..=100 => match text::check(name) {
            Ok(()) => Ok(name.to_owned()),
            Err(fault) => Err(Refusal::field(ErrorCode::ValidationFailed, "name", fault.to_string()).into()),
        },
        _ => Err(Refusal::field(ErrorCode::ValidationFailed, "name", "must have 1 to 100 characters").into()),
    }
}

fn name_taken(claim: &StoredClaim) -> AppError {
    let message = format!("is or was the name of the partner {}: give another", claim.subject);
    Refusal::field(ErrorCode::ValidationFailed, "name", message).into()
}

fn audit(mint: &rampart_core::id::Mint<'_>, actor: &str, action: &str, id: PartnerId, reason: &str) -> AuditEntry {
    AuditEntry {
        id: mint.id(),
        version: 0,
        actor: actor.to_owned(),
        action: action.to_owned(),
        subject: id.to_string(),
        reason: reason.to_owned(),
        detail: String::new(),
        at: mint.now,
    }
}
