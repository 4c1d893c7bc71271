//! Breaks Hotels while a load runs, and looks at every answer.

use std::process::ExitCode;

fn main() -> ExitCode {
    chaos::main()
}
