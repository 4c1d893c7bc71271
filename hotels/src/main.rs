//! Hotels, the binary.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Faster than the system's where calls stay in memory, and far faster than musl's; docs/performance.md has both.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    hotels::main()
}
