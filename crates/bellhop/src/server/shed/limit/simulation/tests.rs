//! What the limit makes of servers that are asked for more than they can do, and of others.

use super::*;

/// Servers whose calls wait in this process.
fn servers() -> Vec<Server> {
    let mut all = Vec::new();
    let times = [Time::Fixed, Time::Exponential, Time::Mixed];
    all.push(Server::new(Bottleneck::Pool(4), Time::Fixed(0.02)));
    for time in times {
        for mean in [0.0005, 0.002] {
            all.push(Server::new(Bottleneck::Runtime, time(mean)));
        }
        for (places, mean) in [(4, 0.002), (10, 0.01), (50, 0.05)] {
            all.push(Server::new(Bottleneck::Pool(places), time(mean)));
        }
    }
    // Each call keeps the thread from all else for long; of a mixture there are too few in the time to tell more than chance.
    let times = [Time::Fixed, Time::Exponential].map(|time| time(0.004));
    all.extend(times.map(|time| Server::new(Bottleneck::Runtime, time)));
    all
}

fn sum(quarters: [Quarter; 4]) -> Quarter {
    quarters
        .iter()
        .fold(Quarter::default(), |sum, one| Quarter {
            offered: sum.offered + one.offered,
            refused: sum.refused + one.refused,
            late: sum.late + one.late,
            good: sum.good + one.good,
            left: sum.left + one.left,
        })
}

/// The 99th percentile of what the good ones took from the third second on.
fn p99(simulation: &Simulation) -> f64 {
    let took = simulation.took.iter().filter(|(at, _)| *at >= 2.0);
    let mut took: Vec<_> = took.map(|(_, took)| *took).collect();
    took.sort_by(f64::total_cmp);
    took[took.len() * 99 / 100]
}

#[test]
fn at_five_times_the_capacity_all_of_it_is_answered_and_hardly_anybody_waits_in_vain() {
    let mut bad = Vec::new();
    for (seed, server) in servers().into_iter().enumerate() {
        let capacity = server.capacity();
        let simulation = simulate(server, 5.0 * capacity, seed as u64, Settings::of_default());
        let (all, p99) = (sum(simulation.quarters), p99(&simulation));
        let share = all.good as f64 / (capacity * SECONDS);
        let left = all.left as f64 / (all.good + all.left) as f64;
        println!("{server:?}: {share:.3}, {left:.4} in vain, p99 {p99:.3}");
        let later: usize = simulation.quarters[1..]
            .iter()
            .map(|quarter| quarter.left)
            .sum();
        let is_well = share > 0.97 && left < 0.03 && later == 0 && p99 < PATIENCE / 2.0;
        bad.extend((!is_well).then_some((server, share, left, p99)));
    }
    assert!(bad.is_empty(), "{bad:?}");
}

#[test]
fn a_little_too_much_is_found_out_too() {
    let mut bad = Vec::new();
    for times in [1.05, 1.2, 1.5] {
        for (seed, server) in servers().into_iter().enumerate() {
            let capacity = server.capacity();
            let quarters = run(server, times * capacity, seed as u64);
            let last = quarters[3];
            let share = last.good as f64 / (capacity * SECONDS / 4.0);
            let left = last.left as f64 / (last.good + last.left) as f64;
            println!("{server:?} times {times}: {share:.3}, {left:.4} in vain");
            bad.extend((share < 0.85 || left > 0.02).then_some((server, times, share, left)));
        }
    }
    assert!(bad.is_empty(), "{bad:?}");
}

#[test]
fn by_the_lag_alone_a_runtime_at_its_end_is_found_out_in_time() {
    let servers = servers().into_iter().enumerate();
    for (seed, server) in servers.filter(|(_, server)| server.bottleneck == Bottleneck::Runtime) {
        let capacity = server.capacity();
        for times in [0.5, 1.5, 5.0] {
            let settings = Settings::of_default().by_lag();
            let simulation = simulate(server, times * capacity, seed as u64, settings);
            let [first, .., last] = simulation.quarters;
            let share = last.good as f64 / (capacity * SECONDS / 4.0);
            println!("{server:?} times {times}: {first:?} {last:?}");
            if times < 1.0 {
                assert_eq!(sum(simulation.quarters).refused, 0, "{server:?}");
            } else {
                assert!(
                    share > 0.9 && last.left == 0,
                    "{server:?} {times} {share:.3}"
                );
            }
        }
    }
}

