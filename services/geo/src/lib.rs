//! Hotels: the geo service.
