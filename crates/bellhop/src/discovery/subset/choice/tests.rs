use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::discovery::diff::test::instance;

fn limit(limit: usize) -> NonZeroUsize {
    NonZeroUsize::new(limit).unwrap()
}

fn member(id: &str, standing: Standing) -> (InstanceId, Member) {
    let instance = instance(id);
    (InstanceId::new(id), Member { instance, standing })
}

fn vouched(count: usize) -> Told {
    let ids = (0..count).map(|n| format!("rate-{n}"));
    ids.map(|id| member(&id, Standing::Vouched)).collect()
}

fn caller(number: usize) -> Caller {
    Caller::named(&format!("search-10.0.0.1-{number}"))
}

fn standing() -> impl Strategy<Value = Standing> {
    prop::sample::select(vec![
        Standing::Vouched,
        Standing::Kept,
        Standing::Spare,
        Standing::Unproven,
    ])
}

fn anybody() -> impl Strategy<Value = Told> {
    let standings = prop::collection::vec(standing(), 0..60);
    standings.prop_map(|standings| {
        let ids = (0..).map(|n| format!("rate-{n}"));
        let members = ids.zip(standings);
        members
            .map(|(id, standing)| member(&id, standing))
            .collect()
    })
}

fn count(told: &Told, standing: Standing) -> usize {
    let members = told.values();
    members.filter(|member| member.standing == standing).count()
}

proptest! {
    #[test]
    fn it_is_as_many_as_may_be_and_all_where_they_are_few(all in anybody(), k in 1usize..70, n in 0usize..9) {
        let chosen = choose(&all, caller(n), limit(k));
        let vouched = |told: &Told| count(told, Standing::Vouched);
        prop_assert_eq!(vouched(&chosen), vouched(&all).min(k));
        prop_assert!(chosen.len() - vouched(&chosen) <= k);
        prop_assert!(chosen.iter().all(|(id, member)| all.get(id) == Some(member)));
        if all.len() <= k {
            prop_assert!(vouched(&all) == k || chosen == all);
        }
    }

    /// One who goes is replaced, one who comes replaces one at most; nobody else moves.
    #[test]
    fn a_change_of_one_moves_one(count in 2usize..200, k in 1usize..50, gone in 0usize..200, n in 0usize..99) {
        let all = vouched(count);
        let mut fewer = all.clone();
        let gone = InstanceId::new(format!("rate-{}", gone % count));
        fewer.remove(&gone);
        let (before, after) = (choose(&all, caller(n), limit(k)), choose(&fewer, caller(n), limit(k)));
        let left: Vec<_> = before.keys().filter(|id| !after.contains_key(*id)).collect();
        let came = after.keys().filter(|id| !before.contains_key(*id)).count();
        prop_assert!(left.iter().all(|id| **id == gone), "{left:?}");
        prop_assert_eq!(came, left.len().min(fewer.len().saturating_sub(k - 1).min(1)));
    }

    /// One who falls ill stays at hand, and another one comes beside it.
    #[test]
    fn who_falls_ill_stays_at_hand(count in 2usize..100, k in 1usize..40, n in 0usize..99) {
        let all = vouched(count);
        let before = choose(&all, caller(n), limit(k));
        let ill = before.keys().next().unwrap();
        let mut now = all.clone();
        now.get_mut(ill).unwrap().standing = Standing::Spare;
        let after = choose(&now, caller(n), limit(k));
        prop_assert!(before.keys().all(|id| after.contains_key(id)));
        prop_assert!(after.len() <= before.len() + 1);
    }

    #[test]
    fn it_is_the_same_whether_the_registry_vouches_for_all_or_for_nobody(count in 1usize..100, k in 1usize..40) {
        let all = vouched(count);
        let kept: Told = all.iter().map(|(id, member)| (id.clone(), member.held())).collect();
        let ids = |told: &Told| choose(told, caller(1), limit(k)).into_keys().collect::<Vec<_>>();
        prop_assert_eq!(ids(&all), ids(&kept));
    }
}

/// Of these versions, by their numbers.
fn versioned(versions: &[(Option<u8>, Standing)]) -> Told {
    let each = versions.iter().enumerate();
    let each = each.map(|(n, &(version, standing))| {
        let (id, mut one) = member(&format!("rate-{n}"), standing);
        one.instance.version = version.map(|version| format!("v{version}").into());
        (id, one)
    });
    each.collect()
}

proptest! {
    /// Whom traffic may be split to is there: one more of each version that has nobody else, and nobody beside them.
    #[test]
    fn each_version_has_somebody(
        versions in prop::collection::vec((prop::option::of(0u8..5), standing()), 1..60),
        k in 1usize..20,
        n in 0usize..9,
    ) {
        let all = versioned(&versions);
        let chosen = choose(&all, caller(n), limit(k));
        let called = |told: &Told| -> BTreeSet<_> {
            let called = told.values().filter(|member| member.is_called());
            called.filter_map(|member| member.instance.version.clone()).collect()
        };
        prop_assert_eq!(called(&chosen), called(&all));
        let without = versions.iter().map(|(_, standing)| (None, *standing)).collect::<Vec<_>>();
        let plain = choose(&versioned(&without), caller(n), limit(k));
        let more: Vec<_> = chosen.keys().filter(|id| !plain.contains_key(*id)).collect();
        prop_assert!(plain.keys().all(|id| chosen.contains_key(id)));
        let alone = |id: &&InstanceId| {
            let version = &chosen[*id].instance.version;
            let same = chosen.values().filter(|other| other.instance.version == *version && other.is_called());
            same.count() == 1
        };
        prop_assert!(more.iter().all(alone), "{:?}", more);
    }
}

/// How many callers each instance has.
fn spread(instances: usize, callers: usize, k: usize) -> Vec<f64> {
    let all = vouched(instances);
    let mut calls: BTreeMap<_, f64> = all.keys().map(|id| (id.clone(), 0.0)).collect();
    for number in 0..callers {
        for id in choose(&all, caller(number), limit(k)).into_keys() {
            *calls.entry(id).or_default() += 1.0;
        }
    }
    calls.into_values().collect()
}

/// As even as throwing dice is: each instance has so many callers as a binomial distribution gives it.
#[test]
fn callers_are_spread_evenly() {
    for (instances, callers, k) in [(100, 1000, 20), (1000, 300, 50), (50, 2000, 10)] {
        let calls = spread(instances, callers, k);
        let share = k as f64 / instances as f64;
        let mean = callers as f64 * share;
        assert_eq!(calls.iter().sum::<f64>(), (callers * k) as f64);
        let expected = mean * (1.0 - share);
        let squares = calls.iter().map(|count| (count - mean).powi(2));
        let variance = squares.sum::<f64>() / instances as f64;
        let off = variance / expected;
        assert!(
            (0.6..1.5).contains(&off),
            "{off} times the variance of dice"
        );
        let furthest = calls.iter().map(|count| (count - mean).abs());
        let furthest = furthest.fold(0.0, f64::max) / expected.sqrt();
        assert!(furthest < 5.0, "{furthest} deviations from {mean}");
    }
}
