//! Hotels: the search service.
