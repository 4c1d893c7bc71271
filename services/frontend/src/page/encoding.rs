//! Which compressed form a caller takes (RFC 9110, section 12.5.3).

use axum::http::{HeaderMap, header::ACCEPT_ENCODING};

/// A form that files are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Gzip,
}

impl Encoding {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }
}

/// The smallest form that the caller takes; `None` where that is the plain one. A form counts as taken where it is named,
/// however much less it is liked than another: all are the same file.
pub(super) fn best(headers: &HeaderMap) -> Option<Encoding> {
    let takes = |encoding: Encoding| {
        let named = |name: &str| name.eq_ignore_ascii_case(encoding.name());
        let said = headers.get_all(ACCEPT_ENCODING).iter();
        let said = said.filter_map(|value| value.to_str().ok());
        said.flat_map(|value| value.split(','))
            .map(|item| item.split_once(';').unwrap_or((item, "")))
            .any(|(name, weight)| named(name.trim()) && !is_zero(weight))
    };
    [Encoding::Brotli, Encoding::Gzip]
        .into_iter()
        .find(|one| takes(*one))
}

/// Whether a weight says "not this one"; one that cannot be read counts as none.
fn is_zero(weight: &str) -> bool {
    let value = weight.trim().strip_prefix("q=");
    value.is_some_and(|value| value.trim().parse() == Ok(0.0_f32))
}
