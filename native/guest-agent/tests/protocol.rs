//! Connections: tokens, malformed frames, limits.

mod support;

use guest_agent::wire::frame::kind;
use guest_agent::wire::preamble::{encode_preamble, AccessToken};
use guest_agent::wire::request::{Configure, Exec, Request, WriteFile};
use std::io::Write;
use std::time::{Duration, Instant};
use support::{bytes, configure_request, eventually, shell, Agent, Scratch, TOKEN};

#[test]
fn an_unconfigured_agent_only_takes_a_configuration() {
    let agent = Agent::start_unconfigured();
    assert_eq!(agent.request(&Request::Ping).error_code(), "unavailable");
    assert_eq!(agent.exec(shell("true")).error_code(), "unavailable");
    agent.connect(&[9; 32]).request(&configure_request()).done();
    agent.request(&Request::Ping).done();
    assert_eq!(agent.connect(&[9; 32]).request(&configure_request()).error_code(), "unauthenticated");
    assert_eq!(agent.connect(&[9; 32]).request(&Request::Ping).error_code(), "unauthenticated");
}

#[test]
fn a_new_configuration_replaces_token_and_environment() {
    let agent = Agent::start();
    let next = match configure_request() {
        Request::Configure(configure) => guest_agent::wire::request::Configure {
            token: [8; 32],
            environment: Some(vec![(b"NEXT".to_vec(), b"1".to_vec())]),
            ..configure
        },
        _ => unreachable!(),
    };
    let host_name = std::fs::read("/proc/sys/kernel/hostname").unwrap();
    agent.request(&Request::Configure(next)).done();
    assert_eq!(agent.request(&Request::Ping).error_code(), "unauthenticated");
    let outcome = agent.connect(&[8; 32]).request(&Request::Exec(shell("echo $NEXT$CONFIGURED"))).outcome();
    assert_eq!(outcome.stdout, b"1\n");
    // An ordinary process leaves the machine alone
    assert_eq!(std::fs::read("/proc/sys/kernel/hostname").unwrap(), host_name);
}

#[test]
fn refuses_a_configuration_that_is_none() {
    let agent = Agent::start();
    let refused = |change: &dyn Fn(&mut guest_agent::wire::request::Configure)| match configure_request() {
        Request::Configure(mut configure) => {
            change(&mut configure);
            agent.request(&Request::Configure(configure)).error_code()
        }
        _ => unreachable!(),
    };
    assert_eq!(refused(&|configure| configure.host_name = b"a b".to_vec()), "invalid_argument");
    assert_eq!(refused(&|configure| configure.entropy = vec![0; 31]), "invalid_argument");
    assert_eq!(refused(&|configure| configure.dns_servers = vec![b"x".to_vec()]), "invalid_argument");
    assert_eq!(refused(&|configure| configure.environment = Some(vec![(vec![], vec![])])), "invalid_argument");
    agent.request(&Request::Ping).done();
}

#[test]
fn pong_carries_version_and_uptime() {
    let pong = Agent::start().request(&Request::Ping).done();
    assert_eq!(pong[..9], *b"\x05\0\0\x000.1.0");
    assert_eq!(pong.len(), 17);
}

#[test]
fn refuses_what_is_not_the_protocol() {
    let agent = Agent::start();
    let mut connection = agent.connect_raw();
    connection.socket.write_all(b"GET / HTTP/1.1\r\nHost: sandbox.example\r\n\r\n").unwrap();
    assert_eq!(connection.error_code(), "invalid_argument");
    let mut preamble = encode_preamble(&AccessToken(TOKEN));
    preamble[6] = 9;
    let mut connection = agent.connect_raw();
    connection.socket.write_all(&preamble).unwrap();
    assert_eq!(
        connection.error(),
        ("invalid_argument".into(), "protocol version 9 is unknown; this is version 1".into())
    );
}

