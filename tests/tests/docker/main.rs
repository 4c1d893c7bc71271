//! `docker-compose.yml` on a real Docker Engine, by the commands of `docs/operations.md`.

mod compose;
mod context;
mod counts;
mod engine;
mod images;
mod load;
mod outside;
mod project;
mod renewal;
mod scan;
mod secure;
mod swarm;
