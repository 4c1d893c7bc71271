//! The binary of Hotels, built along with the tests that run it.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// As the binary has it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    hotels::main()
}
