//! Hotels: the HTTP frontend.
