//! Calls as nobody should make them.

use fastrand::Rng;
use http::{HeaderMap, HeaderValue, Method};
use malform::{SEED, malformed_text};

use super::call::{Call, Expect};

const NEARBY: &str = "/geo.Geo/Nearby";
const RATES: &str = "/rate.Rate/GetRates";
const PROFILES: &str = "/profile.Profile/GetProfiles";
const SEARCH: &str = "/search.Search/Nearby";

/// How many messages are changed in each round.
const FUZZED: usize = 100;
const MIB: usize = 1 << 20;

const INVALID_ARGUMENT: u16 = 3;
const RESOURCE_EXHAUSTED: u16 = 8;
const OUT_OF_RANGE: u16 = 11;
const UNIMPLEMENTED: u16 = 12;
const INTERNAL: u16 = 13;

/// All calls of a round.
pub(super) fn all(round: usize) -> Vec<Call> {
    let groups = [
        unreadable(),
        senseless(),
        framing(),
        heads(),
        signatures(),
        methods(),
        paths(),
        fuzzed(round),
    ];
    groups.into_iter().flatten().collect()
}

/// A call that is well but for what it is about to be given.
fn call(name: &str, path: &str, body: Vec<u8>, expect: Expect) -> Call {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    headers.insert("te", HeaderValue::from_static("trailers"));
    Call {
        name: name.to_owned(),
        method: Method::POST,
        path: path.to_owned(),
        headers,
        body,
        expect,
    }
}

/// A message in its frame.
fn framed(message: &[u8]) -> Vec<u8> {
    frame(0, message.len(), message)
}

/// A frame that says what it likes of its content.
fn frame(compressed: u8, length: usize, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(length).expect("a length").to_be_bytes();
    [&[compressed], &length[..], content].concat()
}

fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).expect("a short field");
    [&[number << 3 | 2, length], content].concat()
}

/// `geo.Request`.
fn point(lat: f32, lon: f32) -> Vec<u8> {
    [&[0x0d], &lat.to_le_bytes()[..], &[0x15], &lon.to_le_bytes()].concat()
}

/// `rate.Request`.
fn stay(id: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    [field(1, id), field(2, from), field(3, to)].concat()
}

