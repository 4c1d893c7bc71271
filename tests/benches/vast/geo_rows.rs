//! The index alone: reading it, what it takes in memory, and the 20 nearest within 10 km.

use std::{fmt::Write, hint::black_box, time::Instant};

use geo::Index;
use hotel_proto::{
    area::{Point, Radius},
    limits::Limit,
};

use crate::{Failure, Size, data::Data, sorted::Sorted};

const QUERIES: usize = 50_000;

/// One row for each number of hotels; `most` are the data of the last.
pub(crate) fn measure(size: &Size, most: &Data) -> Result<String, Failure> {
    let mut text = format!(
        "geo, the 20 nearest within 10 km, {QUERIES} queries near hotels:\n\n\
         | hotels | read in ms | bytes a hotel beside its id | found | p50 µs | p99 µs | p99.9 µs |\n\
         |---:|---:|---:|---:|---:|---:|---:|\n"
    );
    for hotels in size.hotels {
        if *hotels == most.hotels {
            row(&mut text, most)?;
        } else {
            row(&mut text, &Data::of(*hotels)?)?;
        }
    }
    Ok(text)
}

fn row(text: &mut String, data: &Data) -> Result<(), Failure> {
    let centres = data.centres(QUERIES)?;
    let began = Instant::now();
    let index = Index::from_dir(data.folder())?;
    let read = began.elapsed();
    let mut found = 0;
    let mut times = Vec::with_capacity(QUERIES);
    for (lat, lon) in centres {
        let centre = Point::try_new(lat, lon)?;
        let began = Instant::now();
        let near = black_box(index.nearest(centre, Radius::default(), Limit::default()));
        times.push(began.elapsed());
        found += near.len();
    }
    let times = Sorted::new(times);
    writeln!(
        text,
        "| {} | {:.0} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} |",
        index.len(),
        read.as_secs_f64() * 1e3,
        index.bytes() as f64 / index.len() as f64,
        found as f64 / QUERIES as f64,
        times.micros(500),
        times.micros(990),
        times.micros(999),
    )?;
    Ok(())
}
