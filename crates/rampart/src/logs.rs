//! The log: text or JSON on standard error. Types with secret or personal data print `[redacted]`. Unprintable characters are
//! escaped, so that an event is one line whatever it quotes.

use std::fmt::{self, Debug};
use std::io::{self, IsTerminal, Write};
use std::panic::PanicHookInfo;

use rampart_core::text::{printable, printable_json};
use tracing::field::Field;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::{self, FmtSpan, Writer};

use crate::settings::{LogFormat, SettingsError};

/// Starts logging, panics included.
pub(crate) fn start(format: LogFormat, level: &str) -> Result<(), SettingsError> {
    let filter = EnvFilter::try_new(level).map_err(|error| SettingsError(format!("log.level: {error}")))?;
    let terminal = io::stderr().is_terminal();
    let json = match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_span_events(FmtSpan::NONE);
    if json {
        builder.json().flatten_event(true).with_current_span(true).with_span_list(false).with_writer(|| JsonLines(io::stderr())).init();
    } else {
        let fields = format::debug_fn(write_field).delimited(" ");
        builder.with_ansi(terminal).with_target(false).compact().fmt_fields(fields).init();
    }
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Writes a field of an event as text.
fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    let value = format!("{value:?}");
    match field.name() {
        "message" => write!(writer, "{}", printable(&value)),
        name => write!(writer, "{name}={}", printable(&value)),
    }
}

/// A writer that escapes JSON events, one line per write.
struct JsonLines<W>(W);

impl<W: Write> Write for JsonLines<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(event) {
            Ok(text) => {
                let (json, end) = text.strip_suffix('\n').map_or((text, ""), |json| (json, "\n"));
                self.0.write_all(format!("{}{end}", printable_json(json)).as_bytes())?;
            }
            Err(_) => self.0.write_all(event)?,
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let message = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, message = message.unwrap_or("(no message)"), "panic");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_one_line_whatever_they_quote() {
        let mut written = Vec::new();
        let event = "{\"message\":\"a\\u0085b\u{85}c\u{202e}\"}\n";
        JsonLines(&mut written).write_all(event.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), "{\"message\":\"a\\u0085b\\u0085c\\u202e\"}\n");
    }

    #[test]
    fn fields_are_escaped() {
        let written = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let buffer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .without_time()
            .fmt_fields(format::debug_fn(write_field).delimited(" "))
            .with_writer(move || SharedBuffer(buffer.clone()))
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let error = "no\nINFO all is well\u{1b}[2J";
            tracing::warn!(%error, name = "a\u{202e}", "said: {}", "x\ry");
        });
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        assert!(text.contains("said: x\\ry error=no\\nINFO all is well\\u{1b}[2J name=\"a\\u{202e}\"\n"), "{text}");
        assert_eq!(text.matches('\n').count(), 1);
    }

    struct SharedBuffer(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

    impl Write for SharedBuffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
