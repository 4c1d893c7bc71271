use proptest::{collection::vec, prelude::*};
use prost::Message;

use super::*;
use crate::packed::{Offer, Period, Room, Season};

/// What prost reads, made a record.
fn by_prost<'a>(id: &'a str, offer: &'a Offer) -> HotelRecord<&'a str> {
    let day = |number: u32| MonthDay::try_new(number / 100, number % 100).unwrap();
    HotelRecord {
        id,
        code: &offer.code,
        currency: &offer.currency,
        tax_basis_points: offer.tax_basis_points.try_into().unwrap(),
        priced: PricedRecord {
            from: date(offer.from).unwrap(),
            to: date(offer.to).unwrap(),
        },
        seasons: offer
            .seasons
            .iter()
            .map(|season| SeasonRecord {
                from: day(season.from),
                to: day(season.to),
                percent: season.percent.try_into().unwrap(),
            })
            .collect(),
        sold_out: periods(&offer.sold_out),
        rooms: offer.rooms.iter().map(room_record).collect(),
    }
}

fn room_record(room: &Room) -> RoomRecord<&str> {
    RoomRecord {
        code: &room.code,
        description: &room.description,
        nightly_cents: room.nightly_cents,
        weekend_cents: room.weekend_cents,
        sold_out: periods(&room.sold_out),
    }
}

fn periods(periods: &[Period]) -> Vec<PeriodRecord<&str>> {
    fn record(Period { from, to }: &Period) -> PeriodRecord<&str> {
        PeriodRecord { from, to }
    }

    periods.iter().map(record).collect()
}

fn day() -> impl Strategy<Value = u32> {
    (1..=12u32, 1..=29u32).prop_map(|(month, day)| month * 100 + day)
}

fn night() -> impl Strategy<Value = u32> {
    (1..=9999u32, 1..=12u32, 1..=28u32)
        .prop_map(|(year, month, day)| year * 10_000 + month * 100 + day)
}

fn sold_out() -> impl Strategy<Value = Vec<Period>> {
    let period = (".{0,12}", ".{0,12}").prop_map(|(from, to)| Period { from, to });
    vec(period, 0..4)
}

fn season() -> impl Strategy<Value = Season> {
    (day(), day(), any::<u16>()).prop_map(|(from, to, percent)| Season {
        from,
        to,
        percent: percent.into(),
    })
}

fn room() -> impl Strategy<Value = Room> {
    (".{0,5}", ".{0,200}", any::<i64>(), any::<i64>(), sold_out()).prop_map(
        |(code, description, nightly_cents, weekend_cents, sold_out)| Room {
            code,
            description,
            nightly_cents,
            weekend_cents,
            sold_out,
        },
    )
}

fn offer() -> impl Strategy<Value = Offer> {
    let texts = (".{0,5}", ".{0,5}", any::<u16>());
    let nights = (night(), night());
    (
        texts,
        nights,
        vec(season(), 0..4),
        sold_out(),
        vec(room(), 0..4),
    )
        .prop_map(
            |((code, currency, tax), (from, to), seasons, sold_out, rooms)| Offer {
                code,
                currency,
                tax_basis_points: tax.into(),
                from,
                to,
                seasons,
                sold_out,
                rooms,
            },
        )
}

proptest! {
    #[test]
    fn an_offer_is_read_as_prost_wrote_it(offer in offer()) {
        let bytes = offer.encode_to_vec();
        prop_assert_eq!(record("7", &bytes).unwrap(), by_prost("7", &offer));
    }

    #[test]
    fn an_offer_that_is_cut_short_is_told_or_another(offer in offer(), at: proptest::sample::Index) {
        let bytes = offer.encode_to_vec();
        let cut = &bytes[..at.index(bytes.len())];
        match (record("7", cut), Offer::decode(cut)) {
            (Ok(record), Ok(offer)) => prop_assert_eq!(record, by_prost("7", &offer)),
            (Ok(_), Err(error)) => prop_assert!(false, "prost: {error}"),
            (Err(BadOffer::Unreadable(_)), by_prost) => prop_assert!(by_prost.is_err()),
            // The first or last night is not there.
            (Err(BadOffer::OutOfRange), by_prost) => {
                prop_assert!(by_prost.is_ok_and(|offer| offer.from == 0 || offer.to == 0));
            }
        }
    }

    #[test]
    fn what_a_damaged_offer_is_read_as_prost_reads_too(offer in offer(), at: proptest::sample::Index, by in 1..=255u8) {
        let mut bytes = offer.encode_to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        if let Ok(record) = record("7", &bytes) {
            let offer = Offer::decode(&bytes[..]).unwrap();
            prop_assert_eq!(record, by_prost("7", &offer));
        }
    }
}

#[test]
fn numbers_that_do_not_fit_are_told() {
    let offer = Offer {
        from: 20150101,
        to: 20351231,
        ..Offer::default()
    };
    let good = offer.encode_to_vec();
    assert!(record("7", &good).is_ok());
    // Fields 3 and 4 once more: 2¹⁶, and 2³² + 20150101, of which prost keeps the lower half.
    for more in [
        &[0x18, 0x80, 0x80, 0x04][..],
        &[0x20, 0xD5, 0xEE, 0xCD, 0x89, 0x10],
    ] {
        let bad = [&good, more].concat();
        let told = record("7", &bad).unwrap_err().to_string();
        assert_eq!(told, "a number is out of range");
        assert!(Offer::decode(&bad[..]).is_ok());
    }
}
