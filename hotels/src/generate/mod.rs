//! `hotels generate`: data of as many hotels as are asked for, in the binary files that `--data` reads.
//!
//! What hotel there is by a number follows from the number and the seed alone, so that nothing is held in memory but the order
//! in which hotels are written and, of the file at hand, where each is.

mod cities;
mod offers;
mod profiles;
mod progress;
mod random;
mod words;
mod world;

use std::{fs, io, path::PathBuf};

use self::{progress::Progress, world::World};
use crate::{cli::Generate, error::Error};

/// Writes `geo.bin`, `hotels.bin` and `inventory.bin`.
pub(crate) fn generate(what: &Generate) -> Result<(), Error> {
    let Generate { hotels, out, seed } = what;
    fs::create_dir_all(out).map_err(|source| unwritable(out, source))?;
    let world = World::new(*seed);
    let mut geo = Progress::new("geo.bin", *hotels);
    // That of all three files, so that hotels that are asked for together stand together.
    let order = geo::order(*hotels, |row| world.place(row));
    geo::write(out, &order, |row| world.place(row), |done| geo.told(done))?;
    geo.end();

    let row = |rank: u32| order[rank as usize];
    let id = |rank| world.id(row(rank));
    let hotel = |rank| profiles::hotel(&world, row(rank));
    let mut profile = Progress::new("hotels.bin", *hotels);
    profile::write(out, *hotels, id, hotel, |done| profile.told(done))?;
    profile.end();

    let offer = |rank| offers::offer(&world, row(rank));
    let mut rate = Progress::new("inventory.bin", *hotels);
    rate::write(out, *hotels, id, offer, |done| rate.told(done))?;
    rate.end();
    Ok(())
}

fn unwritable(out: &std::path::Path, source: io::Error) -> Error {
    let path = PathBuf::from(out);
    hotel_proto::data::DataError::Unwritable { path, source }.into()
}
