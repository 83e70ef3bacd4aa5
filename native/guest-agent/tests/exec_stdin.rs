//! `exec` with input: flow control, closing, terminals.

mod support;

use guest_agent::wire::frame::kind;
use guest_agent::wire::reply::Exit;
use guest_agent::wire::request::Exec;
use support::{command, shell, Agent, Connection};

const WINDOW_BYTES: usize = 256 * 1024;
const FRAME_BYTES: usize = 64 * 1024;

fn with_stdin(request: Exec) -> Exec {
    Exec { stdin: true, ..request }
}

fn consumed(payload: &[u8]) -> usize {
    u32::from_le_bytes([payload[0], payload[1], payload[2], payload[3]]) as usize
}

/// Sends all input within the window, closes, and collects the output.
fn feed(connection: &mut Connection, input: &[u8]) -> (Vec<u8>, Exit) {
    let (mut sent, mut acknowledged, mut is_closed) = (0, 0, false);
    let mut stdout = Vec::new();
    loop {
        while sent < input.len() && sent - acknowledged + FRAME_BYTES <= WINDOW_BYTES {
            let end = (sent + FRAME_BYTES).min(input.len());
            connection.send(kind::STDIN, &input[sent..end]);
            sent = end;
        }
        if sent == input.len() && !is_closed {
            connection.send(kind::CLOSE_STDIN, &[]);
            is_closed = true;
        }
        let frame = connection.next().expect("a frame");
        match frame.kind {
            kind::STDOUT => stdout.extend(frame.payload),
            kind::STDIN_CONSUMED => acknowledged += consumed(&frame.payload),
            kind::EXIT => return (stdout, Exit::decode(&frame.payload).unwrap()),
            other => panic!("frame {other:#x}: {}", String::from_utf8_lossy(&frame.payload)),
        }
    }
}

#[test]
fn carries_several_mib_through_cat() {
    let agent = Agent::start();
    let input: Vec<u8> = (0..5_000_000u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut connection = agent.exec(with_stdin(command(&[b"cat"])));
    connection.started();
    let (output, exit) = feed(&mut connection, &input);
    assert_eq!(exit.code, 0);
    assert!(output == input);
}

#[test]
fn counts_what_it_was_sent() {
    let agent = Agent::start();
    let mut connection = agent.exec(with_stdin(command(&[b"wc", b"-c"])));
    connection.started();
    assert_eq!(feed(&mut connection, &vec![b'x'; 3_000_001]).0, b"3000001\n");
}

#[test]
fn without_it_the_input_is_empty() {
    let agent = Agent::start();
    assert_eq!(agent.shell("readlink /proc/self/fd/0; cat").stdout, b"/dev/null\n");
}

#[test]
fn reads_signals_while_the_process_takes_no_input() {
    let agent = Agent::start();
    let mut connection = agent.exec(with_stdin(command(&[b"sleep", b"100"])));
    connection.started();
    for _ in 0..WINDOW_BYTES / FRAME_BYTES {
        connection.send(kind::STDIN, &[0; FRAME_BYTES]);
    }
    connection.send(kind::SIGNAL, &9i32.to_le_bytes());
    assert_eq!(connection.rest().exit.signal, 9);
}

#[test]
fn more_than_the_window_ends_the_operation() {
    let agent = Agent::start();
    let mut connection = agent.exec(with_stdin(command(&[b"sleep", b"100"])));
    let pid = connection.started();
    for _ in 0..WINDOW_BYTES / FRAME_BYTES + 2 {
        connection.send(kind::STDIN, &[0; FRAME_BYTES]);
    }
    let (code, message) = connection.error();
    assert_eq!(code, "invalid_argument", "{message}");
    support::eventually("the process is killed", || !support::is_alive(pid));
}

#[test]
fn a_process_that_closes_its_input_does_not_stall_the_client() {
    let agent = Agent::start();
    let mut connection = agent.exec(with_stdin(shell("exec <&-; echo closed; sleep 1; exit 5")));
    connection.started();
    assert_eq!(connection.expect(kind::STDOUT), b"closed\n");
    let (_, exit) = feed(&mut connection, &vec![0; 1_000_000]);
    assert_eq!(exit.code, 5);
}

#[test]
fn a_terminal_has_a_size_that_can_change() {
    let agent = Agent::start();
    let script = "trap 'stty size; exit 0' WINCH; stty size; tty; echo $TERM; while :; do sleep 0.05; done";
    let request = Exec { pty: Some((120, 40)), user: b"daemon".to_vec(), ..with_stdin(shell(script)) };
    let mut connection = agent.exec(request);
    connection.started();
    let mut output = String::new();
    while !output.contains("xterm-256color") {
        output += &String::from_utf8(connection.expect(kind::STDOUT)).unwrap();
    }
    assert!(output.starts_with("40 120\r\n/dev/pts/"), "{output}");
    connection.send(kind::RESIZE, &[132, 0, 43, 0]);
    let outcome = connection.rest();
    assert_eq!(String::from_utf8_lossy(&outcome.stdout), "43 132\r\n");
    assert_eq!(outcome.exit.code, 0);
}

#[test]
fn a_terminal_echoes_and_ends_by_closing() {
    let agent = Agent::start();
    let mut connection = agent.exec(Exec { pty: Some((80, 24)), ..with_stdin(command(&[b"cat"])) });
    connection.started();
    connection.send(kind::STDIN, b"hello\n");
    connection.send(kind::CLOSE_STDIN, &[]);
    let outcome = connection.rest();
    assert_eq!(String::from_utf8_lossy(&outcome.stdout), "hello\r\nhello\r\n");
    assert_eq!(outcome.exit.code, 0);
}

#[test]
fn ctrl_c_interrupts_through_the_controlling_terminal() {
    let agent = Agent::start();
    let mut connection = agent.exec(Exec { pty: Some((80, 24)), ..with_stdin(shell("echo ready; sleep 100")) });
    connection.started();
    assert_eq!(connection.expect(kind::STDOUT), b"ready\r\n");
    connection.send(kind::STDIN, &[3]);
    assert_eq!(connection.rest().exit.signal, 2);
}
