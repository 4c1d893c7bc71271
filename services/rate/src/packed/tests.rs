use hotel_proto::stay::Stay;

use super::*;
use crate::{Cents, Inventory};

/// Hotel 1 of the data inside the program.
fn clift() -> Offer {
    let season = |from, to, percent| Season { from, to, percent };
    let room = |code: &str, nightly_cents, weekend_cents| Room {
        code: code.into(),
        description: format!("A room {code}"),
        nightly_cents,
        weekend_cents,
        sold_out: Vec::new(),
    };
    Offer {
        code: "RACK".into(),
        currency: "USD".into(),
        tax_basis_points: 1300,
        from: 20150101,
        to: 20351231,
        seasons: vec![
            season(515, 930, 115),
            season(1227, 101, 140),
            season(102, 215, 88),
        ],
        sold_out: vec![Period {
            from: "2020-03-01".into(),
            to: "2020-03-04".into(),
        }],
        rooms: vec![room("KNG", 10_900, 1500), room("DBL", 12_900, 1500)],
    }
}

fn inventory(offer: impl Fn(u32) -> Offer) -> (tempfile::TempDir, Inventory) {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 50, |row| row.to_string(), offer, |_| {}).unwrap();
    let inventory = Inventory::from_dir(dir.path()).unwrap();
    (dir, inventory)
}

fn total(inventory: &Inventory, id: &str, from: &str, to: &str) -> Result<Option<Cents>, String> {
    let stay = Stay::parse(from, to).unwrap();
    let mut total = None;
    inventory
        .each_quote([id], stay, |_, quote| total = Some(quote.total))
        .map_err(|error| error.to_string())?;
    Ok(total)
}

#[test]
fn a_stay_costs_what_it_costs_by_the_list() {
    let (_dir, packed) = inventory(|_| clift());
    let listed = Inventory::embedded().unwrap();
    assert_eq!(packed.len(), 50);
    for (from, to) in [
        ("2015-04-09", "2015-04-10"),
        ("2024-12-26", "2025-01-05"),
        ("2031-05-13", "2031-05-18"),
        ("2036-01-01", "2036-01-02"),
    ] {
        assert_eq!(
            total(&packed, "7", from, to),
            total(&listed, "1", from, to),
            "{from}"
        );
    }
    assert_eq!(total(&packed, "7", "2020-03-03", "2020-03-06"), Ok(None));
    assert_eq!(total(&packed, "50", "2015-04-09", "2015-04-10"), Ok(None));
}

#[test]
fn rates_come_in_the_order_asked_for() {
    let (_dir, packed) = inventory(|row| Offer {
        code: format!("OF {row}"),
        ..clift()
    });
    let stay = Stay::parse("2015-04-09", "2015-04-10").unwrap();
    let mut told = Vec::new();
    packed
        .each_quote(["7", "50", "3", "7"], stay, |id, quote| {
            told.push(format!("{id} {}", quote.code));
        })
        .unwrap();
    assert_eq!(told, ["7 OF 7", "3 OF 3", "7 OF 7"]);
}

#[test]
fn a_record_that_is_no_offer_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let nonsense = vec![("a".to_owned(), vec![0xFF; 3])];
    Table::write(dir.path(), FILE, Kind::Rate, &nonsense, |_| {}).unwrap();
    let packed = Inventory::from_dir(dir.path()).unwrap();
    let told = total(&packed, "a", "2015-04-09", "2015-04-10").unwrap_err();
    let expected = "inventory.bin: the record of hotel \"a\": a message that cannot be read: a key that is none";
    assert!(told.ends_with(expected), "{told}");
}

#[test]
fn a_record_is_held_to_the_rules_of_the_list() {
    type Change = fn(&mut Offer);
    let cases: [(Change, &str); 5] = [
        (|offer| offer.rooms.clear(), "rooms: expected at least one"),
        (
            |offer| offer.rooms[0].nightly_cents = i64::MAX,
            "rooms[0].nightlyCents: expected 1 to 100000000 cents, got 9223372036854775807",
        ),
        (
            |offer| offer.seasons[1].from = 516,
            "seasons[1]: overlaps seasons[0]",
        ),
        (|offer| offer.to = 20351301, "a number is out of range"),
        (
            |offer| offer.seasons[0].to = 431,
            "a number is out of range",
        ),
    ];
    for (change, expected) in cases {
        let (_dir, packed) = inventory(|_| {
            let mut offer = clift();
            change(&mut offer);
            offer
        });
        let told = total(&packed, "3", "2015-04-09", "2015-04-10").unwrap_err();
        let expected = format!("inventory.bin: the record of hotel \"3\": {expected}");
        assert!(told.ends_with(&expected), "{told}");
    }
}
