//! The ids of many hotels, one after the other.

/// Ids by number, without an allocation for each.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
}

impl Ids {
    /// Ids that are read already. `None` unless each end is one of a letter, and they go up to the end of the text.
    pub(crate) fn try_new(text: String, ends: Vec<u32>) -> Option<Self> {
        let up = ends.is_sorted() && ends.last().map_or(0, |end| *end as usize) == text.len();
        let letters = up && ends.iter().all(|end| text.is_char_boundary(*end as usize));
        letters.then_some(Self { text, ends })
    }

    /// Adds one; `None` where all together would be 4 GiB.
    pub(crate) fn push(&mut self, id: &str) -> Option<()> {
        let end = u32::try_from(self.text.len() + id.len()).ok()?;
        self.text.push_str(id);
        self.ends.push(end);
        Some(())
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, number: u32) -> &str {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..self.ends[number] as usize]
    }

    /// What it takes in memory, besides the ids themselves.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.ends[..])
    }
}
