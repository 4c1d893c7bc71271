//! The metrics of the whole system.

mod counts;
mod list;
mod members;
mod slow;

const EXAMPLE: &str = "/hotels?inDate=2015-04-09&outDate=2015-04-10";
