//! The text of a data file, and the records in it.

use std::{borrow::Cow, fmt, fs, path::Path};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Check, DataError};

/// One data file, read but not yet understood.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    text: Cow<'static, str>,
}

impl Source {
    /// A file that is part of the program.
    pub fn embedded(name: &str, text: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            text: text.into(),
        }
    }

    /// Reads the file `name` of a folder.
    ///
    /// # Errors
    ///
    /// [`DataError::Unreadable`].
    pub fn from_dir(dir: &Path, name: &str) -> Result<Self, DataError> {
        let path = dir.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self {
                name: path.display().to_string(),
                text: text.into(),
            }),
            Err(source) => Err(DataError::Unreadable { path, source }),
        }
    }

    /// Hands each record to `accept`, in the order of the file; `accept` tells what else is wrong with it.
    ///
    /// # Errors
    ///
    /// [`DataError::Syntax`], or [`DataError::Records`] with the faults of all records.
    pub fn records<T, F>(&self, accept: F) -> Result<(), DataError>
    where
        T: DeserializeOwned,
        F: FnMut(T, &mut Check),
    {
        let mut check = Check::default();
        let records = Records {
            text: &self.text,
            accept,
            check: &mut check,
            record: std::marker::PhantomData,
        };
        let mut json = serde_json::Deserializer::from_str(&self.text);
        json.deserialize_seq(records)
            .and_then(|()| json.end())
            .map_err(|source| DataError::Syntax {
                file: self.name.clone(),
                source,
            })?;
        check.finish(&self.name)
    }
}

struct Records<'a, T, F> {
    text: &'a str,
    accept: F,
    check: &'a mut Check,
    record: std::marker::PhantomData<T>,
}

impl<'de, T, F> Visitor<'de> for Records<'_, T, F>
where
    T: DeserializeOwned,
    F: FnMut(T, &mut Check),
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let mut index = 0;
        let mut lines = Lines::new(self.text);
        while let Some(raw) = seq.next_element::<&'de RawValue>()? {
            let json = raw.get();
            self.check.begin(index);
            let mut record = serde_json::Deserializer::from_str(json);
            match serde_path_to_error::deserialize(&mut record) {
                Ok(record) => (self.accept)(record, self.check),
                Err(error) => tell(self.check, &error),
            }
            self.check.end(|| (lines.of(json), id_of(json)));
            index += 1;
        }
        Ok(())
    }
}

fn tell(check: &mut Check, error: &serde_path_to_error::Error<serde_json::Error>) {
    let path = error.path().to_string();
    let text = error.inner().to_string();
    // The position counts from the start of the record, which would mislead beside the line in the file.
    let problem = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(problem, _)| problem);
    check.fault(if path == "." { "" } else { &path }, problem);
}

/// The id of a record, which may be broken in any other place.
fn id_of(json: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    serde_json::from_str::<Id>(json)
        .ok()
        .map(|record| record.id)
}

/// Finds the lines of records that come in the order of the text, counting each line once.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
        }
    }

    /// The line on which a record of the text begins.
    fn of(&mut self, record: &str) -> usize {
        let start = record.as_ptr().addr() - self.text.as_ptr().addr();
        self.line += self.text.as_bytes()[self.at..start]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count();
        self.at = start;
        self.line
    }
}

#[cfg(test)]
mod tests;
