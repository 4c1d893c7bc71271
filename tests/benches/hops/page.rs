//! Where tables go: to whoever looks on, and into the page that keeps them.

use std::{fs, path::PathBuf};

use crate::{Failure, machine};

/// The page, below the root of the workspace.
const PAGE: &str = "docs/performance.md";

/// Prints a table, and where that is wanted writes it between the marks of its name in the page. Whatever stands around them stays.
pub(crate) fn put(name: &str, table: &str, write: bool) -> Result<(), Failure> {
    println!("{table}");
    if !write {
        return Ok(());
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(PAGE);
    let page = fs::read_to_string(&path).map_err(|error| format!("{PAGE}: {error}"))?;
    let page = replaced(&page, name, table)
        .ok_or_else(|| format!("{PAGE} has no marks {} and {}", begin(name), end(name)))?;
    fs::write(&path, page).map_err(|error| format!("{PAGE}: {error}").into())
}

fn replaced(page: &str, name: &str, table: &str) -> Option<String> {
    let (begin, end) = (begin(name), end(name));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    let facts = machine::facts();
    Some(format!(
        "{before}{begin}\n\n{}\n\n{facts}\n\n{end}{after}",
        table.trim()
    ))
}

fn begin(name: &str) -> String {
    format!("<!-- measured: {name} -->")
}

fn end(name: &str) -> String {
    format!("<!-- end: {name} -->")
}