fn good() -> [(&'static str, Vec<u8>); 4] {
    let dates = [field(3, b"2015-04-09"), field(4, b"2015-04-10")].concat();
    [
        (NEARBY, point(37.7749, -122.4194)),
        (RATES, stay(b"5", b"2015-04-09", b"2015-04-10")),
        (PROFILES, [field(1, b"5"), field(2, b"en")].concat()),
        (SEARCH, [point(37.7749, -122.4194), dates].concat()),
    ]
}

/// Messages that cannot be read.
fn unreadable() -> Vec<Call> {
    let beyond = [&[0x0a], &[0xff; 9][..], &[1]].concat();
    let not_text = stay(b"5", b"\xff\xfe", b"\xc3\x28");
    [
        ("no protobuf", NEARBY, vec![0xff; 64]),
        ("a field that breaks off", RATES, vec![0x0a, 0x7f, b'5']),
        ("a field of another type", NEARBY, field(1, b"north")),
        ("a field with number 0", NEARBY, vec![0x00, 0x00]),
        ("a length beyond all bounds", RATES, beyond),
        ("groups without an end", NEARBY, vec![0x0b; 10_000]),
        ("a text that is not UTF-8", RATES, not_text),
    ]
    .map(|(name, path, message)| {
        let expect = Expect::Status(&[INTERNAL, INVALID_ARGUMENT]);
        call(name, path, framed(&message), expect)
    })
    .into()
}

/// Messages that make no sense.
fn senseless() -> Vec<Call> {
    let none = stay(b"5", b"soon", b"later");
    let backwards = stay(b"5", b"2015-04-10", b"2015-04-09");
    let many = field(1, b"5").repeat(100_000);
    [
        ("no number for a place", NEARBY, point(f32::NAN, 0.0)),
        (
            "a place beyond the pole",
            NEARBY,
            point(91.0, f32::INFINITY),
        ),
        ("dates that are none", RATES, none),
        ("a stay backwards", RATES, backwards),
        ("100,000 hotels", PROFILES, many),
    ]
    .map(|(name, path, message)| {
        let expect = Expect::Status(&[INVALID_ARGUMENT]);
        call(name, path, framed(&message), expect)
    })
    .into()
}

/// Frames of gRPC that are none.
fn framing() -> Vec<Call> {
    let too_large = Expect::Status(&[RESOURCE_EXHAUSTED, OUT_OF_RANGE]);
    let broken = Expect::Status(&[INTERNAL, INVALID_ARGUMENT, UNIMPLEMENTED]);
    let message = point(37.7749, -122.4194);
    let length = message.len();
    [
        ("a message of 8 MiB", framed(&vec![0; 8 * MIB]), too_large),
        (
            "a message of 4 GiB that does not come",
            frame(0, u32::MAX as usize, b""),
            too_large,
        ),
        ("a message that breaks off", frame(0, 100, &message), broken),
        ("a frame that breaks off", vec![0, 0, 0], broken),
        ("no message", Vec::new(), broken),
        (
            "compressed, in no encoding",
            frame(1, length, &message),
            broken,
        ),
        (
            "a flag that nobody knows",
            frame(0xff, length, &message),
            broken,
        ),
        ("garbage for a frame", vec![0xff; 4096], Expect::Refused),
    ]
    .map(|(name, body, expect)| call(name, NEARBY, body, expect))
    .into()
}

/// A call that is well.
fn well(name: &str, expect: Expect) -> Call {
    call(name, NEARBY, framed(&point(37.7749, -122.4194)), expect)
}

/// Headers of which some are none of a call.
fn heads() -> Vec<Call> {
    let odd: [(&str, &[u8]); 7] = [
        ("grpc-status", b"0"),
        ("x-bin", b"!!!"),
        ("traceparent", b"\xff\xfe"),
        ("bellhop-attempts", b"-1"),
        ("bellhop-attempts", b"99999999999999999999"),
        ("grpc-previous-rpc-attempts", b"99999999999999999999"),
        ("x-bellhop-explain", b"\xff"),
    ];
    let odd = odd.map(|(name, value)| {
        let shown = format!("{name}: {}", value.escape_ascii());
        well(&shown, Expect::Judged).header(name, value)
    });
    let huge = well("a head of 1 MiB", Expect::Refused).header("x-huge", &vec![b'x'; MIB]);
    let mut many = well("10,000 headers", Expect::Refused);
    many.headers.extend((0..10_000).map(|n| {
        let name = format!("x-{n}").parse().expect("a header's name");
        (Some(name), HeaderValue::from_static("x"))
    }));
    let bare = well("no te", Expect::Judged).without("te");
    odd.into_iter().chain([huge, many, bare]).collect()
}

/// What a call says of itself, where that is no gRPC.
fn signatures() -> Vec<Call> {
    let kinds = [
        "text/html",
        "application/json",
        "application/grpc-web",
        "application/grpcs",
        "\u{e9}",
    ];
    let kinds = kinds.map(|kind| {
        let call = well(&format!("content-type: {kind}"), Expect::Http(415));
        call.header("content-type", kind.as_bytes())
    });
    let times = [
        "",
        "soon",
        "1",
        "S",
        "-1S",
        "123456789S",
        "1.5S",
        "\u{663}S",
    ];
    let times = times.map(|time| {
        let invalid = Expect::Status(&[INVALID_ARGUMENT]);
        let call = well(&format!("grpc-timeout: {time}"), invalid);
        call.header("grpc-timeout", time.as_bytes())
    });
    let none = well("no content type", Expect::Http(415)).without("content-type");
    let unknown = well(
        "an encoding that nobody knows",
        Expect::Status(&[UNIMPLEMENTED]),
    );
    let unknown = unknown.header("grpc-encoding", b"zip");
    let calls = kinds.into_iter().chain(times);
    calls.chain([none, unknown]).collect()
}

fn methods() -> Vec<Call> {
    let methods = [
        Method::GET,
        Method::PUT,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
    ];
    let call = |method: Method| Call {
        method: method.clone(),
        ..well(method.as_str(), Expect::Http(405))
    };
    methods.map(call).into()
}

/// Paths where nothing is.
fn paths() -> Vec<Call> {
    let paths = [
        "/geo.Geo/Nope",
        "/geo.Nope/Nearby",
        "/geo.Geo/",
        "/geo.Geo",
        "/",
        "//",
        "/%00",
        "/geo.Geo/Nearby/x",
        "/GEO.GEO/NEARBY",
    ];
    let long = format!("/geo.Geo/{}", "x".repeat(10_000));
    let nothing = Expect::Status(&[UNIMPLEMENTED]);
    let paths = paths.into_iter().chain([long.as_str()]);
    let call = |path: &str| Call {
        path: path.to_owned(),
        ..well(&format!("path {path:.40}"), nothing)
    };
    paths.map(call).collect()
}

/// Good messages, changed; others in each round.
fn fuzzed(round: usize) -> Vec<Call> {
    let mut rng = Rng::with_seed(SEED + round as u64);
    let good = good();
    (0..FUZZED)
        .map(|n| {
            let (path, message) = &good[n % good.len()];
            let message = malformed_text(&mut rng, message, b"2015-04-09");
            let shown = message[..message.len().min(200)].escape_ascii();
            call(
                &format!("fuzzed {path} {shown}"),
                path,
                framed(&message),
                Expect::Judged,
            )
        })
        .collect()
}
