//! Who a member is: it says so with its answers to questions after its health, and whoever connects to it looks.

use std::{
    convert::Infallible,
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll},
};

use futures_util::future::{MapOk, TryFutureExt};
use http::{HeaderName, HeaderValue, Request, Response};
use tonic::server::NamedService;
use tower::Service;

/// The name under which whoever answers is in the registry.
pub(crate) const SERVICE: HeaderName = HeaderName::from_static("bellhop-service");

/// Under which name a registration tells that its instance says who it is; the value is Bellhop's version.
pub(crate) const META: &str = "bellhop";

/// Of a name that a stranger gives itself, no more than this is told.
const NAME_MAX: usize = 64;

/// A service whose answers say who gives them.
#[derive(Clone, Debug)]
pub(crate) struct Signed<S> {
    inner: S,
    name: Option<HeaderValue>,
}

impl<S> Signed<S> {
    /// Has `inner` answer under this name.
    pub(crate) fn new(inner: S, name: Option<HeaderValue>) -> Self {
        Self { inner, name }
    }
}

/// A name as the answers of its owner have it.
pub(crate) fn name(service: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(service).ok()
}

/// Says with an answer who gives it.
pub(crate) fn sign<B>(answer: &mut Response<B>, name: HeaderValue) {
    answer.headers_mut().insert(SERVICE, name);
}

impl<S: NamedService> NamedService for Signed<S> {
    const NAME: &'static str = S::NAME;
}

type Sign<B> = Box<dyn FnOnce(Response<B>) -> Response<B> + Send>;

impl<S, R, B> Service<Request<R>> for Signed<S>
where
    S: Service<Request<R>, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<B>;
    type Error = Infallible;
    type Future = MapOk<S::Future, Sign<B>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let name = self.name.clone();
        self.inner.call(request).map_ok(Box::new(|mut answer| {
            if let Some(name) = name {
                sign(&mut answer, name);
            }
            answer
        }))
    }
}

/// What an answer says of whoever gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// It is an instance of this service.
    Is(Box<str>),
    /// It can say how the service is that was asked for.
    Knows,
    /// It does not know of that service, or not what was asked.
    Unaware,
    /// Nothing: it has too much to do, it fails, it asks who one is, or somebody answers in its place.
    Nothing,
}

impl Word {
    /// What the header says, if it is there.
    pub(crate) fn of_name(name: &HeaderValue) -> Self {
        let name = String::from_utf8_lossy(name.as_bytes());
        Self::Is(name.chars().take(NAME_MAX).collect::<String>().into())
    }
}

/// Whether it is the instance that answers at its address.
///
/// Not everybody can tell who it is: servers that are none of Bellhop's need not know the names of the registry. But who could
/// once, or can by its registration, and cannot now, is somebody else. A member says it with every answer, be it a refusal: of
/// one by its registration, an answer that says nothing is somebody else's too.
pub(crate) struct Recognition {
    service: Box<str>,
    /// It says with every answer who it is.
    signs: bool,
    /// It has been heard to know who it is.
    known: AtomicBool,
}

impl Recognition {
    /// Of an instance that nobody has met.
    pub(crate) fn new(service: &str) -> Self {
        Self {
            service: service.into(),
            signs: false,
            known: AtomicBool::new(false),
        }
    }

    /// Of one that is a member by its registration. It says its name where that can be a header at all.
    pub(crate) fn of_a_member(service: &str) -> Self {
        Self {
            service: service.into(),
            signs: name(service).is_some(),
            known: AtomicBool::new(true),
        }
    }

    /// Who is expected.
    pub(crate) fn service(&self) -> &str {
        &self.service
    }

    /// Hears an answer.
    ///
    /// # Errors
    /// Where it is somebody else's: whose, where it says so.
    pub(crate) fn hear(&self, word: Word) -> Result<(), Option<Box<str>>> {
        match word {
            Word::Is(name) if name == self.service => self.known.store(true, Ordering::Relaxed),
            Word::Is(name) => return Err(Some(name)),
            _ if self.signs => return Err(None),
            Word::Knows => self.known.store(true, Ordering::Relaxed),
            Word::Unaware if self.known.load(Ordering::Relaxed) => {
                return Err(None);
            }
            Word::Unaware | Word::Nothing => {}
        }
        Ok(())
    }
}

impl fmt::Debug for Recognition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recognition")
            .field("service", &self.service)
            .field("signs", &self.signs)
            .field("known", &self.known)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(name: &str) -> Word {
        Word::of_name(&HeaderValue::from_str(name).unwrap())
    }

    #[test]
    fn who_says_another_name_is_a_stranger_always() {
        let rate = Recognition::new("rate");
        let geo = Some("geo".into());
        assert_eq!(rate.hear(is("geo")), Err(geo.clone()));
        assert_eq!(rate.hear(is("rate")), Ok(()));
        assert_eq!(rate.hear(is("geo")), Err(geo));
    }

    #[test]
    fn who_never_knew_is_believed_and_who_forgets_is_not() {
        for known in [is("rate"), Word::Knows] {
            let rate = Recognition::new("rate");
            assert_eq!(rate.hear(Word::Unaware), Ok(()));
            assert_eq!(rate.hear(known), Ok(()));
            assert_eq!(rate.hear(Word::Unaware), Err(None));
            // Another release of it may say less, and one that has too much to do says nothing.
            assert_eq!(rate.hear(Word::Knows), Ok(()));
            assert_eq!(rate.hear(Word::Nothing), Ok(()));
        }
    }

    #[test]
    fn of_a_member_every_answer_says_who_gives_it() {
        let rate = Recognition::of_a_member("rate");
        assert_eq!(rate.hear(is("rate")), Ok(()));
        for word in [Word::Knows, Word::Unaware, Word::Nothing] {
            assert_eq!(rate.hear(word), Err(None));
        }
        assert_eq!(rate.hear(is("rate")), Ok(()));
    }

    #[test]
    fn a_long_name_is_cut() {
        assert_eq!(
            is(&"x".repeat(9_000)),
            Word::Is("x".repeat(NAME_MAX).into())
        );
    }
}
