//! Memory that is handed over: the pager serves it, and nothing else changes.

mod support;

use std::fs;
use std::path::Path;
use support::pager::{has_caller, listen, Handshake};
use support::{finish, has_userfaultfd, mapping, run, start, Scratch, MEMORY_PATH, PAGE_BYTES, SOCKET_PATH};

#[test]
fn serves_the_pages_that_are_not_there() {
    if !has_userfaultfd() {
        return;
    }
    let scratch = Scratch::new();
    let memory = scratch.file("memory", 5, &[(3, 99)]);
    let socket = scratch.path("socket");
    let listener = listen(&socket);
    let child = start(&[(MEMORY_PATH, &memory), (SOCKET_PATH, &socket)], &[mapping("shared", &memory, 0, 5)]);
    let handshake = Handshake::accept(&listener);
    let region = format!(
        r#"[{{"base_host_virt_addr":{},"size":{},"offset":0,"page_size":4096}}]"#,
        handshake.address,
        5 * PAGE_BYTES
    );
    assert_eq!(handshake.message, region);
    // Page 3 is in the file already.
    assert_eq!(handshake.serve(4), [0, 1, 2, 4]);
    let outcome = finish(child);
    assert_eq!((outcome.exit_code, outcome.stdout.as_str()), (Some(0), "[0, 1, 2, 99, 4]\n"), "{}", outcome.stderr);
    assert_eq!(fs::read(&memory).unwrap()[2 * PAGE_BYTES], 2);
}

#[test]
fn says_where_in_the_file_a_mapping_starts() {
    if !has_userfaultfd() {
        return;
    }
    let scratch = Scratch::new();
    let memory = scratch.file("memory", 8, &[]);
    let socket = scratch.path("socket");
    let listener = listen(&socket);
    let child = start(&[(MEMORY_PATH, &memory), (SOCKET_PATH, &socket)], &[mapping("shared64", &memory, 6, 2)]);
    let handshake = Handshake::accept(&listener);
    assert_eq!((handshake.size, handshake.offset), (2 * PAGE_BYTES, 6 * PAGE_BYTES));
    assert_eq!(handshake.serve(2), [6, 7]);
    assert_eq!(finish(child).stdout, "[6, 7]\n");
}

#[test]
fn knows_a_file_that_has_lost_its_name_and_one_below_a_symlink() {
    if !has_userfaultfd() {
        return;
    }
    let scratch = Scratch::new();
    let memory = scratch.file("memory", 1, &[]);
    let link = scratch.path("link");
    std::os::unix::fs::symlink(memory.parent().unwrap(), &link).unwrap();
    let socket = scratch.path("socket");
    let listener = listen(&socket);
    let mappings = [format!("unlink:{}:0:0", memory.display()), mapping("shared", &memory, 0, 1)];
    let child = start(&[(MEMORY_PATH, &link.join("memory")), (SOCKET_PATH, &socket)], &mappings);
    assert_eq!(Handshake::accept(&listener).serve(1), [0]);
    assert_eq!(finish(child).stdout, "[0]\n");
}

#[test]
fn keeps_the_descriptor_open_for_a_pager_that_starts_anew() {
    if !has_userfaultfd() {
        return;
    }
    let scratch = Scratch::new();
    let memory = scratch.file("memory", 2, &[]);
    let socket = scratch.path("socket");
    let listener = listen(&socket);
    let child = start(&[(MEMORY_PATH, &memory), (SOCKET_PATH, &socket)], &[mapping("shared", &memory, 0, 2)]);
    let handshake = Handshake::accept(&listener);
    handshake.serve(1);
    let links: Vec<_> = fs::read_dir(format!("/proc/{}/fd", child.id()))
        .unwrap()
        .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
        .collect();
    let count = |text: &str| links.iter().filter(|link| link.to_str().unwrap().starts_with(text)).count();
    assert_eq!((count("anon_inode:[userfaultfd]"), count("socket:"), count("/dev/userfaultfd")), (1, 0, 0));
    handshake.serve(1);
    assert_eq!(finish(child).exit_code, Some(0));
}

#[test]
fn leaves_other_mappings_alone() {
    let scratch = Scratch::new();
    let memory = scratch.file("memory", 1, &[]);
    let other = scratch.file("memory2", 2, &[(1, 7)]);
    let socket = scratch.path("socket");
    let listener = listen(&socket);
    let mappings = [
        mapping("shared", &other, 0, 2),
        mapping("private", &other, 1, 1),
        mapping("anonymous", Path::new(""), 0, 1),
        mapping("populated", &other, 0, 2),
        mapping("closed", Path::new(""), 0, 1),
    ];
    let outcome = run(&[(MEMORY_PATH, &memory), (SOCKET_PATH, &socket)], &mappings);
    let lines: Vec<_> = outcome.stdout.lines().collect();
    assert_eq!(lines, ["[0, 7]", "[7]", "[0]", "[0, 7]", "Bad file descriptor (os error 9)"], "{}", outcome.stderr);
    assert!(!has_caller(&listener));
}

#[test]
fn does_nothing_without_settings() {
    let scratch = Scratch::new();
    let memory = scratch.file("memory", 2, &[(1, 7)]);
    let outcome = run(&[], &[mapping("shared", &memory, 0, 2), mapping("private", &memory, 0, 2)]);
    assert_eq!((outcome.exit_code, outcome.stdout.as_str()), (Some(0), "[0, 7]\n[0, 7]\n"));
    assert_eq!(outcome.stderr, "");
}
