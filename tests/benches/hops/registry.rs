//! The registry of one side. Each has its own: members that met in one would call each other's servers, whose CPU time
//! counts for another row.

use e2e::Registry;
use tokio::runtime::Builder;

use crate::Failure;

/// Starts one in this process, where nobody counts its CPU time.
pub(crate) fn registry() -> Result<Registry, Failure> {
    let runtime = Builder::new_current_thread().build()?;
    Ok(runtime.block_on(Registry::mini()))
}
