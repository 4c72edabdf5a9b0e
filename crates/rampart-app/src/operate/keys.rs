//! Rotation of the installation's key on running nodes: first every node gets the new key, then it becomes the newest,
//! then the old key's values are sealed again, then the old key is retired.

use std::time::Duration;

use rampart_core::id::PartnerId;
use rampart_core::partner::Partner;
use rampart_core::step::Step;
use rampart_core::step::installation_key::{InstallationKey, KeyFingerprint, newest};
use rampart_core::step::record::RecordKey;
use rampart_core::time::Timestamp;
use serde::Serialize;

use super::{Operator, audit, commit_result, operators_retry, refuse};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::operate::partners;

const PAGE_ROWS: u32 = 200;
const MICROSECOND: Duration = Duration::from_micros(1);

/// A key of this node's file or of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyLine {
    pub fingerprint: String,
    pub role: KeyRole,
    /// Since when it was the newest (real time); `None` if it never was.
    pub since: Option<Timestamp>,
    pub in_file: bool,
}

/// The role of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyRole {
    Newest,
    /// Only opens values.
    Readable,
    Retired,
    /// In the file, never the newest.
    Unused,
}

/// All keys: the database's, oldest first, then those only in this node's file.
pub async fn list(app: &App, file: &[KeyFingerprint]) -> AppResult<Vec<KeyLine>> {
    let mut known = app.store.installation_keys().await?;
    known.sort_by_key(|key| (key.newest_since, key.id));
    let newest = newest(&known).map(|key| key.id);
    let mut lines: Vec<KeyLine> = Vec::new();
    for key in &known {
        let role = match key.retired_at {
            Some(_) => KeyRole::Retired,
            None if Some(key.id) == newest => KeyRole::Newest,
            None => KeyRole::Readable,
        };
        lines.push(KeyLine { fingerprint: key.id.to_string(), role, since: Some(key.newest_since), in_file: file.contains(&key.id) });
    }
    let unused = file.iter().filter(|id| known.iter().all(|key| key.id != **id));
    lines.extend(unused.map(|id| KeyLine { fingerprint: id.to_string(), role: KeyRole::Unused, since: None, in_file: true }));
    Ok(lines)
}

/// Makes a key the newest: new values are sealed with it from now on. Every node must already have it. Serving nodes
/// follow within seconds; what they seal with the previous key until then can be opened.
///
/// # Errors
/// `validation_failed` when the key is not in this node's file, or is retired.
pub async fn make_newest(app: &App, id: KeyFingerprint, operator: &Operator) -> AppResult<()> {
    operators_retry(app, "keys are", || async move {
        let known = app.store.installation_keys().await?;
        let current = newest(&known).ok_or_else(|| AppError::defect("this database has no key"))?;
        if current.id == id {
            return Ok((Step::new(), ()));
        }
        let version = match known.iter().find(|key| key.id == id) {
            Some(key) if key.retired_at.is_some() => return Err(refuse(format!("the key {id} is retired: add a new one"))),
            Some(key) => key.version,
            None => 0,
        };
        // Later than the previous key's time, whatever the clock says.
        let since = app.real.now().max(current.newest_since.after(MICROSECOND));
        let record = app.keys.record(id, since, &*app.randomness)?;
        let record =
            record.ok_or_else(|| refuse(format!("the key {id} is not in the key file of this node: add it on every node first")))?;
        let mut step = Step::new();
        step.rely(RecordKey::InstallationKey(current.id), current.version);
        step.write(InstallationKey { version, ..record });
        audit(app, operator, "keys.use", id, &mut step);
        Ok((step, ()))
    })
    .await?;
    app.keys.follow(&app.store.installation_keys().await?)
}

