//! Hotels, the binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    hotels::main()
}
