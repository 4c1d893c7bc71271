//! Hotels: the profile service.
