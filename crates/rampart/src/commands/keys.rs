//! `rampart keys`: manages and rotates the installation's keys (docs/keys.md).

use std::path::PathBuf;

use clap::Subcommand;
use rampart_app::key_fingerprint;
use rampart_app::operate::keys;
use rampart_core::step::installation_key::KeyFingerprint;
use serde::Serialize;

use super::context::CommandContext;
use crate::error::CommandError;
use crate::options::GlobalOptions;
use crate::output::{self, Printer};
use crate::settings::Configuration;
use crate::wiring::key_file::{self, KeyBytes};

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Create the key file of a new installation
    Create,
    /// Print the fingerprints of the keys in the key file, not the keys
    Show,
    /// List the keys of the database and of the key file with their roles
    List,
    /// Add a new key to the key file. It has no effect until `rampart keys use`
    Add,
    /// Seal new values with this key. Every node must have it in its key file
    Use {
        /// Fingerprint of the key
        key: KeyFingerprint,
    },
    /// Seal stored values with the newest key that were sealed with an older one. Can be repeated at any time
    Reseal,
    /// Stop using a key that is not the newest and remove it from the key file
    Retire {
        /// Fingerprint of the key
        key: KeyFingerprint,
        /// Invalidate the tokens and quotes that it signed at once, because the key has leaked
        #[arg(long)]
        now: bool,
    },
}

#[derive(Serialize)]
struct KeyFileView {
    file: String,
    fingerprint: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    further: Vec<String>,
}

#[derive(Serialize)]
struct ResealOutput {
    partners: u64,
}

pub(crate) fn run(global: &GlobalOptions, command: KeysCommand) -> Result<(), CommandError> {
    match command {
        KeysCommand::Create => with_file(global, |path| match path.exists() {
            true => Err(CommandError::Refused(format!("the key file {} exists already", path.display()))),
            false => key_file::create(path),
        }),
        KeysCommand::Show => with_file(global, |path| key_file::read(path)),
        KeysCommand::Add => with_file(global, |path| key_file::add(path).map(|key| vec![key])),
        KeysCommand::List => CommandContext::run(global, async |context| list(context).await),
        KeysCommand::Use { key } => CommandContext::run(global, async |context| {
            keys::make_newest(&context.installation.app, key, &context.operator()?).await?;
            list(context).await
        }),
        KeysCommand::Reseal => CommandContext::run(global, async |context| {
            let partners = keys::reseal(&context.installation.app, &context.operator()?).await?;
            context.show(&ResealOutput { partners })
        }),
        KeysCommand::Retire { key, now } => CommandContext::run(global, async |context| {
            keys::retire(&context.installation.app, key, now, &context.operator()?).await?;
            key_file::remove(&key_file::path(&context.installation.settings), key)?;
            list(context).await
        }),
    }
}

fn with_file(global: &GlobalOptions, work: impl FnOnce(&PathBuf) -> Result<Vec<KeyBytes>, CommandError>) -> Result<(), CommandError> {
    let configuration = Configuration::load(&global.overrides())?;
    let path = key_file::path(&configuration.settings);
    let mut fingerprints = work(&path)?.iter().map(|key| key_fingerprint(key).to_string()).collect::<Vec<_>>().into_iter();
    let fingerprint = fingerprints.next().unwrap_or_default();
    let shown = KeyFileView { file: path.display().to_string(), fingerprint, further: fingerprints.collect() };
    Printer::new(global.json).show(&shown, |shown| {
        let further = shown.further.iter().map(|fingerprint| ("fingerprint", fingerprint.clone()));
        let lines = [("file", shown.file.clone()), ("fingerprint", shown.fingerprint.clone())];
        output::pairs(&lines.into_iter().chain(further).collect::<Vec<_>>())
    })
}

async fn list(context: &CommandContext) -> Result<(), CommandError> {
    let file = key_file::read(&key_file::path(&context.installation.settings))?;
    let file: Vec<KeyFingerprint> = file.iter().map(key_fingerprint).collect();
    context.show_list(&keys::list(&context.installation.app, &file).await?, &["fingerprint", "role", "since", "in_file"])
}
