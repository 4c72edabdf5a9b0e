//! The processor time of an installation, and the part of it that its simulated world has taken.

use std::time::Duration;

use crate::http::HttpClient;

/// Processor time up to now.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ProcessorReading {
    pub(super) process: Duration,
    /// `None` where the binary does not say.
    pub(super) world: Option<Duration>,
}

impl ProcessorReading {
    pub(super) fn since(&self, before: &Self) -> Self {
        let world = self.world.zip(before.world).map(|(now, before)| now.saturating_sub(before));
        Self { process: self.process.saturating_sub(before.process), world }
    }

    /// Microseconds of the ramp for each of so many orders.
    pub(super) fn ramp_micros(&self, orders: u64) -> Option<u64> {
        self.world.map(|world| micros_each(self.process.saturating_sub(world), orders))
    }

    /// Microseconds of the world for each of so many orders.
    pub(super) fn world_micros(&self, orders: u64) -> Option<u64> {
        self.world.map(|world| micros_each(world, orders))
    }

    /// Microseconds of both for each of so many orders.
    pub(super) fn process_micros(&self, orders: u64) -> u64 {
        micros_each(self.process, orders)
    }
}

fn micros_each(time: Duration, orders: u64) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX).checked_div(orders).unwrap_or_default()
}

/// The text of `/metrics`.
pub(super) struct MetricsText(String);

impl MetricsText {
    pub(super) async fn read(address: &str, token: &str) -> Result<Self, String> {
        let request = format!("GET /metrics HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n");
        let answer = HttpClient::new(address).send(request.as_bytes()).await.map_err(|error| format!("GET /metrics: {error}"))?;
        if answer.status == 200 { Ok(Self(answer.text())) } else { Err(format!("GET /metrics: {}", answer.status)) }
    }

    /// What the simulated world has taken; earlier versions do not say.
    pub(super) fn world_processor_time(&self) -> Option<Duration> {
        let seconds: f64 = self.values("rampart_sandbox_processor_seconds_total").next()?.parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// Orders of both legs that are not settled.
    pub(super) fn open_orders(&self) -> u64 {
        let values = self.values("rampart_payments_open").chain(self.values("rampart_rampoffs_open"));
        values.filter_map(|value| value.parse::<u64>().ok()).sum()
    }

    /// The values of a metric, whatever its labels.
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let of_name = move |line: &'a str| line.strip_prefix(name).filter(|rest| rest.starts_with([' ', '{']));
        self.0.lines().filter_map(of_name).filter_map(|rest| rest.rsplit_once(' ')).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_found_by_their_name() {
        let text = "# TYPE rampart_payments_open gauge\nrampart_payments_open{status=\"started\"} 200\n\
                    rampart_payments_open{status=\"coins_sent\"} 3\nrampart_rampoffs_open{status=\"started\"} 40\n\
                    rampart_payments_opened 9\nrampart_sandbox_processor_seconds_total 1.5\n# EOF\n";
        let metrics = MetricsText(text.to_owned());
        assert_eq!((metrics.open_orders(), metrics.world_processor_time()), (243, Some(Duration::from_millis(1_500))));
        assert_eq!(MetricsText(String::new()).world_processor_time(), None);
    }

    #[test]
    fn the_ramp_has_what_the_world_has_not() {
        let reading =
            |process, world| ProcessorReading { process: Duration::from_micros(process), world: Some(Duration::from_micros(world)) };
        let used = reading(1_000, 300).since(&reading(200, 100));
        assert_eq!((used.process_micros(4), used.ramp_micros(4), used.world_micros(4)), (200, Some(150), Some(50)));
    }
}
