//! Hotels, the binary.
fn main() {}
