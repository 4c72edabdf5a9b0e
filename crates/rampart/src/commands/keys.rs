//! `rampart keys`: the installation's keys, and changing one for another (docs/keys.md).

use std::path::PathBuf;

use clap::Subcommand;
use rampart_app::key_fingerprint;
use rampart_app::operate::keys;
use rampart_core::installation_key::KeyFingerprint;
use serde::Serialize;

use super::office::Office;
use crate::cli::Global;
use crate::failure::Failure;
use crate::output::{self, Printer};
use crate::settings::Configuration;
use crate::wiring::key_file::{self, InstallationKey};

/// `rampart keys …`
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make the key file of a new installation
    Create,
    /// Print what identifies the keys of the file, without telling them
    Show,
    /// List the keys of the database and of the file, and what each does
    List,
    /// Add a new key to the key file; it does nothing until it is used
    Add,
    /// Seal new values with a key, which every node has to have in its file by now
    Use {
        /// Its fingerprint
        key: KeyFingerprint,
    },
    /// Seal anew what is stored and was sealed with an older key; may be run again at any time
    Reseal,
    /// Read nothing more with a key that is not the newest, and take it out of the file
    Retire {
        /// Its fingerprint
        key: KeyFingerprint,
        /// End the tokens and quotes that it signed at once: whoever has learnt the key can make some
        #[arg(long)]
        now: bool,
    },
}

#[derive(Serialize)]
struct Shown {
    file: String,
    fingerprint: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    further: Vec<String>,
}

#[derive(Serialize)]
struct Resealed {
    partners: u64,
}

/// Runs the command.
///
/// # Errors
/// When there is a key already, or none, or the step is not due.
pub(crate) fn run(global: &Global, command: KeysCommand) -> Result<(), Failure> {
    match command {
        KeysCommand::Create => with_file(global, |path| match path.exists() {
            true => Err(Failure::Refused(format!("the key file {} is there already", path.display()))),
            false => key_file::create(path),
        }),
        KeysCommand::Show => with_file(global, |path| key_file::read(path)),
        KeysCommand::Add => with_file(global, |path| key_file::add(path).map(|key| vec![key])),
        KeysCommand::List => Office::run(global, async |office| list(office).await),
        KeysCommand::Use { key } => Office::run(global, async |office| {
            keys::make_newest(&office.installation.app, key, &office.operator()?).await?;
            list(office).await
        }),
        KeysCommand::Reseal => Office::run(global, async |office| {
            let partners = keys::reseal(&office.installation.app, &office.operator()?).await?;
            office.show(&Resealed { partners })
        }),
        KeysCommand::Retire { key, now } => Office::run(global, async |office| {
            keys::retire(&office.installation.app, key, now, &office.operator()?).await?;
            key_file::remove(&key_file::path(&office.installation.settings), key)?;
            list(office).await
        }),
    }
}

fn with_file(global: &Global, work: impl FnOnce(&PathBuf) -> Result<Vec<InstallationKey>, Failure>) -> Result<(), Failure> {
    let configuration = Configuration::load(&global.overrides())?;
    let path = key_file::path(&configuration.settings);
    let mut fingerprints = work(&path)?.iter().map(|key| key_fingerprint(key).to_string()).collect::<Vec<_>>().into_iter();
    let fingerprint = fingerprints.next().unwrap_or_default();
    let shown = Shown { file: path.display().to_string(), fingerprint, further: fingerprints.collect() };
    Printer::new(global.json).show(&shown, |shown| {
        let further = shown.further.iter().map(|fingerprint| ("fingerprint", fingerprint.clone()));
        let lines = [("file", shown.file.clone()), ("fingerprint", shown.fingerprint.clone())];
        output::pairs(&lines.into_iter().chain(further).collect::<Vec<_>>())
    })
}

async fn list(office: &Office) -> Result<(), Failure> {
    let file = key_file::read(&key_file::path(&office.installation.settings))?;
    let file: Vec<KeyFingerprint> = file.iter().map(key_fingerprint).collect();
    office.show_list(&keys::list(&office.installation.app, &file).await?, &["fingerprint", "role", "since", "in_file"])
}
