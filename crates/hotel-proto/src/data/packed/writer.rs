//! Writes a binary data file.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::{
    Kind,
    header::{Header, LENGTH, SECTIONS, Section},
    sum::Sum,
};
use crate::data::DataError;

/// Few, large writes.
const BUFFER: usize = 1 << 20;

/// A binary data file in the making, beside the name that it gets when it is done. One that is dropped before is removed.
#[derive(Debug)]
pub struct PackedWriter {
    path: PathBuf,
    part: PathBuf,
    out: BufWriter<File>,
    header: Header,
    section: usize,
    sum: Sum,
    done: bool,
}

impl PackedWriter {
    /// Begins the file `name` of a folder, with the first section.
    ///
    /// # Errors
    ///
    /// [`DataError::Unwritable`], as all that it does.
    pub fn create(dir: &Path, name: &str, kind: Kind, rows: u32) -> Result<Self, DataError> {
        let part = dir.join(format!("{name}.part"));
        let begun = File::create(&part).and_then(|file| {
            let mut out = BufWriter::with_capacity(BUFFER, file);
            // Its place; what it says is known at the end.
            out.write_all(&[0; LENGTH])?;
            Ok(out)
        });
        match begun {
            Ok(out) => Ok(Self {
                path: dir.join(name),
                part,
                out,
                header: Header {
                    kind,
                    rows: rows.into(),
                    sections: [Section::default(); SECTIONS],
                },
                section: 0,
                sum: Sum::default(),
                done: false,
            }),
            Err(source) => Err(DataError::Unwritable { path: part, source }),
        }
    }

    /// Adds to the section at hand.
    ///
    /// # Errors
    ///
    /// [`DataError::Unwritable`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), DataError> {
        self.sum.add(bytes);
        self.header.sections[self.section].length += bytes.len() as u64;
        let written = self.out.write_all(bytes);
        written.map_err(|source| self.unwritable(source))
    }

    /// Ends the section at hand and begins the next.
    ///
    /// # Panics
    ///
    /// After the fourth.
    pub fn next_section(&mut self) {
        self.end_section();
        self.section += 1;
        assert!(self.section < SECTIONS, "a file has four sections at most");
    }

    /// Ends the file, and gives it its name.
    ///
    /// # Errors
    ///
    /// [`DataError::Unwritable`].
    pub fn finish(mut self) -> Result<(), DataError> {
        self.end_section();
        for section in &mut self.header.sections[self.section + 1..] {
            section.sum = Sum::default().finish();
        }
        self.done = self
            .put_header()
            .and_then(|()| fs::rename(&self.part, &self.path))
            .map(|()| true)
            .map_err(|source| self.unwritable(source))?;
        Ok(())
    }

    fn put_header(&mut self) -> io::Result<()> {
        let header = self.header.encode();
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&header)?;
        self.out.flush()
    }

    fn end_section(&mut self) {
        self.header.sections[self.section].sum = std::mem::take(&mut self.sum).finish();
    }

    fn unwritable(&self, source: io::Error) -> DataError {
        let path = self.part.clone();
        DataError::Unwritable { path, source }
    }
}

impl Drop for PackedWriter {
    fn drop(&mut self) {
        if !self.done {
            // What was wrong with it has been told.
            let _ = fs::remove_file(&self.part);
        }
    }
}
