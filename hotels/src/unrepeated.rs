//! Options that may hold a password.

use std::{error::Error, ffi::OsStr, marker::PhantomData, str::FromStr};

use clap::{
    Arg, Command,
    builder::TypedValueParser,
    error::{Error as Refusal, ErrorKind},
};

/// Reads a value, and does not repeat a bad one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unrepeated<T>(PhantomData<T>);

impl<T> Unrepeated<T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> TypedValueParser for Unrepeated<T>
where
    T: FromStr<Err: Error> + Clone + Send + Sync + 'static,
{
    type Value = T;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<T, Refusal> {
        let value = value.to_string_lossy();
        value.parse().map_err(|error| {
            let option = arg.map(Arg::to_string).unwrap_or_default();
            let said = format!("invalid value for '{option}': {error}\n");
            Refusal::raw(ErrorKind::ValueValidation, said).with_cmd(command)
        })
    }
}
