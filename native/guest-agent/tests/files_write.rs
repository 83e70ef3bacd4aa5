//! `write file`: content, modes, owners, atomicity, failures.

mod support;

use guest_agent::wire::entry::{Entry, EntryKind};
use guest_agent::wire::frame::kind;
use guest_agent::wire::request::{Request, WriteFile};
use std::fs;
use std::os::unix::fs::{symlink, MetadataExt, PermissionsExt};
use std::path::Path;
use support::{bytes, eventually, Agent, Connection, Scratch};

fn open(agent: &Agent, path: &Path, user: &str, mode: Option<u32>) -> Connection {
    agent.request(&Request::WriteFile(WriteFile { path: bytes(path), user: user.into(), mode }))
}

fn write(agent: &Agent, path: &Path, user: &str, mode: Option<u32>, content: &[u8]) -> Entry {
    let mut connection = open(agent, path, user, mode);
    for chunk in content.chunks(64 * 1024) {
        connection.send(kind::DATA, chunk);
    }
    connection.send(kind::END, &[]);
    connection.done_entry()
}

#[test]
fn writes_what_it_was_sent_with_mode_and_owner() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    let path = scratch.path("x/y/file");
    let content: Vec<u8> = (0..1_000_000u32).map(|index| (index / 3) as u8).collect();
    let entry = write(&agent, &path, "daemon", None, &content);
    assert_eq!((entry.kind, entry.mode, entry.uid, entry.size_bytes), (EntryKind::File, 0o644, 1, 1_000_000));
    assert!(fs::read(&path).unwrap() == content);
    let parent = fs::metadata(scratch.path("x")).unwrap();
    assert_eq!((parent.uid(), parent.mode() & 0o7777), (1, 0o755));
    assert_eq!(write(&agent, &path, "daemon", Some(0o751), b"").mode, 0o751);
    // Replacing keeps the mode
    assert_eq!(write(&agent, &path, "daemon", None, b"z").mode, 0o751);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn takes_names_that_are_not_utf8() {
    use std::os::unix::ffi::OsStrExt;
    let agent = Agent::start();
    let scratch = Scratch::new();
    let path = scratch.0.join(std::ffi::OsStr::from_bytes(b"\xff\xfe"));
    assert_eq!(write(&agent, &path, "root", None, b"1").path, bytes(&path));
    assert_eq!(fs::read(path).unwrap(), b"1");
}

#[test]
fn shows_old_or_new_content_and_never_a_part() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    let path = scratch.path("file");
    fs::write(&path, "old").unwrap();
    let mut connection = open(&agent, &path, "root", None);
    connection.send(kind::DATA, b"new ");
    eventually("the temporary file", || scratch.names().len() == 2);
    let names = scratch.names();
    let temporary = names.iter().find(|name| name.as_str() != "file").unwrap();
    assert!(temporary.starts_with(".thaw-") && temporary.ends_with(".tmp"), "{temporary}");
    assert_eq!(fs::metadata(scratch.path(temporary)).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::read(&path).unwrap(), b"old");
    connection.send(kind::DATA, b"content");
    connection.send(kind::END, &[]);
    connection.done();
    assert_eq!(fs::read(&path).unwrap(), b"new content");
    assert_eq!(scratch.names(), ["file"]);
}

#[test]
fn a_lost_connection_leaves_nothing_behind() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    let path = scratch.path("file");
    for is_within_frame in [false, true] {
        let mut connection = open(&agent, &path, "nobody", None);
        connection.send(kind::DATA, &[1; 1000]);
        if is_within_frame {
            use std::io::Write;
            connection.socket.write_all(&[100, 0, 0, 0, kind::DATA, 1, 2]).unwrap();
        }
        eventually("the temporary file", || scratch.names().len() == 1);
        connection.disconnect();
        eventually("nothing is left", || scratch.names().is_empty());
    }
}

#[test]
fn a_broken_frame_leaves_nothing_behind() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    for (kind, payload, code) in [
        (kind::STDIN, vec![], "invalid_argument"),
        (kind::END, vec![1], "invalid_argument"),
        (kind::DATA, vec![0; 64 * 1024 + 1], "payload_too_large"),
    ] {
        let mut connection = open(&agent, &scratch.path("file"), "root", None);
        connection.send(kind::DATA, b"1");
        connection.send(kind, &payload);
        assert_eq!(connection.error_code(), code);
        assert!(scratch.names().is_empty());
    }
}

#[test]
fn follows_a_symlink_at_the_target() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("d")).unwrap();
    symlink("d/file", scratch.path("link")).unwrap();
    symlink("loop", scratch.path("loop")).unwrap();
    for content in ["created", "replaced"] {
        let entry = write(&agent, &scratch.path("link"), "root", None, content.as_bytes());
        assert_eq!((entry.path, entry.kind), (bytes(&scratch.path("link")), EntryKind::File));
        assert_eq!(fs::read_to_string(scratch.path("d/file")).unwrap(), content);
    }
    assert!(fs::symlink_metadata(scratch.path("link")).unwrap().file_type().is_symlink());
    assert_eq!(open(&agent, &scratch.path("loop"), "root", None).error_code(), "invalid_argument");
}

#[test]
fn refuses_targets_that_are_no_files() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    assert_eq!(open(&agent, &scratch.0, "root", None).error_code(), "invalid_argument");
    assert_eq!(open(&agent, Path::new("/dev/null"), "root", None).error_code(), "invalid_argument");
    fs::write(scratch.path("file"), "").unwrap();
    assert_eq!(open(&agent, &scratch.path("file/below"), "root", None).error_code(), "invalid_argument");
}

#[test]
fn tells_a_client_that_is_still_sending_why_it_failed() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    fs::set_permissions(&scratch.0, fs::Permissions::from_mode(0o755)).unwrap();
    let mut connection = open(&agent, &scratch.path("file"), "nobody", None);
    for _ in 0..200 {
        connection.send(kind::DATA, &[0; 64 * 1024]);
    }
    let (code, message) = connection.error();
    assert_eq!(code, "permission_denied");
    assert!(message.starts_with("cannot create \"") && message.ends_with("\": permission denied"), "{message}");
}
