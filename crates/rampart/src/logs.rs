//! The log: to standard error, as text or JSON. Nothing that is secret or personal gets here: types that hold such
//! things print `[redacted]`.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::settings::{LogFormat, SettingsFault};

/// Begins to log, and has panics logged too.
///
/// # Errors
/// When the level is none.
pub(crate) fn start(format: LogFormat, level: &str) -> Result<(), SettingsFault> {
    // Statements drown everything else; whoever wants them says so ("debug,sqlx=debug").
    let filter = EnvFilter::try_new(format!("sqlx=warn,{level}")).map_err(|error| SettingsFault(format!("log.level: {error}")))?;
    let terminal = std::io::stderr().is_terminal();
    let json = match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_span_events(FmtSpan::NONE);
    if json {
        builder.json().flatten_event(true).with_current_span(true).with_span_list(false).init();
    } else {
        builder.with_ansi(terminal).with_target(false).compact().init();
    }
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let message = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, message = message.unwrap_or("(no message)"), "panic");
}
