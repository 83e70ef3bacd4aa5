//! Connections without the token: what they can make the agent hold, and whether they keep the host out.

mod support;

use guest_agent::newcomers::NEWCOMERS_MAX;
use guest_agent::wire::frame::{kind, Header};
use guest_agent::wire::preamble::{encode_preamble, AccessToken};
use guest_agent::wire::request::{Configure, Request};
use guest_agent::wire::{KIB, MIB};
use std::io::{Read, Write};
use std::time::{Duration, Instant};
use support::{configure_request, eventually, Agent, Connection, TOKEN};

const WRONG_TOKEN: [u8; 32] = [9; 32];

fn configure_with(change: impl FnOnce(&mut Configure)) -> Request {
    match configure_request() {
        Request::Configure(mut configure) => {
            change(&mut configure);
            Request::Configure(configure)
        }
        _ => unreachable!(),
    }
}

/// The most memory the agent has held so far.
fn peak_resident_kib(agent: &Agent) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", agent.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A connection with all but the last byte of the largest request.
fn connect_with_unfinished_request(agent: &Agent, token: [u8; 32]) -> Connection {
    let mut connection = agent.connect_raw();
    let header = Header { kind: kind::REQUEST, payload_bytes: MIB };
    let opening = [&encode_preamble(&AccessToken(token))[..], &header.encode(), &vec![1; MIB - 1]].concat();
    // Fails when the agent has closed the connection before all is sent
    let _ = connection.socket.write_all(&opening);
    connection
}

#[test]
fn a_wrong_token_is_refused_before_the_request_is_read() {
    let agent = Agent::start();
    let start = Instant::now();
    assert_eq!(agent.connect(&WRONG_TOKEN).error_code(), "unauthenticated");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn the_agent_holds_no_request_of_a_stranger() {
    let agent = Agent::start();
    let held: Vec<_> = (0..64).map(|_| connect_with_unfinished_request(&agent, WRONG_TOKEN)).collect();
    eventually("all are refused", || agent.thread_count() == 2);
    let peak_kib = peak_resident_kib(&agent);
    assert!(peak_kib < 20_000, "{peak_kib} KiB");
    drop(held);
}

#[test]
fn an_unconfigured_agent_holds_small_requests_only() {
    let agent = Agent::start_unconfigured();
    let held: Vec<_> = (0..64).map(|_| connect_with_unfinished_request(&agent, TOKEN)).collect();
    eventually("all are refused", || agent.thread_count() == 2);
    let peak_kib = peak_resident_kib(&agent);
    assert!(peak_kib < 20_000, "{peak_kib} KiB");
    drop(held);
    let configure = |value_bytes: usize| {
        agent.request(&configure_with(|configure| {
            configure.environment = Some(vec![(b"LARGE".to_vec(), vec![b'x'; value_bytes])]);
        }))
    };
    assert_eq!(configure(256 * KIB).error_code(), "payload_too_large");
    configure(128 * KIB).done();
    // With a token, requests may be as large as the protocol allows
    configure(512 * KIB).done();
}

#[test]
fn a_token_that_was_replaced_before_the_request_came_is_wrong() {
    let agent = Agent::start();
    let early = agent.connect(&TOKEN);
    // The place of the early one is that of a client now
    eventually("its token is checked", || agent.thread_count() == 3);
    std::thread::sleep(Duration::from_millis(200));
    agent.request(&configure_with(|configure| configure.token = [8; 32])).done();
    assert_eq!(early.request(&Request::Ping).error_code(), "unauthenticated");
}

#[test]
fn strangers_who_say_nothing_do_not_keep_the_host_out() {
    let agent = Agent::start();
    let start = Instant::now();
    let strangers: Vec<_> = (0..100).map(|_| agent.connect_raw()).collect();
    for _ in 0..3 {
        agent.request(&Request::Ping).done();
    }
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    assert!(agent.thread_count() <= 2 + NEWCOMERS_MAX);
    drop(strangers);
}

#[test]
fn strangers_with_a_wrong_token_who_stay_do_not_keep_the_host_out() {
    let agent = Agent::start();
    let start = Instant::now();
    let strangers: Vec<_> = (0..100).map(|_| agent.connect(&WRONG_TOKEN)).collect();
    agent.request(&Request::Ping).done();
    eventually("the agent has let go of all", || agent.thread_count() == 2);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    drop(strangers);
}

#[test]
fn strangers_take_no_place_of_clients() {
    let agent = Agent::start();
    let strangers: Vec<_> = (0..NEWCOMERS_MAX).map(|_| agent.connect_raw()).collect();
    let clients: Vec<_> = (0..256).map(|_| agent.connect(&TOKEN)).collect();
    let more: Vec<_> = (0..NEWCOMERS_MAX).map(|_| agent.connect_raw()).collect();
    for client in clients {
        client.request(&Request::Ping).done();
    }
    drop((strangers, more));
}

#[test]
fn a_newcomer_keeps_its_place_while_others_are_free() {
    let agent = Agent::start();
    let mut late = agent.connect_raw();
    let _others: Vec<_> = (1..NEWCOMERS_MAX).map(|_| agent.connect_raw()).collect();
    late.socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    assert!(late.socket.read(&mut [0; 1]).is_err(), "it is still connected");
    late.socket.set_read_timeout(Some(support::PATIENCE)).unwrap();
    late.socket.write_all(&encode_preamble(&AccessToken(TOKEN))).unwrap();
    late.request(&Request::Ping).done();
}
