//! Generated data, removed when nobody needs them any more.

use std::{path::Path, process::Command};

use hotel_proto::data::{Kind, Packed};
use tempfile::TempDir;

use crate::Failure;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");

/// A folder that `hotels generate` has filled.
pub(crate) struct Data {
    folder: TempDir,
    pub(crate) hotels: u32,
}

impl Data {
    /// Of so many hotels.
    pub(crate) fn of(hotels: u32) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let ended = Command::new(BINARY)
            .args(["generate", "--hotels", &hotels.to_string(), "--out"])
            .arg(folder.path())
            .status()?;
        if !ended.success() {
            return Err(format!("hotels generate: {ended}").into());
        }
        Ok(Self { folder, hotels })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Points where people ask: close to hotels, so that crowded places are asked about more often.
    pub(crate) fn centres(&self, count: usize) -> Result<Vec<(f32, f32)>, Failure> {
        const AWAY: f64 = 0.005;

        let file =
            Packed::open(self.folder(), "geo.bin", Kind::Geo)?.ok_or("there is no geo.bin")?;
        let rows = file.rows() as usize;
        let (lat, lon) = (
            file.f64s(0, "latitudes", rows)?,
            file.f64s(1, "longitudes", rows)?,
        );
        // A stride with no divisor in common with the number of hotels would visit each; this one is near enough.
        let step = (rows as f64 * 0.618_034) as usize + 1;
        let centre = |n: usize| {
            let row = n.wrapping_mul(step) % rows;
            let away = AWAY * ((n % 101) as f64 / 50.0 - 1.0);
            let lat = (lat[row] + away).clamp(-90.0, 90.0);
            (lat as f32, (lon[row] - away).clamp(-180.0, 180.0) as f32)
        };
        Ok((0..count).map(centre).collect())
    }
}
