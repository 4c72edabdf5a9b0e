//! How a command fails: its message and exit code.

use std::process::ExitCode;

use rampart_app::AppError;
use rampart_core::text::printable;
use rampart_sandbox::WorldError;
use rampart_store::StoreError;

use crate::settings::SettingsError;

#[derive(Debug)]
pub(crate) enum CommandError {
    /// The command was refused or could not be carried out: exit code 1.
    Refused(String),
    /// The command found a problem and has printed it already: exit code 1.
    ProblemFound,
    /// The command line or the configuration is wrong: exit code 2.
    Usage(String),
}

impl CommandError {
    /// The message that is still to be printed.
    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            Self::Refused(message) | Self::Usage(message) => Some(message),
            Self::ProblemFound => None,
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Refused(_) | Self::ProblemFound => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
        }
    }
}

impl From<SettingsError> for CommandError {
    fn from(error: SettingsError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<AppError> for CommandError {
    fn from(error: AppError) -> Self {
        let message = match error {
            AppError::Refusal(refusal) => refusal.message,
            AppError::Unavailable(reason) => format!("temporarily unavailable: {reason}"),
            // With all its causes: a command has no log to look them up in.
            AppError::Defect(defect) => chain(defect.as_ref()),
        };
        // The message may quote foreign text, line breaks included.
        Self::Refused(printable(&message).into_owned())
    }
}

impl From<WorldError> for CommandError {
    fn from(error: WorldError) -> Self {
        Self::Refused(format!("the sandbox world: {error}"))
    }
}

/// An error followed by its causes.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
