//! `exec` without input: results, identity, environment, errors, isolation.

mod support;

use guest_agent::wire::request::Exec;
use std::fs;
use support::{command, shell, Agent, Scratch};

#[test]
fn reports_exit_codes_and_both_outputs() {
    let agent = Agent::start();
    let outcome = agent.shell("printf out; printf err >&2; exit 3");
    assert_eq!((outcome.stdout.as_slice(), outcome.stderr.as_slice()), (&b"out"[..], &b"err"[..]));
    assert_eq!((outcome.exit.code, outcome.exit.signal, outcome.exit.timed_out), (3, 0, false));
    let outcome = agent.shell("kill -9 $$");
    assert_eq!((outcome.exit.code, outcome.exit.signal), (137, 9));
}

#[test]
fn carries_bytes_that_are_not_utf8() {
    let agent = Agent::start();
    let mut request = command(&[b"sh", b"-c", b"printf %s \"$1\" \"$B\"", b"sh", b"\xff\xfe"]);
    request.environment = vec![(b"B".to_vec(), b"\x80=".to_vec())];
    assert_eq!(agent.run(request).stdout, b"\xff\xfe\x80=");
}

#[test]
fn layers_the_environment() {
    let agent = Agent::start();
    let environment = vec![(b"LANG".to_vec(), b"xx".to_vec()), (b"OWN".to_vec(), b"1".to_vec())];
    let request = Exec { environment, ..command(&[b"env"]) };
    let output = String::from_utf8(agent.run(request).stdout).unwrap();
    for line in ["CONFIGURED=yes", "LANG=xx", "OWN=1", "HOME=/root", "USER=root", "LOGNAME=root"] {
        assert!(output.lines().any(|found| found == line), "{line} in {output}");
    }
    assert!(output.contains("PATH=/usr/local/sbin:") && !output.contains("TERM="), "{output}");
}

#[test]
fn runs_as_the_user_with_its_groups_and_nothing_else() {
    let agent = Agent::start();
    let script = "id -u; id -g; id -G; grep -E 'Uid|Gid|CapEff|SigBlk|SigIgn' /proc/self/status";
    let request = Exec { user: b"daemon".to_vec(), ..shell(script) };
    let output = String::from_utf8(agent.run(request).stdout).unwrap();
    assert!(output.starts_with("1\n1\n1\nUid:\t1\t1\t1\t1\nGid:\t1\t1\t1\t1\n"), "{output}");
    for name in ["SigBlk", "SigIgn", "CapEff"] {
        assert!(output.contains(&format!("{name}:\t0000000000000000")), "{output}");
    }
}

#[test]
fn is_a_session_and_group_of_its_own_with_a_neutral_oom_score() {
    let agent = Agent::start();
    let script = "cat /proc/self/oom_score_adj; cut -d' ' -f5,6 /proc/$$/stat; echo $$; ls /proc/$$/fd";
    let output = String::from_utf8(agent.shell(script).stdout).unwrap();
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines[0], "0");
    assert_eq!(lines[1], format!("{0} {0}", lines[2]));
    // Nothing of the agent's is open but 0, 1 and 2 (dash keeps 10 to itself only for scripts)
    assert_eq!(lines[3..], ["0", "1", "2"]);
}

#[test]
fn starts_where_it_is_told() {
    let agent = Agent::start();
    let place = |cwd: &str, user: &str| {
        let request = Exec { cwd: cwd.into(), user: user.into(), ..command(&[b"pwd"]) };
        String::from_utf8(agent.run(request).stdout).unwrap()
    };
    assert_eq!(place("/usr", "root"), "/usr\n");
    assert_eq!(place("", "root"), "/root\n");
    // Its home, /nonexistent, does not exist
    assert_eq!(place("", "nobody"), "/\n");
    assert_eq!(place("../usr", "root"), "/usr\n");
}

#[test]
fn says_why_a_program_does_not_start() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    fs::write(scratch.path("plain"), "text").unwrap();
    let plain = support::bytes(&scratch.path("plain"));
    let cases: Vec<(Exec, &str)> = vec![
        (command(&[b"no-such-program"]), "not_found"),
        (command(&[b"/no/such/program"]), "not_found"),
        (command(&[&plain]), "permission_denied"),
        (command(&[b"/tmp"]), "permission_denied"),
        (command(&[]), "invalid_argument"),
        (command(&[b""]), "invalid_argument"),
        (command(&[b"a\0b"]), "invalid_argument"),
        (Exec { cwd: b"/no/such/directory".to_vec(), ..command(&[b"true"]) }, "not_found"),
        (Exec { cwd: b"/root".to_vec(), user: b"nobody".to_vec(), ..command(&[b"true"]) }, "permission_denied"),
        (Exec { user: b"no-such-user".to_vec(), ..command(&[b"true"]) }, "not_found"),
        (Exec { environment: vec![(b"A=".to_vec(), vec![])], ..command(&[b"true"]) }, "invalid_argument"),
    ];
    for (request, code) in cases {
        let program = request.argv.clone();
        let (found, message) = agent.exec(request).error();
        assert_eq!(found, code, "{program:?}: {message}");
    }
    let (_, message) = agent.exec(command(&[b"no-such-program"])).error();
    assert_eq!(message, "cannot execute \"no-such-program\": no such file or directory");
}

#[test]
fn a_thousand_in_a_row_leave_nothing_behind() {
    let agent = Agent::start();
    agent.shell("true");
    let threads = || agent.thread_count();
    support::eventually("the first connection's thread ends", || threads() == 2);
    let descriptors = agent.descriptor_count();
    for _ in 0..1000 {
        assert_eq!(agent.run(command(&[b"true"])).exit.code, 0);
    }
    for _ in 0..20 {
        agent.exec(command(&[b"no-such-program"])).error();
    }
    support::eventually("all threads end", || threads() == 2);
    support::eventually("all descriptors are closed", || agent.descriptor_count() == descriptors);
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", agent.pid())).unwrap_or_default();
    assert_eq!(children, "");
}

#[test]
fn loses_no_status_when_many_run_at_once() {
    let agent = Agent::start();
    // Many at once: no status may get lost between fork and reaper
    std::thread::scope(|scope| {
        for code in 0..16 {
            let agent = &agent;
            scope.spawn(move || {
                for _ in 0..10 {
                    assert_eq!(agent.shell(&format!("exit {code}")).exit.code, code);
                }
            });
        }
    });
}
