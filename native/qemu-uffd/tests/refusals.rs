//! What cannot be served ends the process, before it has touched any memory.

mod support;

use std::path::Path;
use support::pager::{has_caller, listen, Handshake};
use support::{finish, has_userfaultfd, mapping, run, start, Outcome, Scratch, MEMORY_PATH, SOCKET_PATH};

/// One line, and nothing on standard output.
fn assert_refused(outcome: &Outcome, start: &str, end: &str) {
    assert_eq!(outcome.exit_code, Some(70), "{outcome:?}");
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.starts_with(&format!("qemu-uffd: {start}")), "{}", outcome.stderr);
    assert!(outcome.stderr.ends_with(&format!("{end}\n")), "{}", outcome.stderr);
    assert_eq!(outcome.stderr.lines().count(), 1);
}

#[test]
fn half_of_the_settings() {
    let scratch = Scratch::new();
    let memory = scratch.file("memory", 1, &[]);
    let other = scratch.file("other", 1, &[]);
    let socket = scratch.path("socket");
    for (environment, why) in [
        ((MEMORY_PATH, &memory), "THAW_UFFD_MEMORY_PATH is set and THAW_UFFD_SOCKET_PATH is not"),
        ((SOCKET_PATH, &socket), "THAW_UFFD_SOCKET_PATH is set and THAW_UFFD_MEMORY_PATH is not"),
    ] {
        let environment = [(environment.0, environment.1.as_path())];
        let outcome = run(&environment, &[mapping("private", &other, 0, 1)]);
        assert_refused(&outcome, "reading the environment failed: ", why);
        // It is the first mapping of a file that decides.
        assert_eq!(run(&environment, &[mapping("anonymous", Path::new(""), 0, 1)]).exit_code, Some(0));
    }
}

#[test]
fn a_socket_nobody_listens_on() {
    if !has_userfaultfd() {
        return;
    }
    let scratch = Scratch::new();
    let memory = scratch.file("memory", 1, &[]);
    let refused = scratch.path("refused");
    drop(listen(&refused));
    for (socket, why) in [
        (scratch.path("missing"), "No such file or directory (os error 2)"),
        (refused, "Connection refused (os error 111)"),
    ] {
        let outcome = run(&[(MEMORY_PATH, &memory), (SOCKET_PATH, &socket)], &[mapping("shared", &memory, 0, 1)]);
        assert_refused(&outcome, &format!("connecting to the pager at {socket:?} failed: "), why);
    }
}

#[test]
fn a_second_mapping() {
    if !has_userfaultfd() {
        return;
    }
    let scratch = Scratch::new();
    let memory = scratch.file("memory", 2, &[]);
    let socket = scratch.path("socket");
    let listener = listen(&socket);
    let mappings = [mapping("shared", &memory, 0, 1), mapping("shared", &memory, 1, 1)];
    let child = start(&[(MEMORY_PATH, &memory), (SOCKET_PATH, &socket)], &mappings);
    Handshake::accept(&listener).serve(1);
    let outcome = finish(child);
    assert_eq!((outcome.exit_code, outcome.stdout.as_str()), (Some(70), "[0]\n"));
    assert!(outcome.stderr.contains("failed: it is mapped already"), "{}", outcome.stderr);
}

#[test]
fn mappings_of_the_memory_that_cannot_be_served() {
    let scratch = Scratch::new();
    let memory = scratch.file("memory", 1, &[]);
    let socket = scratch.path("socket");
    let listener = listen(&socket);
    for kind in ["private", "populated"] {
        let outcome = run(&[(MEMORY_PATH, &memory), (SOCKET_PATH, &socket)], &[mapping(kind, &memory, 0, 1)]);
        assert_refused(&outcome, &format!("mapping the memory file {memory:?} failed: "), "is not served by the pager");
    }
    assert!(!has_caller(&listener));
}

#[test]
fn memory_that_is_not_on_a_tmpfs() {
    if !has_userfaultfd() {
        return;
    }
    // The build directory: `/tmp` may be a tmpfs.
    let scratch = Scratch::below(env!("CARGO_TARGET_TMPDIR"));
    let memory = scratch.file("memory", 1, &[]);
    let socket = Scratch::new().path("socket");
    let outcome = run(&[(MEMORY_PATH, &memory), (SOCKET_PATH, &socket)], &[mapping("shared", &memory, 0, 1)]);
    assert_refused(&outcome, "registering 4096 bytes of memory, which must be on a tmpfs, failed: ", "(os error 22)");
}
