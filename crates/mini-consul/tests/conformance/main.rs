//! The same questions to mini-consul and, where one is found, to a real Consul.
//!
//! Every scenario is written once. It makes its own assertions, and besides, each answer it gets
//! goes into a transcript, with what may differ masked: the two transcripts must be equal. So the
//! names of a scenario are its own, for the real Consul serves all of them at once.

mod agent;
mod blocking;
mod catalog;
mod checks;
mod command_line;
mod filters;
mod health;
mod kv;
mod probes;
mod support;
