//! `rampart keys`: the installation's key.

use clap::Subcommand;
use rampart_app::Keys;
use serde::Serialize;

use crate::cli::Global;
use crate::failure::Failure;
use crate::output::{self, Printer};
use crate::settings::Configuration;
use crate::wiring::key_file;

/// `rampart keys …`
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make the key file of a new installation
    Create,
    /// Print what identifies the key, without telling it
    Show,
}

#[derive(Serialize)]
struct Shown {
    file: String,
    fingerprint: String,
}

/// Runs the command.
///
/// # Errors
/// When there is a key already, or none.
pub(crate) fn run(global: &Global, command: &KeysCommand) -> Result<(), Failure> {
    let configuration = Configuration::load(&global.overrides())?;
    let path = key_file::path(&configuration.settings);
    let key = match command {
        KeysCommand::Create if path.exists() => return Err(Failure::Refused(format!("the key file {} is there already", path.display()))),
        KeysCommand::Create => key_file::create(&path)?,
        KeysCommand::Show => key_file::read(&path)?,
    };
    let shown = Shown { file: path.display().to_string(), fingerprint: Keys::derived_from(&key).identity().to_owned() };
    Printer::new(global.json)
        .show(&shown, |shown| output::pairs(&[("file", shown.file.clone()), ("fingerprint", shown.fingerprint.clone())]))
}
