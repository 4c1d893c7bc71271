//! Hotels: the rate service.
