//! What operators' commands share: the open installation, who asks and why, and the printer.

use rampart_app::operate::Operator;
use rampart_core::amount::Amount;
use rampart_core::asset::Asset;
use rampart_core::text;
use rampart_store::Schema;
use serde::Serialize;

use crate::cli::Global;
use crate::failure::Failure;
use crate::logs;
use crate::output::{self, Printer};
use crate::settings::{Configuration, Origin};
use crate::wiring::{Installation, address};

/// The most characters of who asks.
const LONGEST_ACTOR: usize = 100;
/// The most characters of why.
const LONGEST_REASON: usize = 1_000;

/// The open installation of an operator's command. It may be served from at the same time, by an earlier version too: whose schema
/// is left alone.
pub(crate) struct Office {
    pub(crate) installation: Installation,
    pub(crate) printer: Printer,
    /// Who asks.
    pub(crate) actor: String,
    reason: Option<String>,
}

impl Office {
    /// Opens the installation, does the work and closes it again.
    ///
    /// # Errors
    /// What the work says, or why nothing could be opened.
    pub(crate) fn run(global: &Global, work: impl AsyncFnOnce(&Self) -> Result<(), Failure>) -> Result<(), Failure> {
        kept("--actor", &global.actor, LONGEST_ACTOR)?;
        kept("--reason", global.reason.as_deref().unwrap_or_default(), LONGEST_REASON)?;
        let configuration = Configuration::load(&global.overrides())?;
        start_log(&configuration)?;
        super::block_on(async {
            let installation = Installation::open(&configuration, &address::last(&configuration.settings), Schema::AsItIs).await?;
            let printer = Printer::new(global.json);
            let office = Self { installation, printer, actor: global.actor.clone(), reason: global.reason.clone() };
            let result = work(&office).await;
            office.installation.close().await;
            result
        })
    }

    /// Why it is asked, for the audit log.
    ///
    /// # Errors
    /// When no reason was given.
    fn reason(&self) -> Result<&str, Failure> {
        let reason = self.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        reason.ok_or_else(|| Failure::Usage("this goes into the audit log: say why with --reason \"…\"".to_owned()))
    }

    /// Who asks and why, for a command whose reason must be told.
    ///
    /// # Errors
    /// When no reason was given.
    pub(crate) fn operator(&self) -> Result<Operator, Failure> {
        Ok(Operator { actor: self.actor.clone(), reason: self.reason()?.to_owned() })
    }

    /// Prints a result whose every field an operator may need.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn show<T: Serialize>(&self, result: &T) -> Result<(), Failure> {
        self.printer
            .show(result, |result| serde_json::to_value(result).map_or_else(|error| error.to_string(), |value| output::outline(&value)))
    }

    /// Prints a list as a table with these fields of each item.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn show_list<T: Serialize>(&self, items: &[T], fields: &[&str]) -> Result<(), Failure> {
        self.printer.show(&items, |items| output::table_of(items, fields))
    }

    /// Why it is asked, where a reason of its own is not needed.
    pub(crate) fn reason_or(&self, otherwise: &'static str) -> &str {
        self.reason.as_deref().unwrap_or(otherwise)
    }

    /// An amount with its asset, in major units.
    pub(crate) fn major(&self, amount: Amount, asset: Asset) -> String {
        self.installation.app.catalogue().decimals(asset).map_or_else(|| amount.to_string(), |decimals| amount.to_major(decimals))
    }
}

/// Judges what goes into the audit log: it is read long after, by somebody else.
fn kept(option: &str, given: &str, most: usize) -> Result<(), Failure> {
    if given.chars().count() > most {
        return Err(Failure::Usage(format!("{option} must not be longer than {most} characters")));
    }
    text::check(given).map_err(|fault| Failure::Usage(format!("{option} {fault}")))
}

/// Begins to log for a command: only what is wrong, unless the level was set.
///
/// # Errors
/// When the level is none.
pub(crate) fn start_log(configuration: &Configuration) -> Result<(), Failure> {
    let log = &configuration.settings.log;
    let level = if configuration.tree.origin("log.level") == Some(&Origin::Default) { "warn" } else { &log.level };
    Ok(logs::start(log.format, level)?)
}
