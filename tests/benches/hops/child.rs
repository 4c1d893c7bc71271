//! Processes whose CPU time is measured.

use std::{
    env,
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    process::{self, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use crate::{
    Failure, cpu,
    memory::{self, Resident},
};

/// A process that is told and heard line by line; it is killed when this is dropped, and sees the end of its input when this
/// process is killed itself.
pub(crate) struct Child {
    name: String,
    process: process::Child,
    lines: Receiver<String>,
}

/// A program without this process's environment, where a setting would reach one side and not the other.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    command
}

impl Child {
    /// This program again, in another role and with these settings.
    pub(crate) fn of_this_program(
        args: &[&str],
        settings: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let mut command = command(env::current_exe()?);
        command.args(args).envs(settings.iter().copied());
        Self::start(&args.join(" "), &mut command)
    }

    /// A program.
    pub(crate) fn start(name: &str, command: &mut Command) -> Result<Self, Failure> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name} does not start: {error}"))?;
        let (sender, lines) = mpsc::channel();
        let output = process.stdout.take().map(BufReader::new);
        thread::spawn(move || {
            let lines = output.into_iter().flat_map(BufRead::lines);
            // It ends with its reader or its writer, whichever goes first.
            lines
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        Ok(Self {
            name: name.to_owned(),
            process,
            lines,
        })
    }

    /// Tells it one line.
    pub(crate) fn tell(&mut self, line: &str) -> Result<(), Failure> {
        let input = self.process.stdin.as_mut().ok_or("no input")?;
        writeln!(input, "{line}").map_err(|error| format!("{} is gone: {error}", self.name).into())
    }

    /// The rest of the next line that begins with `word`.
    pub(crate) fn hear(&self, word: &str, within: Duration) -> Result<String, Failure> {
        loop {
            let line = self.lines.recv_timeout(within).map_err(|error| {
                format!("{} does not say {word:?} in {within:?}: {error}", self.name)
            })?;
            if let Some(rest) = line.strip_prefix(word) {
                return Ok(rest.trim().to_owned());
            }
        }
    }

    /// The CPU time it has had so far.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        cpu::time(self.process.id())
    }

    /// What it has in memory.
    pub(crate) fn resident(&self) -> Result<Resident, Failure> {
        memory::resident(self.process.id())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may be gone already, and then there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
