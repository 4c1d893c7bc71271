use hotel_proto::view;

use super::*;

const GOOD: &str = r#"{"id": "1", "name": "N", "phoneNumber": "P", "description": "D", "rating": 4.5,
    "address": {"streetNumber": "1", "streetName": "S", "city": "C", "state": "T", "country": "U",
                "postalCode": "Z", "lat": 1.5, "lon": -2.5},
    "images": [{"url": "/a.jpg", "default": true}, {"url": "/b.jpg"}]}"#;

fn load(hotels: String, locales: &'static str) -> Result<Catalogue, String> {
    let hotels = Source::embedded(HOTELS, hotels.leak());
    Catalogue::from_sources(&hotels, &Source::embedded(LOCALES, locales))
        .map_err(|error| error.to_string())
}

#[test]
fn the_embedded_profiles_are_good_in_three_languages() {
    let all = Catalogue::embedded().unwrap();
    assert_eq!(all.len(), 16);
    assert_eq!(all.locales().collect::<Vec<_>>(), ["en", "de", "es"]);
    for id in (1..=16).map(|n| n.to_string()) {
        let words = |locale| {
            let hotel = all.listed([&id], locale).next().unwrap();
            view::Hotel::<&str>::read(hotel).unwrap().description
        };
        let (en, de, es) = (words("en"), words("de"), words("es"));
        assert!(en != de && de != es && es != en, "{id}");
    }
}

#[test]
fn a_translation_keeps_what_it_does_not_say() {
    let locales = r#"[{"id": "1", "locale": "de", "description": "B"}, {"id": "1", "locale": "ja", "description": "J", "name": "X"}]"#;
    let all = load(format!("[{GOOD}]"), locales).unwrap();
    let in_locale = |locale| {
        let hotel = all.listed(["1"], locale).next().unwrap();
        Hotel::decode(&hotel[..]).unwrap()
    };
    let german = Hotel {
        description: "B".into(),
        ..in_locale("en")
    };
    assert_eq!(in_locale("de"), german);
    assert_eq!(
        (&*in_locale("ja").name, &*in_locale("ja").phone_number),
        ("X", "P")
    );
    assert_eq!(german.images.len(), 2);
}

#[test]
fn a_bad_hotel_is_named() {
    for (from, to, expected) in [
        ("\"N\"", "\"\"", "name: is empty"),
        (
            "1.5",
            "91",
            "address.lat: expected degrees from -90 to 90, got 91",
        ),
        (
            "-2.5",
            "-181",
            "address.lon: expected degrees from -180 to 180, got -181",
        ),
        (
            "-2.5",
            "\"x\"",
            "address.lon: invalid type: string \"x\", expected f32",
        ),
        ("4.5", "5.5", "rating: expected 0 to 5, got 5.5"),
        ("\"/b.jpg\"", "\"\"", "images[1].url: is empty"),
        (
            "\"/b.jpg\"",
            "\"c\", \"default\": true",
            "images: more than one is the default",
        ),
        (
            "postalCode",
            "zip",
            "address.zip: unknown field `zip`, expected one of",
        ),
    ] {
        let told = load(
            format!(
                "[{GOOD}, {}]",
                GOOD.replacen("\"1\"", "\"2\"", 1).replacen(from, to, 1)
            ),
            "[]",
        )
        .unwrap_err();
        let expected = format!("hotels.json[1] (id \"2\", line 4): {expected}");
        assert!(told.starts_with(&expected), "{told}\n{expected}");
    }
    let twice = load(format!("[{GOOD}, {GOOD}]"), "[]").unwrap_err();
    assert!(
        twice.ends_with("id: is used by an earlier record"),
        "{twice}"
    );
}

#[test]
fn every_bad_translation_is_named() {
    let told = load(
        format!("[{GOOD}]"),
        r#"[{"id": "9", "locale": "de", "description": "B"},
            {"id": "1", "locale": "de_AT", "description": "B"},
            {"id": "1", "locale": "EN", "description": "B"},
            {"id": "1", "locale": "de", "description": "B"},
            {"id": "1", "locale": "De", "description": ""},
            {"id": "1", "lang": "de", "description": "B"}]"#,
    );
    assert_eq!(
        told.unwrap_err().lines().collect::<Vec<_>>(),
        [
            r#"locales.json[0] (id "9", line 1): id: is no hotel of hotels.json"#,
            r#"locales.json[1] (id "1", line 2): locale: expected a BCP 47 tag such as de or de-AT, got "de_AT""#,
            r#"locales.json[2] (id "1", line 3): locale: is the language of hotels.json: say it there"#,
            r#"locales.json[4] (id "1", line 5): description: is empty"#,
            r#"locales.json[4] (id "1", line 5): locale: is given by an earlier record of the same hotel"#,
            r#"locales.json[5] (id "1", line 6): lang: unknown field `lang`, expected one of `id`, `locale`, `description`, `name`"#,
        ]
    );
}
