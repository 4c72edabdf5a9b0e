//! How a command fails: what is said, and the exit code.

use std::process::ExitCode;

use rampart_app::AppError;
use rampart_core::text::printable;
use rampart_sandbox::WorldError;
use rampart_store::StoreError;

use crate::settings::SettingsError;

/// How a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was refused, or something does not work: exit code 1.
    Refused(String),
    /// It found a problem and has printed it: exit code 1.
    ProblemFound,
    /// The command line or the configuration is wrong: exit code 2.
    Usage(String),
}

impl Failure {
    /// What is still to be said.
    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            Self::Refused(message) | Self::Usage(message) => Some(message),
            Self::ProblemFound => None,
        }
    }

    /// The exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Refused(_) | Self::ProblemFound => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
        }
    }
}

impl From<SettingsError> for Failure {
    fn from(fault: SettingsError) -> Self {
        Self::Usage(fault.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        let said = match error {
            AppError::Refusal(refusal) => refusal.message,
            AppError::Unavailable(reason) => format!("not possible just now: {reason}"),
            // An operator needs the whole chain of causes: there is no log to look it up in.
            AppError::Defect(defect) => chain(defect.as_ref()),
        };
        // It may quote what came from outside, line breaks and all.
        Self::Refused(printable(&said).into_owned())
    }
}

impl From<WorldError> for Failure {
    fn from(error: WorldError) -> Self {
        Self::Refused(format!("the sandbox's world: {error}"))
    }
}

/// An error with everything that caused it.
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
