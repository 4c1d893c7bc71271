//! Hotels: the whole system in one binary.
