//! What operator commands share: the installation, the operator with a reason, and the printer.

use rampart_app::operate::Operator;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Asset;
use rampart_core::text;
use rampart_store::Schema;
use serde::Serialize;

use crate::error::CommandError;
use crate::logs;
use crate::options::GlobalOptions;
use crate::output::{self, Printer};
use crate::settings::{Configuration, SettingOrigin};
use crate::wiring::{OpenInstallation, address};

const MAX_ACTOR_CHARACTERS: usize = 100;
const MAX_REASON_CHARACTERS: usize = 1_000;

/// The context of an operator command. Another process may serve the same installation, even an earlier version, so the schema of
/// the database is never changed.
pub(crate) struct CommandContext {
    pub(crate) installation: OpenInstallation,
    pub(crate) printer: Printer,
    pub(crate) actor: String,
    reason: Option<String>,
}

impl CommandContext {
    /// Opens the installation, runs `work` and closes it again.
    pub(crate) fn run(global: &GlobalOptions, work: impl AsyncFnOnce(&Self) -> Result<(), CommandError>) -> Result<(), CommandError> {
        check_audit_text("--actor", &global.actor, MAX_ACTOR_CHARACTERS)?;
        check_audit_text("--reason", global.reason.as_deref().unwrap_or_default(), MAX_REASON_CHARACTERS)?;
        let configuration = Configuration::load(&global.overrides())?;
        start_log(&configuration)?;
        super::block_on(async {
            let installation = OpenInstallation::open(&configuration, &address::last(&configuration.settings), Schema::AsItIs).await?;
            let printer = Printer::new(global.json);
            let context = Self { installation, printer, actor: global.actor.clone(), reason: global.reason.clone() };
            let result = work(&context).await;
            context.installation.close().await;
            result
        })
    }

    /// The reason for the audit log; refused if none was given.
    fn reason(&self) -> Result<&str, CommandError> {
        let reason = self.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        reason.ok_or_else(|| CommandError::Usage("this is recorded in the audit log: give a reason with --reason \"…\"".to_owned()))
    }

    /// The operator with a reason, for a command that requires one.
    pub(crate) fn operator(&self) -> Result<Operator, CommandError> {
        Ok(Operator { actor: self.actor.clone(), reason: self.reason()?.to_owned() })
    }

    /// Prints a result with all its fields.
    pub(crate) fn show<T: Serialize>(&self, result: &T) -> Result<(), CommandError> {
        self.printer
            .show(result, |result| serde_json::to_value(result).map_or_else(|error| error.to_string(), |value| output::outline(&value)))
    }

    /// Prints a list as a table of these fields.
    pub(crate) fn show_list<T: Serialize>(&self, items: &[T], fields: &[&str]) -> Result<(), CommandError> {
        self.printer.show(&items, |items| output::table_of(items, fields))
    }

    /// Prints a page of a list as a table of these fields. A full page ends with how to continue after its last item.
    pub(crate) fn show_page<T: Serialize>(
        &self,
        items: &[T],
        fields: &[&str],
        limit: u32,
        id: impl Fn(&T) -> &str,
    ) -> Result<(), CommandError> {
        self.printer.show(&items, |items| output::page_of(items, fields, limit, items.last().map(&id)))
    }

    /// The reason, for a command that does not require one.
    pub(crate) fn reason_or(&self, default: &'static str) -> &str {
        self.reason.as_deref().unwrap_or(default)
    }

    /// An amount in major units.
    pub(crate) fn major(&self, amount: Amount, asset: Asset) -> String {
        self.installation.app.catalogue.decimals(asset).map_or_else(|| amount.to_string(), |decimals| amount.to_major(decimals))
    }
}

/// Checks a text for the audit log: it must still be readable much later.
fn check_audit_text(option: &str, given: &str, max_characters: usize) -> Result<(), CommandError> {
    if given.chars().count() > max_characters {
        return Err(CommandError::Usage(format!("{option} must not be longer than {max_characters} characters")));
    }
    text::check(given).map_err(|fault| CommandError::Usage(format!("{option} {fault}")))
}

/// Starts logging for a command: warnings and errors only, unless a level is configured.
pub(crate) fn start_log(configuration: &Configuration) -> Result<(), CommandError> {
    let log = &configuration.settings.log;
    let level = if configuration.tree.origin("log.level") == Some(&SettingOrigin::Default) { "warn" } else { &log.level };
    Ok(logs::start(log.format, level)?)
}
