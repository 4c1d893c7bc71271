//! The binary of Hotels with the system's allocator, for the benchmark that compares the two.

use std::process::ExitCode;

fn main() -> ExitCode {
    hotels::main()
}
