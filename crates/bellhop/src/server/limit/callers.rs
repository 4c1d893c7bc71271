//! Who may call what how often.

use std::{collections::HashMap, net::IpAddr};

use http::HeaderValue;

use crate::limit::{ClientAddress, Limiter, Rate, TooMany};

/// How many callers of a method have a bucket of their own; the rest shares one.
const CALLERS: usize = 4096;
/// A longer name is none.
const MAX_NAME: usize = 128;

/// Who may call what how often.
#[derive(Debug)]
pub(crate) struct Limits {
    by_path: HashMap<String, Limiter<Caller>>,
    /// Of a caller, over all the methods that are not named.
    others: Option<Limiter<Caller>>,
}

/// Whom a bucket belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Caller {
    Named(Box<str>),
    At(ClientAddress),
    /// Those in this process who have no name.
    Here,
}

impl Limits {
    /// By method, as in `pkg.Service/Method`, and of all others together under `*`.
    pub(super) fn new(rates: &[(String, Rate)]) -> Self {
        let mut limits = Self {
            by_path: HashMap::new(),
            others: None,
        };
        for (method, rate) in rates {
            let limiter = Limiter::new(*rate, CALLERS);
            if method == "*" {
                limits.others = Some(limiter);
            } else {
                limits.by_path.insert(format!("/{method}"), limiter);
            }
        }
        limits
    }

    /// Takes one from the caller's bucket.
    ///
    /// # Errors
    /// When there is none, and how long until there is.
    pub(super) fn check(
        &self,
        path: &str,
        name: Option<&HeaderValue>,
        address: Option<IpAddr>,
    ) -> Result<(), TooMany> {
        let Some(limiter) = self.by_path.get(path).or(self.others.as_ref()) else {
            return Ok(());
        };
        limiter.check(&Caller::of(name, address))
    }
}

impl Caller {
    fn of(name: Option<&HeaderValue>, address: Option<IpAddr>) -> Self {
        let name = name.and_then(|name| name.to_str().ok());
        match name.filter(|name| !name.is_empty() && name.len() <= MAX_NAME) {
            Some(name) => Self::Named(name.into()),
            None => address.map_or(Self::Here, |address| Self::At(address.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::{Ipv4Addr, Ipv6Addr},
        time::Duration,
    };

    use proptest::prelude::*;
    use tokio::time::{Instant, advance};

    use super::*;

    const HERE: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    const THERE: Option<IpAddr> = Some(IpAddr::V6(Ipv6Addr::LOCALHOST));

    fn limits(text: &[(&str, &str)]) -> Limits {
        let rate = |(method, rate): &(&str, &str)| ((*method).to_owned(), rate.parse().unwrap());
        Limits::new(&text.iter().map(rate).collect::<Vec<_>>())
    }

    fn name(name: &str) -> HeaderValue {
        HeaderValue::from_str(name).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn each_caller_and_each_method_has_its_own() {
        let limits = limits(&[("a.A/One", "1"), ("*", "2")]);
        let check = |path, caller: &str| limits.check(path, Some(&name(caller)), HERE).is_ok();
        assert!(check("/a.A/One", "search") && !check("/a.A/One", "search"));
        assert!(check("/a.A/One", "frontend"));
        // Methods that are not named share.
        assert!(check("/a.A/Two", "search") && check("/a.A/Three", "search"));
        assert!(!check("/a.A/Two", "search"));

        // Who has no name is known by where it is, and so is one with a name that is none.
        let long = name(&"x".repeat(MAX_NAME + 1));
        assert!(limits.check("/a.A/One", None, HERE).is_ok());
        assert!(limits.check("/a.A/One", Some(&long), HERE).is_err());
        assert!(limits.check("/a.A/One", None, THERE).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn names_that_nobody_runs_out_of_share_a_bucket() {
        let limits = limits(&[("*", "1")]);
        let check =
            |caller: usize| limits.check("/a.A/One", Some(&name(&caller.to_string())), HERE);
        assert!((0..CALLERS).all(|caller| check(caller).is_ok()));
        let more = (CALLERS..2 * CALLERS).filter(|caller| check(*caller).is_ok());
        assert_eq!(more.count(), 1);
    }

    #[test]
    fn what_is_not_named_is_not_limited() {
        let limits = limits(&[("a.A/One", "1")]);
        assert!((0..100).all(|_| limits.check("/a.A/Two", None, HERE).is_ok()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        /// Against buckets that fill up continuously, and hold a burst.
        #[test]
        fn it_is_a_bucket_for_each(
            calls in proptest::collection::vec((0..3usize, 0..400u64), 1..200),
        ) {
            let (rate, burst) = (10.0, 3.0);
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_time().start_paused(true).build().unwrap();
            runtime.block_on(async {
                let limits = limits(&[("*", "10:3")]);
                let start = Instant::now();
                let mut buckets = [(burst, 0.0); 3];
                for (caller, wait) in calls {
                    advance(Duration::from_millis(wait)).await;
                    let now = start.elapsed().as_secs_f64();
                    let (full, at) = &mut buckets[caller];
                    *full = (*full + (now - *at) * rate).min(burst);
                    *at = now;
                    let checked = limits.check("/a.A/One", Some(&name(&caller.to_string())), HERE);
                    match checked {
                        Ok(()) => {
                            prop_assert!(*full > 1.0 - 1e-6, "one too many at {now}");
                            *full -= 1.0;
                        }
                        Err(TooMany { retry_after }) => {
                            let expected = (1.0 - *full) / rate;
                            prop_assert!((retry_after.as_secs_f64() - expected).abs() < 1e-6);
                        }
                    }
                }
                Ok(())
            })?;
        }
    }
}
