//! Reads a binary data file.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use super::{
    Kind, PackedFault,
    header::{Header, LENGTH},
    sum::Sum,
};
use crate::data::DataError;

/// How much is read at once; a multiple of every number's width.
const CHUNK: usize = 1 << 20;

/// A binary data file whose header and length are right.
#[derive(Debug)]
pub struct Packed {
    path: PathBuf,
    file: File,
    header: Header,
}

impl Packed {
    /// Opens the file `name` of a folder; `None` where there is none.
    ///
    /// # Errors
    ///
    /// Names the file, and what is wrong with its first bytes or its length.
    pub fn open(dir: &Path, name: &str, kind: Kind) -> Result<Option<Self>, DataError> {
        let path = dir.join(name);
        let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (length, file) = match opened {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(DataError::Unreadable { path, source }),
        };
        let mut first = [0; LENGTH];
        let header = if length < LENGTH as u64 {
            let expected = LENGTH as u64;
            Err(PackedFault::Length {
                expected,
                got: length,
            })
        } else {
            if let Err(source) = read_at(&file, &mut first, 0) {
                return Err(DataError::Unreadable { path, source });
            }
            Header::decode(&first, kind, length)
        };
        match header {
            Ok(header) => Ok(Some(Self { path, file, header })),
            Err(fault) => Err(DataError::Packed { path, fault }),
        }
    }

    /// How many hotels it says it has, fewer than 2³² - 1.
    pub fn rows(&self) -> u32 {
        self.header.rows.try_into().unwrap_or(u32::MAX)
    }

    /// How long a section is.
    pub fn length(&self, section: usize) -> u64 {
        self.header.sections[section].length
    }

    /// Reads a section of exactly `count` 64-bit floats.
    ///
    /// # Errors
    ///
    /// Names the file when it cannot be read or is damaged, and `what` when there are more or fewer.
    pub fn f64s(&self, section: usize, what: &str, count: usize) -> Result<Vec<f64>, DataError> {
        self.numbers(section, what, count, f64::from_le_bytes)
    }

    /// Reads a section of exactly `count` 32-bit numbers.
    ///
    /// # Errors
    ///
    /// As [`Packed::f64s`].
    pub fn u32s(&self, section: usize, what: &str, count: usize) -> Result<Vec<u32>, DataError> {
        self.numbers(section, what, count, u32::from_le_bytes)
    }

    /// Reads a section of exactly `count` 64-bit numbers.
    ///
    /// # Errors
    ///
    /// As [`Packed::f64s`].
    pub fn u64s(&self, section: usize, what: &str, count: usize) -> Result<Vec<u64>, DataError> {
        self.numbers(section, what, count, u64::from_le_bytes)
    }

    /// Reads a section as text.
    ///
    /// # Errors
    ///
    /// Names the file when it cannot be read or is damaged, and `what` when it is not UTF-8.
    pub fn text(&self, section: usize, what: &str) -> Result<String, DataError> {
        let mut bytes = Vec::with_capacity(self.length(section) as usize);
        self.stream(section, what, |chunk| bytes.extend(chunk))?;
        String::from_utf8(bytes).map_err(|_| self.shape(format!("{what}: not UTF-8")))
    }

    /// Reads a few bytes of a section, into all of `buffer`.
    ///
    /// # Errors
    ///
    /// Names the file when it cannot be read, or has become shorter since it was opened.
    pub fn read(&self, section: usize, at: u64, buffer: &mut [u8]) -> Result<(), DataError> {
        let before = self.header.sections[..section].iter();
        let start: u64 = before.map(|section| section.length).sum();
        let at = LENGTH as u64 + start + at;
        read_at(&self.file, buffer, at).map_err(|source| DataError::Unreadable {
            path: self.path.clone(),
            source,
        })
    }

    /// What is said of content that makes no sense.
    pub fn shape(&self, problem: String) -> DataError {
        self.fault(PackedFault::Shape(problem))
    }

    pub(super) fn fault(&self, fault: PackedFault) -> DataError {
        let path = self.path.clone();
        DataError::Packed { path, fault }
    }

    fn numbers<T, const WIDTH: usize>(
        &self,
        section: usize,
        what: &str,
        count: usize,
        number: fn([u8; WIDTH]) -> T,
    ) -> Result<Vec<T>, DataError> {
        let length = self.length(section);
        if (count as u64).checked_mul(WIDTH as u64) != Some(length) {
            let problem = format!("{what}: {length} bytes, expected {count} times {WIDTH}");
            return Err(self.shape(problem));
        }
        let mut numbers = Vec::with_capacity(count);
        self.stream(section, what, |chunk| {
            let (whole, _) = chunk.as_chunks();
            numbers.extend(whole.iter().map(|bytes| number(*bytes)));
        })?;
        Ok(numbers)
    }

    /// Hands out a section piece by piece, and holds the whole against its checksum.
    fn stream(
        &self,
        section: usize,
        what: &str,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), DataError> {
        let length = self.length(section);
        let mut buffer = vec![0; length.min(CHUNK as u64) as usize];
        let mut sum = Sum::default();
        let mut at = 0;
        while at < length {
            let piece = &mut buffer[..(length - at).min(CHUNK as u64) as usize];
            self.read(section, at, piece)?;
            sum.add(piece);
            take(piece);
            at += piece.len() as u64;
        }
        if sum.finish() != self.header.sections[section].sum {
            return Err(self.fault(PackedFault::Damaged(what.to_owned())));
        }
        Ok(())
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut buffer: &mut [u8], mut at: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, buffer, at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer = &mut buffer[read..];
        at += read as u64;
    }
    Ok(())
}
