//! The part of an answer that is read before its caller has it.

use std::collections::VecDeque;

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;

use crate::http2::ConnectionError;

/// So much of an answer is kept until its end is there; a longer one begins with what is kept. As of requests.
const MOST_KEPT: usize = 64 * 1024;

/// What a frame counts for at least: many small ones take room too.
const LEAST: usize = 256;

/// What was read of an answer, in its order.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    first: Option<Frame<Bytes>>,
    more: VecDeque<Bytes>,
    last: Option<Result<Frame<Bytes>, ConnectionError>>,
    size: usize,
}

impl Ahead {
    /// Adds what comes next.
    pub(super) fn push(&mut self, frame: Result<Frame<Bytes>, ConnectionError>) {
        match frame {
            Ok(frame) if self.first.is_none() => {
                self.count(frame.data_ref());
                self.first = Some(frame);
            }
            Ok(frame) => match frame.into_data() {
                Ok(data) => {
                    self.count(Some(&data));
                    self.more.push_back(data);
                }
                Err(frame) => self.last = Some(Ok(frame)),
            },
            Err(error) => self.last = Some(Err(error)),
        }
    }

    fn count(&mut self, data: Option<&Bytes>) {
        self.size += data.map_or(0, Bytes::len).max(LEAST);
    }

    /// Takes what comes first.
    pub(super) fn pop(&mut self) -> Option<Result<Frame<Bytes>, ConnectionError>> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        match self.more.pop_front() {
            Some(data) => Some(Ok(Frame::data(data))),
            None => self.last.take(),
        }
    }

    /// Whether nothing is kept.
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none() && self.more.is_empty() && self.last.is_none()
    }

    /// Whether there is more than one frame, or that one is the last.
    pub(super) fn is_more_than_a_frame(&self) -> bool {
        self.is_whole() || !self.more.is_empty()
    }

    /// Whether the end of the answer is there, be it a bad one.
    pub(super) fn is_whole(&self) -> bool {
        self.last.is_some() || self.first.as_ref().is_some_and(Frame::is_trailers)
    }

    /// Whether no more is to be kept.
    pub(super) fn is_full(&self) -> bool {
        self.size > MOST_KEPT
    }

    /// The trailers, where they are all that there is.
    pub(super) fn trailers(&mut self) -> Option<&mut HeaderMap> {
        self.first.as_mut().and_then(Frame::trailers_mut)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn data(size: usize) -> Frame<Bytes> {
        Frame::data(Bytes::from(vec![0; size]))
    }

    fn trailers() -> Frame<Bytes> {
        Frame::trailers(HeaderMap::new())
    }

    proptest! {
        #[test]
        fn what_is_read_ahead_is_told_in_its_order(
            sizes in prop::collection::vec(0..20_000_usize, 0..8),
            ends: bool,
        ) {
            let mut ahead = Ahead::default();
            for size in &sizes {
                ahead.push(Ok(data(*size)));
            }
            let kept: usize = sizes.iter().map(|size| (*size).max(LEAST)).sum();
            prop_assert_eq!(ahead.is_full(), kept > MOST_KEPT);
            if ends {
                ahead.push(Ok(trailers()));
            }
            prop_assert_eq!(ahead.is_whole(), ends);
            prop_assert_eq!(ahead.trailers().is_some(), ends && sizes.is_empty());
            for size in sizes {
                let frame = ahead.pop().unwrap().unwrap();
                prop_assert_eq!(frame.data_ref().map(Bytes::len), Some(size));
            }
            prop_assert_eq!(ahead.is_empty(), !ends);
            let last = ahead.pop().map(|frame| frame.unwrap().is_trailers());
            prop_assert_eq!(last, ends.then_some(true));
        }
    }

    #[test]
    fn frames_without_content_are_no_way_around_the_bound() {
        let mut ahead = Ahead::default();
        let kept = (0..).take_while(|_| {
            ahead.push(Ok(data(0)));
            !ahead.is_full()
        });
        assert_eq!(kept.count(), MOST_KEPT / LEAST);
    }

    #[test]
    fn an_answer_of_one_frame_costs_no_list() {
        let mut ahead = Ahead::default();
        ahead.push(Ok(data(10)));
        assert!(!ahead.is_more_than_a_frame());
        ahead.push(Ok(trailers()));
        assert!(ahead.is_whole() && ahead.is_more_than_a_frame());
        assert_eq!(ahead.more.capacity(), 0);
    }
}
