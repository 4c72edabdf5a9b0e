//! The identity of an installation: the first start stores it, later starts compare it.

use rampart_core::id::OrderId;
use rampart_core::step::installation_key::KeyFingerprint;
use rampart_store::{InstallationRecord, Store};

use crate::error::{AppError, AppResult};
use crate::state::keys::{INSTALLATION_KEY_BYTES, KeyFile, Keys, fingerprint, foreign};
use crate::state::lasting_secrets::LastingSecrets;
use crate::state::sources::Sources;

/// Compares the given keys with the database's. A new database adopts the first key.
///
/// # Errors
/// [`AppError::Defect`] when the database is sealed with a key that is not given.
pub(crate) async fn open_keys(store: &Store, given: &[[u8; INSTALLATION_KEY_BYTES]], sources: &Sources) -> AppResult<Keys> {
    let file = KeyFile::of(given);
    let mut known = store.installation_keys().await?;
    if known.is_empty() {
        begin(store, &file, given, sources).await?;
        known = store.installation_keys().await?;
    }
    file.ring(&known)
}

/// Stores the first key of a new database, with the lasting secrets sealed under it.
async fn begin(store: &Store, file: &KeyFile, given: &[[u8; INSTALLATION_KEY_BYTES]], sources: &Sources) -> AppResult<()> {
    let randomness = &*sources.randomness;
    let (installation, secrets) = match store.installation().await? {
        None => {
            let first = file.first().ok_or_else(|| AppError::defect("an installation needs a key"))?;
            let now = sources.real.now();
            let id = OrderId::mint(now, randomness).to_string();
            let made = InstallationRecord { id, key_fingerprint: first.to_string(), created_at: now };
            (store.install(&made).await?, LastingSecrets::random(randomness)?)
        }
        // A database of an earlier version, which had this one key.
        Some(known) => {
            let key = given.iter().find(|key| fingerprint(key).as_str() == known.key_fingerprint).ok_or_else(foreign)?;
            (known, LastingSecrets::of_an_earlier_version(key, sources.business.now(), randomness)?)
        }
    };
    let id: KeyFingerprint =
        installation.key_fingerprint.parse().map_err(|_| AppError::defect("the installation has no key's fingerprint"))?;
    let record = file.record(id, installation.created_at, &secrets, randomness)?.ok_or_else(foreign)?;
    Ok(store.install_key(&record).await?)
}