/// Seals stored secrets again with the newest key, one partner at a time, and returns how many partners had older ones.
/// Can be interrupted and run again.
///
/// # Errors
/// [`AppError::Defect`] when a secret was sealed with a key that this node does not have.
pub async fn reseal(app: &App, operator: &Operator) -> AppResult<u64> {
    app.keys.follow(&app.store.installation_keys().await?)?;
    let mut resealed = 0;
    let mut behind = None;
    loop {
        let partners = partners::partners(app, behind, PAGE_ROWS).await?;
        for partner in &partners {
            resealed += u64::from(reseal_partner(app, partner.id).await?);
        }
        behind = partners.last().map(|partner| partner.id);
        if behind.is_none() {
            break;
        }
    }
    if resealed > 0 {
        let mut step = Step::new();
        audit(app, operator, "keys.reseal", app.keys.identity(), &mut step);
        commit_result(app.commit(step).await)?;
    }
    Ok(resealed)
}

/// Returns whether a secret was sealed again.
async fn reseal_partner(app: &App, id: PartnerId) -> AppResult<bool> {
    let resealed = operators_retry(app, "partner is", || async move {
        let Some(mut partner) = app.store.partner(id).await? else { return Ok((Step::new(), false)) };
        if !reseal_secrets(app, &mut partner)? {
            return Ok((Step::new(), false));
        }
        let mut step = Step::new();
        step.write(partner);
        Ok((step, true))
    })
    .await?;
    if resealed {
        app.partner_cache.forget(id);
    }
    Ok(resealed)
}

/// Seals a partner's secrets with the newest key. Returns whether any was sealed with an older one.
fn reseal_secrets(app: &App, partner: &mut Partner) -> AppResult<bool> {
    let mut changed = false;
    for key in std::iter::once(&mut partner.api_key).chain(partner.previous_key.as_mut().map(|(key, _)| key)) {
        if let Some(sealed) = app.keys.reseal(&key.key, &key.sealed_secret, &*app.randomness)? {
            key.sealed_secret = sealed;
            changed = true;
        }
    }
    Ok(changed)
}

/// Retires a key: nothing is opened with it any more, and the database deletes what was sealed with it. Unless `now` is
/// set, every token and quote that it signed must have expired.
///
/// # Errors
/// `validation_failed` when the key is the newest or unknown, when a stored secret is still sealed with an older key,
/// or when a token or quote of it may still be valid.
pub async fn retire(app: &App, id: KeyFingerprint, now: bool, operator: &Operator) -> AppResult<()> {
    operators_retry(app, "keys are", || async move {
        let known = app.store.installation_keys().await?;
        app.keys.follow(&known)?;
        let current = newest(&known).ok_or_else(|| AppError::defect("this database has no key"))?;
        let key = known.iter().find(|key| key.id == id).ok_or_else(|| refuse(format!("this database has no key {id}")))?;
        if key.retired_at.is_some() {
            return Ok((Step::new(), ()));
        }
        if current.id == id {
            return Err(refuse(format!("the key {id} is the newest: make another one the newest first")));
        }
        if let Some(partner) = sealed_with_an_older_key(app).await? {
            return Err(refuse(format!(
                "secrets of the partner {partner} are sealed with an older key still: run `rampart keys reseal` first"
            )));
        }
        let lifetime_seconds = app.config.token_seconds.max(app.catalogue.pricing.quote_seconds);
        let until = current.newest_since.after(Duration::from_secs(lifetime_seconds));
        if !now && app.real.now() < until {
            let message = format!("tokens and quotes that the key {id} signed are good until {until}: wait, or end them with --now");
            return Err(refuse(message));
        }
        let mut step = Step::new();
        step.rely(RecordKey::InstallationKey(current.id), current.version);
        step.write(InstallationKey { retired_at: Some(app.real.now()), sealed_secrets: None, ..key.clone() });
        audit(app, operator, "keys.retire", id, &mut step);
        Ok((step, ()))
    })
    .await?;
    app.keys.follow(&app.store.installation_keys().await?)
}

/// The first partner with a secret that was not sealed with the newest key.
async fn sealed_with_an_older_key(app: &App) -> AppResult<Option<PartnerId>> {
    let mut behind = None;
    loop {
        let partners = partners::partners(app, behind, PAGE_ROWS).await?;
        for mut partner in partners.iter().cloned() {
            if reseal_secrets(app, &mut partner)? {
                return Ok(Some(partner.id));
            }
        }
        behind = partners.last().map(|partner| partner.id);
        if behind.is_none() {
            return Ok(None);
        }
    }
}