#[test]
fn refuses_malformed_requests() {
    let agent = Agent::start();
    let cases: [(u8, &[u8], &str); 6] = [
        (kind::STDIN, b"", "invalid_argument"),
        (kind::REQUEST, b"", "invalid_argument"),
        (kind::REQUEST, b"\x0a\0", "invalid_argument"),
        (kind::REQUEST, b"\x05\xff\xff\xff\xff", "invalid_argument"),
        (kind::REQUEST, b"\x63", "unimplemented"),
        (kind::REQUEST, &[0; 1024 * 1024 + 1], "payload_too_large"),
    ];
    for (kind, payload, code) in cases {
        let mut connection = agent.connect(&TOKEN);
        connection.send(kind, payload);
        assert_eq!(connection.error_code(), code, "{kind} {:?}", &payload[..payload.len().min(9)]);
    }
}

#[test]
fn bounds_connections() {
    let agent = Agent::start();
    let mut held: Vec<_> = (0..256).map(|_| agent.connect(&TOKEN)).collect();
    support::eventually("all are served", || agent.thread_count() >= 258);
    assert_eq!(agent.request(&Request::Ping).error_code(), "capacity_exhausted");
    held.pop().unwrap().request(&Request::Ping).done();
    support::eventually("its place is free", || {
        let mut connection = agent.request(&Request::Ping);
        connection.next().map(|frame| frame.kind) == Some(kind::DONE)
    });
    drop(held);
    support::eventually("all threads end", || agent.thread_count() == 2);
}

#[test]
fn waits_ten_seconds_for_a_request() {
    let agent = Agent::start();
    let start = Instant::now();
    let mut silent = agent.connect(&TOKEN);
    assert_eq!(silent.next(), None);
    let waited = start.elapsed();
    assert!(waited > Duration::from_secs(9) && waited < Duration::from_secs(15), "{waited:?}");
}

fn configure_with(change: impl FnOnce(&mut Configure)) -> Request {
    match configure_request() {
        Request::Configure(mut configure) => {
            change(&mut configure);
            Request::Configure(configure)
        }
        _ => unreachable!(),
    }
}

#[test]
fn a_configuration_without_environment_keeps_the_one_before() {
    let agent = Agent::start();
    let keep = configure_with(|configure| {
        configure.token = [8; 32];
        configure.environment = None;
    });
    agent.request(&keep).done();
    let echo = |token| agent.connect(token).request(&Request::Exec(shell("echo $CONFIGURED"))).outcome().stdout;
    assert_eq!(echo(&[8; 32]), b"yes\n");
    agent.connect(&[8; 32]).request(&configure_with(|configure| configure.environment = Some(vec![]))).done();
    assert_eq!(echo(&TOKEN), b"\n");
    let fresh = Agent::start_unconfigured();
    fresh.request(&configure_with(|configure| configure.environment = None)).done();
    assert_eq!(fresh.shell("echo $CONFIGURED").stdout, b"\n");
}

#[test]
fn a_configuration_ends_the_operations_before_it() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    let (target, done) = (scratch.path("target"), scratch.path("done"));
    let write = WriteFile { path: bytes(&target), user: b"root".to_vec(), mode: None };
    let mut writing = agent.request(&Request::WriteFile(write));
    writing.send(kind::DATA, b"half");
    // Reads until its input ends, and writes more than a pipe holds; would be killed at a disconnect.
    let script = format!("cat; head -c 1000000 /dev/zero; touch {}", done.display());
    let mut running = agent.exec(Exec { stdin: true, ..shell(&script) });
    running.started();
    let mut lingering = agent.request(&Request::Ping);
    lingering.expect(kind::DONE);
    eventually("the file is being written", || scratch.names().len() == 1);

    agent.request(&configure_request()).done();
    assert_eq!([writing.next(), running.next(), lingering.next()], [None, None, None]);
    eventually("the process comes to its end", || done.exists());
    eventually("nothing is left of the file", || scratch.names() == ["done"]);
    eventually("all threads end", || agent.thread_count() == 2);
}
