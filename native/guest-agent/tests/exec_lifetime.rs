//! `exec`: timeouts, lost connections, and processes that outlive their main one.

mod support;

use guest_agent::wire::frame::kind;
use guest_agent::wire::request::Exec;
use std::fs;
use std::time::{Duration, Instant};
use support::{eventually, is_alive, shell, Agent, Connection, Scratch};

/// Reads from stdout the pid that a script echoes first.
fn echoed_pid(connection: &mut Connection) -> i32 {
    let output = String::from_utf8(connection.expect(kind::STDOUT)).unwrap();
    // What the script writes next may be in the same frame
    output.lines().next().unwrap().parse().unwrap()
}

/// As `is_alive`, but false at once for a process that was killed and not reaped yet.
fn is_running(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().map_or(false, |rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

#[test]
fn the_timeout_kills_the_whole_group() {
    let agent = Agent::start();
    let mut connection = agent.exec(Exec { timeout_ms: 300, ..shell("sleep 100 & echo $!; wait") });
    connection.started();
    let background = echoed_pid(&mut connection);
    let exit = connection.rest().exit;
    assert_eq!((exit.code, exit.signal, exit.timed_out), (137, 9, true));
    assert!((300..5000).contains(&exit.duration_ms), "{exit:?}");
    eventually("the background process is killed", || !is_alive(background));
}

#[test]
fn the_timeout_kills_even_while_the_client_does_not_read() {
    let agent = Agent::start();
    let mut connection = agent.exec(Exec { timeout_ms: 500, ..shell("yes") });
    let pid = connection.started();
    eventually("the process is killed", || !is_alive(pid));
    assert!(connection.rest().exit.timed_out);
}

#[test]
fn a_lost_connection_kills_the_group_when_asked_to() {
    let agent = Agent::start();
    for script in ["sleep 100 & echo $!; wait", "sleep 100 & echo $!; yes"] {
        let mut connection = agent.exec(shell(script));
        let pid = connection.started();
        let background = echoed_pid(&mut connection);
        // Time for `yes` to fill the connection, so that the agent is blocked on its client
        std::thread::sleep(Duration::from_millis(200));
        connection.disconnect();
        eventually("both are killed", || !is_alive(pid) && !is_alive(background));
    }
    eventually("its thread ends", || agent.thread_count() == 2);
}

#[test]
fn a_lost_connection_lets_the_process_go_on_otherwise() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    let done = scratch.path("done");
    // More output than any pipe holds, so that it must be read to get on
    let script = format!("sleep 0.3; head -c 1000000 /dev/zero; touch {}", done.display());
    let mut connection = agent.exec(Exec { kill_on_disconnect: false, ..shell(&script) });
    let pid = connection.started();
    connection.disconnect();
    eventually("the process comes to its end", || done.exists());
    eventually("it is reaped", || !is_alive(pid));
    eventually("its thread ends", || agent.thread_count() == 2);
}

#[test]
fn the_timeout_of_a_detached_process_still_applies() {
    let agent = Agent::start();
    let request = Exec { kill_on_disconnect: false, timeout_ms: 500, ..shell("yes") };
    let mut connection = agent.exec(request);
    let pid = connection.started();
    connection.disconnect();
    std::thread::sleep(Duration::from_millis(100));
    assert!(is_alive(pid));
    eventually("it is killed", || !is_alive(pid));
    eventually("its thread ends", || agent.thread_count() == 2);
}

#[test]
fn a_background_process_does_not_hold_the_operation() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    let done = scratch.path("done");
    let background = format!("(sleep 2; head -c 1000000 /dev/zero; touch {}) &", done.display());
    let start = Instant::now();
    let mut connection = agent.exec(shell(&format!("{background} echo main; exit 4")));
    connection.started();
    let outcome = connection.rest();
    assert_eq!((outcome.stdout.as_slice(), outcome.exit.code), (&b"main\n"[..], 4));
    assert!((400..1900).contains(&(start.elapsed().as_millis() as u64)), "{:?}", start.elapsed());
    assert!(outcome.exit.duration_ms < 400);
    connection.disconnect();
    // Its output is read and dropped, or it would block in the middle
    eventually("it comes to its end", || done.exists());
    eventually("its thread ends", || agent.thread_count() == 2);
}

