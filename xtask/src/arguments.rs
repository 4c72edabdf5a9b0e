//! The command line: one command, `--name value` options and `--name` switches.

use std::collections::VecDeque;
use std::str::FromStr;

use crate::Outcome;

/// What is left of the command line.
pub(crate) struct Arguments {
    rest: VecDeque<String>,
}

impl Arguments {
    /// The process's own, without its name.
    pub(crate) fn from_environment() -> Self {
        Self { rest: std::env::args().skip(1).collect() }
    }

    /// Takes the command.
    pub(crate) fn command(&mut self) -> Option<String> {
        self.rest.pop_front()
    }

    /// Takes one of some names, if it comes next.
    pub(crate) fn one_of(&mut self, names: &[&str]) -> Option<String> {
        if names.contains(&self.rest.front()?.as_str()) { self.rest.pop_front() } else { None }
    }

    /// Takes a switch: whether it is there.
    pub(crate) fn switch(&mut self, name: &str) -> bool {
        let place = self.rest.iter().position(|argument| argument == name);
        place.and_then(|place| self.rest.remove(place)).is_some()
    }

    /// Takes an option's value, if it is there.
    pub(crate) fn option(&mut self, name: &str) -> Result<Option<String>, String> {
        let Some(place) = self.rest.iter().position(|argument| argument == name) else { return Ok(None) };
        self.rest.remove(place);
        self.rest.remove(place).map(Some).ok_or_else(|| format!("{name} needs a value"))
    }

    /// Takes an option's value, or what is used without it.
    pub(crate) fn value<T: FromStr>(&mut self, name: &str, default: T) -> Result<T, String> {
        match self.option(name)? {
            Some(text) => text.parse().map_err(|_| format!("{name} cannot be {text:?}")),
            None => Ok(default),
        }
    }

    /// Refuses what nobody took.
    pub(crate) fn finish(self) -> Outcome {
        match self.rest.front() {
            Some(argument) => Err(format!("unknown argument: {argument}")),
            None => Ok(()),
        }
    }
}
