//! Answers `/hotels`.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{
        HeaderName, HeaderValue,
        header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use hotel_proto::{
    Channel,
    profile::{self, profile_client::ProfileClient},
    search::{NearbyRequest, SearchResult, search_client::SearchClient},
    view::{Encoded, Found, Hotel, HotelIds, RatePlan, Reads, Unreadable},
};
use tonic::Status;

use crate::{
    degraded::Teller,
    error::Fault,
    geojson::{self, Feature, FeatureCollection},
    query::Query,
};

/// Room for a hotel in the answer, in bytes: a little more than one of ours takes.
const FEATURE_BYTES: usize = 640;

/// The services that know hotels; a clone shares their channels.
#[derive(Clone, Debug)]
pub(crate) struct Upstreams<S, P> {
    search: SearchClient<S>,
    profile: ProfileClient<P>,
    teller: Teller,
}

impl<S: Channel, P: Channel> Upstreams<S, P> {
    pub(crate) fn new(search: S, profile: P, teller: Teller) -> Self {
        Self {
            search: SearchClient::new(search),
            profile: ProfileClient::new(profile),
            teller,
        }
    }

    async fn search(&self, query: &Query) -> Result<SearchResult, Fault> {
        let request = NearbyRequest {
            lat: query.centre.lat(),
            lon: query.centre.lon(),
            in_date: query.in_date.clone(),
            out_date: query.out_date.clone(),
            limit: query.limit.get(),
            radius_km: query.radius.km(),
            allow_degraded: true,
        };
        let answer = self.search.clone().nearby(request).await;
        let mut answer = answer.map_err(Fault::upstream("search"))?.into_inner();
        // An older search does not know the limit; it is kept on its behalf.
        if let Some(ids) = &mut answer.hotel_ids {
            ids.truncate(query.limit.get() as usize);
        }
        Ok(answer)
    }

    async fn profiles(&self, ids: &HotelIds, locale: String) -> Result<Encoded<1>, Fault> {
        if ids.is_empty() {
            return Ok(Encoded::default());
        }
        let hotel_ids = Some(ids.clone());
        let request = profile::Request { hotel_ids, locale };
        let answer = self.profile.clone().get_profiles(request).await;
        let answer = answer.map_err(Fault::upstream("profile"))?;
        Ok(answer.into_inner().hotels.unwrap_or_default())
    }
}

/// The hotels of a query, as GeoJSON.
pub(crate) async fn answer<S: Channel, P: Channel>(
    State(upstreams): State<Arc<Upstreams<S, P>>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let query = Query::parse(query.as_deref().unwrap_or_default())?;
    let mut result = upstreams.search(&query).await?;
    let ids = result.hotel_ids.take().unwrap_or_default();
    let hotels = upstreams.profiles(&ids, query.locale).await?;

    let body = body(&ids, &result, &hotels)?;
    let response = ([(CONTENT_TYPE, "application/geo+json")], body).into_response();
    Ok(upstreams.teller.tell(&result.degraded, response))
}

/// Lets pages of any origin read the answer, its ids and its faults, as older front pages do.
///
/// The data is public and no cookie is looked at, so there is no origin to tell apart. Such a page sends a simple request;
/// preflights, and with them headers of its own, are not answered.
pub(crate) fn readable_anywhere(mut response: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 2] = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (
            ACCESS_CONTROL_EXPOSE_HEADERS,
            "retry-after, x-request-id, x-trace-id",
        ),
    ];
    let values = HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(values);
    response
}

/// In search's order; a hotel that profile does not know is left out.
fn body(ids: &HotelIds, result: &SearchResult, hotels: &Encoded<1>) -> Result<Vec<u8>, Fault> {
    // Texts as they lie: those that are written are looked at together, and ids are those of search, which have been looked at.
    let mut written = write::<&[u8]>(ids, result, hotels)?;
    if !written.is_whole || str::from_utf8(&written.body).is_err() {
        // Each by itself: one may be none, and this tells whose.
        written = write::<&str>(ids, result, hotels)?;
    }
    for id in written.unknown {
        let id = String::from_utf8_lossy(id);
        tracing::debug!(%id, "search knows a hotel that profile does not");
    }
    Ok(written.body)
}

/// The answer as it was written.
struct Written<'a> {
    body: Vec<u8>,
    /// Hotels that profile does not know.
    unknown: Vec<&'a [u8]>,
    /// Whether all that was said of hotels was said of these.
    is_whole: bool,
}

fn write<'a, S: Reads<'a> + AsRef<[u8]>>(
    ids: &'a HotelIds,
    result: &'a SearchResult,
    hotels: &'a Encoded<1>,
) -> Result<Written<'a>, Fault> {
    let hotels = read("profile", hotels, Hotel::<S>::read)?;
    let found = match &result.found {
        Some(found) => read("search", found, |found| {
            let found = Found::<S>::read(found)?;
            Ok((found, RatePlan::<S>::read(found.rate_plan)?))
        })?,
        None => Vec::new(),
    };
    let tells_distance = geojson::tells_distance(found.iter().map(|(found, _)| found));
    // An older search says nothing of what it found.
    let mut is_whole = hotels.len() == ids.len() && [0, ids.len()].contains(&found.len());
    let (mut found, mut hotels) = (InOrder::new(&found), InOrder::new(&hotels));
    let (mut features, mut unknown) = (Vec::with_capacity(ids.len()), Vec::new());
    for id in ids.pieces() {
        let its_found = found.find(|(found, _)| found.hotel_id.as_ref() == id);
        is_whole &= its_found.is_some() || found.items.is_empty();
        match hotels.find(|hotel| hotel.id.as_ref() == id) {
            Some(hotel) => features.push(Feature::new(hotel, its_found, tells_distance)),
            None => unknown.push(id),
        }
    }
    is_whole &= unknown.is_empty();
    let mut body = Vec::with_capacity((features.len() + 1) * FEATURE_BYTES);
    let degraded = &result.degraded;
    let written = FeatureCollection { degraded, features }.write(&mut body);
    written.map_err(|error| Fault::internal(error.to_string()))?;
    Ok(Written {
        body,
        unknown,
        is_whole,
    })
}

/// What a service has answered with; one that cannot be read is its failure.
fn read<'a, const TAG: u32, T>(
    service: &'static str,
    messages: &'a Encoded<TAG>,
    read: impl Fn(&'a [u8]) -> Result<T, Unreadable>,
) -> Result<Vec<T>, Fault> {
    // Not collected: that would begin with room for four, however many there are.
    let mut all = Vec::with_capacity(messages.len());
    for message in messages {
        all.push(read(message).map_err(|error| Fault::upstream(service)(Status::from(error)))?);
    }
    Ok(all)
}

/// Finds items that are expected in the order they are asked for: then one walk over them is enough.
struct InOrder<'a, T> {
    items: &'a [T],
    next: usize,
}

impl<'a, T> InOrder<'a, T> {
    fn new(items: &'a [T]) -> Self {
        Self { items, next: 0 }
    }

    fn find(&mut self, is_it: impl Fn(&T) -> bool) -> Option<&'a T> {
        let ahead = self.items[self.next..].iter().position(&is_it);
        let ahead = ahead.map(|n| self.next + n);
        let n = ahead.or_else(|| self.items[..self.next].iter().position(&is_it))?;
        self.next = n + 1;
        Some(&self.items[n])
    }
}