#[test]
fn many_callers_who_wait_for_their_answers_are_no_reason_to_refuse() {
    let servers = servers().into_iter().enumerate();
    // A runtime that does not come round is one all the same.
    for (seed, server) in servers.filter(|(_, server)| server.bottleneck != Bottleneck::Runtime) {
        for wait in [0.05, 0.3, 0.6] {
            let callers = (server.capacity() * wait) as usize;
            let all = sum(closed(server, callers, seed as u64));
            assert_eq!(all.refused, 0, "{server:?} {callers}");
        }
    }
}

#[test]
fn who_is_refused_is_told_promptly() {
    // Nobody is told anything while a call has the processor.
    for time in [0.0005, 0.002, 0.004]
        .map(Time::Fixed)
        .into_iter()
        .chain([Time::Exponential(0.0005), Time::Exponential(0.002)])
    {
        let server = Server::new(Bottleneck::Runtime, time);
        let last = run(server, 5.0 * server.capacity(), 3)[3];
        let share = last.late as f64 / last.refused as f64;
        println!("{server:?}: {share:.4} of the refused are told late");
        assert!(share < 0.05, "{server:?}: {share}");
    }
}

#[test]
fn at_half_the_capacity_nobody_is_refused() {
    for (seed, server) in servers().into_iter().enumerate() {
        let all = sum(run(server, 0.5 * server.capacity(), seed as u64));
        assert_eq!(all.refused, 0, "{server:?}");
    }
}

#[test]
fn at_the_capacity_hardly_anybody_is_lost() {
    for (seed, server) in servers().into_iter().enumerate() {
        let capacity = server.capacity();
        let all = sum(run(server, capacity, seed as u64));
        let share = all.good as f64 / (capacity * SECONDS);
        println!("{server:?}: {share:.3} {all:?}");
        assert!(share > 0.85, "{server:?}: {share:.3} of the capacity");
    }
}

#[test]
fn a_wait_for_somebody_else_is_no_reason_to_refuse() {
    for (rate, slower) in [50.0, 200.0, 1000.0]
        .into_iter()
        .flat_map(|rate| [1.0, 3.0, 30.0, 45.0, 300.0].map(|slower| (rate, slower)))
    {
        for time in [Time::Fixed(0.002), Time::Exponential(0.002)] {
            let mut server = Server::new(Bottleneck::Elsewhere, time);
            server.slower = slower;
            for seed in 0..5 {
                let all = sum(run(server, rate, seed));
                assert_eq!(all.refused, 0, "{server:?} {rate}");
            }
        }
    }
}

#[test]
fn a_step_of_the_service_time_is_followed() {
    let mut low = Vec::new();
    for slower in [0.2, 3.0, 10.0] {
        let servers = servers().into_iter();
        for mut server in servers.filter(|server| server.time.mean() * slower < 0.3) {
            server.slower = slower;
            let capacity = server.capacity();
            let quarters = run(server, 5.0 * capacity, 7);
            let expected = capacity * SECONDS / 4.0;
            let before = quarters[1].good as f64 / expected;
            let after = quarters[3].good as f64 / (expected / slower).min(5.0 * expected);
            println!("{server:?}: {before:.3}, then {after:.3}");
            // Where times are random it takes a while to tell a step from an accident.
            low.extend((before <= 0.9 || after <= 0.4).then_some((server, before, after)));
        }
    }
    assert!(low.is_empty(), "{low:?}");
}

#[test]
fn bursts_that_are_served_before_the_next_are_let_in_again_soon() {
    let mut bad = Vec::new();
    for (seed, server) in servers().into_iter().enumerate() {
        for every in [0.4, 1.0, 1.7] {
            // A runtime may lag for less time: whoever is refused is told by it.
            let drained_in = match server.bottleneck {
                Bottleneck::Runtime => 0.08,
                _ => 0.25,
            };
            let burst = (server.capacity() * drained_in) as usize;
            let quarters = bursts_after_overload(server, burst, every, seed as u64);
            let [_, second, third, last] = quarters;
            let share = second.refused as f64 / second.offered as f64;
            let later = third.refused + last.refused;
            println!("{server:?} {burst} every {every} s: {share:.3}, then {later}");
            bad.extend((share > 0.35 || later > 0).then_some((server, every, share, later)));
        }
    }
    assert!(bad.is_empty(), "{bad:?}");
}