#[test]
fn a_background_process_that_writes_for_ever_does_not_hold_it_either() {
    let agent = Agent::start();
    let start = Instant::now();
    let mut connection = agent.exec(shell("yes & echo $! >&2"));
    connection.started();
    let outcome = connection.rest();
    assert!(start.elapsed() < Duration::from_secs(5));
    drop(connection);
    let background = String::from_utf8(outcome.stderr).unwrap().trim().to_string();
    agent.shell(&format!("kill -9 {background}"));
    eventually("its thread ends", || agent.thread_count() == 2);
}

#[test]
fn a_signal_reaches_the_whole_group() {
    let agent = Agent::start();
    let mut connection = agent.exec(shell("sleep 100 & echo $!; wait"));
    connection.started();
    let background = echoed_pid(&mut connection);
    connection.send(kind::SIGNAL, &15i32.to_le_bytes());
    let exit = connection.rest().exit;
    assert_eq!((exit.code, exit.signal, exit.timed_out), (143, 15, false));
    eventually("the background process is ended", || !is_alive(background));
}

#[test]
fn a_client_that_breaks_the_protocol_loses_its_process() {
    let agent = Agent::start();
    let frames: [(u8, &[u8]); 6] = [
        (kind::SIGNAL, &[0, 0, 0, 0]),
        (kind::SIGNAL, &[65, 0, 0, 0]),
        (kind::SIGNAL, &[9]),
        (kind::DATA, &[]),
        (kind::STDIN, b"there is none"),
        (kind::RESIZE, &[1, 2, 3]),
    ];
    for (kind, payload) in frames {
        let mut connection = agent.exec(Exec { kill_on_disconnect: false, ..shell("sleep 100") });
        let pid = connection.started();
        connection.send(kind, payload);
        assert_eq!(connection.error_code(), "invalid_argument");
        eventually("it is killed", || !is_alive(pid));
    }
}

#[test]
fn nobody_is_signalled_long_after_the_main_process_has_ended() {
    let agent = Agent::start();
    // The client reads no output of `yes`, and the main process lives until it fills the connection: so the client is
    // still attached when the main process is long gone
    let script = "sleep 100 >/dev/null 2>&1 & echo $!; yes & sleep 2";
    for is_signalled in [false, true] {
        let mut connection = agent.exec(shell(script));
        let main = connection.started();
        let background = echoed_pid(&mut connection);
        eventually("the main process is reaped", || !is_alive(main));
        std::thread::sleep(Duration::from_millis(1500));
        if is_signalled {
            connection.send(kind::SIGNAL, &9i32.to_le_bytes());
        } else {
            connection.disconnect();
        }
        std::thread::sleep(Duration::from_millis(500));
        assert!(is_running(background), "its number may be another's by now");
        // As long as these two live, it is not
        agent.shell(&format!("kill -9 -{main}"));
        eventually("the group is gone", || !is_alive(background));
    }
}

#[test]
fn a_slow_client_loses_nothing() {
    let agent = Agent::start();
    let mut connection = agent.exec(shell("head -c 20000000 /dev/zero; printf end; sleep 1 &"));
    let pid = connection.started();
    std::thread::sleep(Duration::from_millis(700));
    // The writer waits; the agent has not taken it all
    assert!(is_alive(pid));
    let rss_kib = resident_kib(agent.pid());
    assert!(rss_kib < 20_000, "{rss_kib} KiB");
    let stdout = connection.rest().stdout;
    assert_eq!(stdout.len(), 20_000_003);
    assert!(stdout.ends_with(b"\0end"));
}

#[test]
fn a_client_slower_than_the_drain_time_loses_nothing() {
    let agent = Agent::start();
    // Fits into socket and pipe: the process ends, and its output waits in the pipe while another holds it
    let mut connection = agent.exec(shell("head -c 2500000 /dev/zero & wait; printf end; sleep 3 &"));
    connection.started();
    std::thread::sleep(Duration::from_millis(1500));
    let stdout = connection.rest().stdout;
    assert_eq!(stdout.len(), 2_500_003);
    assert!(stdout.ends_with(b"\0end"));
}

fn resident_kib(pid: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
