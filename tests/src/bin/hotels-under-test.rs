//! The binary of Hotels, built along with the tests that run it.

use std::process::ExitCode;

fn main() -> ExitCode {
    hotels::main()
}
