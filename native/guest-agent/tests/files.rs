//! File operations: reading, metadata, directories, moving, removing. Writing has its own file.

mod support;

use guest_agent::wire::entry::{Entry, EntryKind};
use guest_agent::wire::frame::kind;
use guest_agent::wire::request::{List, Mkdir, Move, ReadFile, Remove, Request, Stat};
use std::fs;
use std::os::unix::fs::{symlink, PermissionsExt};
use std::path::Path;
use support::{bytes, make_fifo, Agent, Connection, Scratch};

fn read(path: &Path, user: &str) -> ReadFile {
    ReadFile { path: bytes(path), user: user.into(), offset_bytes: 0, length_bytes: None }
}

fn content(mut connection: Connection) -> (Entry, Vec<u8>) {
    let entry = Entry::decode(&connection.expect(kind::ENTRY)).unwrap();
    let mut content = Vec::new();
    loop {
        let frame = connection.next().expect("a frame");
        match frame.kind {
            kind::DATA => content.extend(frame.payload),
            kind::DONE => return (entry, content),
            other => panic!("frame {other:#x}"),
        }
    }
}

fn stat(agent: &Agent, path: &Path, follow_symlink: bool) -> Connection {
    agent.request(&Request::Stat(Stat { path: bytes(path), user: b"root".to_vec(), follow_symlink }))
}

#[test]
fn reads_whole_files_and_ranges() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    let path = scratch.path("a");
    let written: Vec<u8> = (0..300_000u32).map(|index| (index / 7) as u8).collect();
    fs::write(&path, &written).unwrap();
    let (entry, found) = content(agent.request(&Request::ReadFile(read(&path, "nobody"))));
    assert_eq!((entry.path, entry.size_bytes, entry.kind), (bytes(&path), 300_000, EntryKind::File));
    assert!(found == written);
    let range = |offset_bytes, length_bytes| {
        let request = ReadFile { offset_bytes, length_bytes, ..read(&path, "root") };
        content(agent.request(&Request::ReadFile(request))).1
    };
    assert!(range(100_000, Some(100_000)) == written[100_000..200_000]);
    assert_eq!(range(299_998, Some(10)), &written[299_998..]);
    assert_eq!(range(5, Some(0)), b"");
    assert_eq!(range(300_001, None), b"");
    assert_eq!(range(u64::MAX, None), b"");
    assert_eq!(range(i64::MAX as u64, None), b"");
}

#[test]
fn reads_files_of_proc() {
    let agent = Agent::start();
    let (entry, found) = content(agent.request(&Request::ReadFile(read(Path::new("/proc/version"), "root"))));
    assert_eq!(entry.size_bytes, 0);
    assert_eq!(found, fs::read("/proc/version").unwrap());
}

#[test]
fn reads_only_regular_files() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    let fifo = scratch.path("fifo");
    make_fifo(&fifo);
    for path in [fifo.as_path(), Path::new("/dev/null"), &scratch.0] {
        assert_eq!(agent.request(&Request::ReadFile(read(path, "root"))).error_code(), "invalid_argument");
    }
    let missing = agent.request(&Request::ReadFile(read(&scratch.path("none"), "root"))).error();
    assert_eq!(missing.0, "not_found");
    assert_eq!(missing.1, format!("cannot open \"{}\": no such file or directory", scratch.path("none").display()));
}

#[test]
fn the_kernel_decides_what_a_user_may_do() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    let secret = scratch.path("secret");
    fs::write(&secret, "secret").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let (code, message) = agent.request(&Request::ReadFile(read(&secret, "nobody"))).error();
    assert_eq!(code, "permission_denied");
    assert_eq!(message, format!("cannot open \"{}\": permission denied", secret.display()));
    // Not with capabilities that setfsuid would have kept, either
    let environ = format!("/proc/{}/environ", agent.pid());
    assert_eq!(
        agent.request(&Request::ReadFile(read(Path::new(&environ), "nobody"))).error_code(),
        "permission_denied"
    );
    // The next request is not affected by the last one's user
    assert_eq!(content(agent.request(&Request::ReadFile(read(&secret, "root")))).1, b"secret");
    let request = Mkdir { path: b"/root/x".to_vec(), user: b"nobody".to_vec(), mode: None, parents: true };
    assert_eq!(agent.request(&Request::Mkdir(request)).error_code(), "permission_denied");
    let request = Remove { path: b"/etc/passwd".to_vec(), user: b"daemon".to_vec(), recursive: true };
    assert_eq!(agent.request(&Request::Remove(request)).error_code(), "permission_denied");
    assert_eq!(agent.request(&Request::ReadFile(read(&secret, "nobody-such"))).error_code(), "not_found");
}

#[test]
fn describes_symlinks_and_what_they_point_to() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    fs::write(scratch.path("a"), "12345").unwrap();
    symlink("a", scratch.path("link")).unwrap();
    symlink("none", scratch.path("dangling")).unwrap();
    let link = stat(&agent, &scratch.path("link"), false).done_entry();
    assert_eq!((link.kind, link.symlink_target), (EntryKind::Symlink, Some(b"a".to_vec())));
    let target = stat(&agent, &scratch.path("link"), true).done_entry();
    assert_eq!((target.kind, target.size_bytes, target.symlink_target), (EntryKind::File, 5, None));
    assert_eq!((target.owner_name.as_slice(), target.group_name.as_slice()), (&b"root"[..], &b"root"[..]));
    assert!(target.mtime_ns > 1_600_000_000_000_000_000);
    assert_eq!(stat(&agent, &scratch.path("dangling"), true).error_code(), "not_found");
    assert_eq!(stat(&agent, Path::new("/dev/null"), true).done_entry().kind, EntryKind::Other);
    assert_eq!(stat(&agent, &scratch.path("a/b"), true).error_code(), "not_found");
    let home = Request::Stat(Stat { path: vec![], user: b"root".to_vec(), follow_symlink: true });
    assert_eq!(agent.request(&home).done_entry().path, b"/root");
}

#[test]
fn lists_by_name_up_to_a_bound() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    for name in ["b", "a", "Z", "aa"] {
        fs::write(scratch.path(name), "").unwrap();
    }
    let list = |path: &Path, entries_max| {
        let request = List { path: bytes(path), user: b"root".to_vec(), entries_max };
        let mut connection = agent.request(&Request::List(request));
        let mut names = Vec::new();
        loop {
            let frame = connection.next().expect("a frame");
            match frame.kind {
                kind::ENTRY => names.push(Entry::decode(&frame.payload).unwrap().path),
                _ => return (names, frame.kind, frame.payload),
            }
        }
    };
    let paths = |names: &[&str]| names.iter().map(|name| bytes(&scratch.path(name))).collect::<Vec<_>>();
    assert_eq!(list(&scratch.0, 100), (paths(&["Z", "a", "aa", "b"]), kind::DONE, vec![0]));
    assert_eq!(list(&scratch.0, 2), (paths(&["Z", "a"]), kind::DONE, vec![1]));
    assert_eq!(list(&scratch.0, 4).2, [0]);
    assert_eq!(list(&scratch.0, 0), (vec![], kind::DONE, vec![1]));
    assert_eq!(list(&scratch.path("a"), 1).1, kind::ERROR);
}

#[test]
fn makes_directories() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    let mkdir = |name: &str, mode, parents| {
        let request = Mkdir { path: bytes(&scratch.path(name)), user: b"daemon".to_vec(), mode, parents };
        agent.request(&Request::Mkdir(request))
    };
    let entry = mkdir("a/b/c", Some(0o2777), true).done_entry();
    assert_eq!((entry.kind, entry.mode, entry.uid, entry.gid), (EntryKind::Directory, 0o2777, 1, 1));
    assert_eq!(stat(&agent, &scratch.path("a/b"), false).done_entry().uid, 1);
    assert_eq!(mkdir("a/b/c", None, true).done_entry().mode, 0o2777);
    assert_eq!(mkdir("a/b/c", None, false).error_code(), "already_exists");
    assert_eq!(mkdir("x/y", None, false).error_code(), "not_found");
    assert_eq!(mkdir("x", None, false).done_entry().mode, 0o755);
    fs::write(scratch.path("file"), "").unwrap();
    assert_eq!(mkdir("file", None, true).error_code(), "already_exists");
    assert_eq!(mkdir("file/y/z", None, true).error_code(), "invalid_argument");
}

#[test]
fn moves_with_and_without_replacing() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    let relocate = |from: &Path, to: &Path, overwrite| {
        let request = Move { from: bytes(from), to: bytes(to), user: b"root".to_vec(), overwrite };
        agent.request(&Request::Move(request))
    };
    let (a, b, directory) = (scratch.path("a"), scratch.path("b"), scratch.path("d"));
    fs::write(&a, "new").unwrap();
    fs::write(&b, "old").unwrap();
    fs::create_dir(&directory).unwrap();
    assert_eq!(relocate(&a, &b, false).error_code(), "already_exists");
    assert_eq!(fs::read(&b).unwrap(), b"old");
    assert_eq!(relocate(&a, &b, true).done_entry().path, bytes(&b));
    assert_eq!(fs::read(&b).unwrap(), b"new");
    assert!(!a.exists());
    assert_eq!(relocate(&a, &b, true).error_code(), "not_found");
    assert_eq!(relocate(&b, &directory, true).error_code(), "invalid_argument");
    assert_eq!(relocate(&directory, &directory.join("x"), true).error_code(), "invalid_argument");
    assert_eq!(relocate(&directory, &scratch.path("e"), false).done_entry().kind, EntryKind::Directory);
}

#[test]
fn moves_files_to_another_file_system() {
    use std::os::unix::fs::MetadataExt;
    let agent = Agent::start();
    let scratch = Scratch::new();
    let other = Path::new("/dev/shm");
    let is_other = other.metadata().map_or(false, |metadata| metadata.dev() != scratch.0.metadata().unwrap().dev());
    if !is_other {
        return eprintln!("skipped: /dev/shm is on the same file system as the scratch directory");
    }
    let (from, to) = (scratch.path("a"), other.join(scratch.0.file_name().unwrap()));
    fs::write(&from, "content").unwrap();
    fs::set_permissions(&from, fs::Permissions::from_mode(0o640)).unwrap();
    let mtime_ns = stat(&agent, &from, false).done_entry().mtime_ns;
    let relocate = |from: &Path, overwrite| {
        let request = Move { from: bytes(from), to: bytes(&to), user: b"root".to_vec(), overwrite };
        agent.request(&Request::Move(request))
    };
    let entry = relocate(&from, false).done_entry();
    assert_eq!((entry.mode, entry.mtime_ns, entry.size_bytes), (0o640, mtime_ns, 7));
    assert!(!from.exists());
    fs::write(&from, "again").unwrap();
    assert_eq!(relocate(&from, false).error_code(), "already_exists");
    assert_eq!(fs::read(&to).unwrap(), b"content");
    fs::remove_file(&to).unwrap();
    fs::create_dir(scratch.path("d")).unwrap();
    assert_eq!(relocate(&scratch.path("d"), false).error_code(), "invalid_argument");
}

#[test]
fn a_moved_file_has_the_attributes_of_its_own_content() {
    use std::os::unix::fs::MetadataExt;
    let agent = Agent::start();
    let scratch = Scratch::new();
    let other = Path::new("/dev/shm");
    if !other.metadata().map_or(false, |metadata| metadata.dev() != scratch.0.metadata().unwrap().dev()) {
        return eprintln!("skipped: /dev/shm is on the same file system as the scratch directory");
    }
    let (from, to) = (scratch.path("from"), other.join(scratch.0.file_name().unwrap()));
    std::thread::scope(|scope| {
        let mover = scope.spawn(|| {
            for _ in 0..2000 {
                let request = Move { from: bytes(&from), to: bytes(&to), user: b"root".to_vec(), overwrite: true };
                let mut connection = agent.request(&Request::Move(request));
                if connection.next().expect("an answer").kind == kind::DONE {
                    let mode = fs::metadata(&to).unwrap().mode() & 0o777;
                    let content = fs::read_to_string(&to).unwrap();
                    assert_eq!(mode, if content == "public" { 0o644 } else { 0o600 }, "{content}");
                }
            }
        });
        // Public and secret files come to the path by turns, while it is moved
        let next = scratch.path("next");
        while !mover.is_finished() {
            for (content, mode) in [("public", 0o644), ("secret", 0o600)] {
                fs::write(&next, content).unwrap();
                fs::set_permissions(&next, fs::Permissions::from_mode(mode)).unwrap();
                fs::rename(&next, &from).unwrap();
            }
        }
    });
    let _ = fs::remove_file(&to);
}

#[test]
fn removes_files_and_trees_but_follows_no_symlink() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    let remove = |path: &Path, recursive| {
        let request = Remove { path: bytes(path), user: b"root".to_vec(), recursive };
        agent.request(&Request::Remove(request))
    };
    let (kept, tree) = (scratch.path("kept"), scratch.path("tree"));
    fs::create_dir_all(&kept).unwrap();
    fs::write(kept.join("file"), "").unwrap();
    for directory in ["a/b/c", "a/d", "e"] {
        fs::create_dir_all(tree.join(directory)).unwrap();
        for index in 0..50 {
            fs::write(tree.join(directory).join(format!("{index}")), "").unwrap();
        }
        symlink(&kept, tree.join(directory).join("link")).unwrap();
    }
    assert_eq!(remove(&tree, false).error_code(), "invalid_argument");
    assert_eq!(remove(&tree, true).done(), b"");
    assert!(!tree.exists() && kept.join("file").exists());
    symlink(&kept, scratch.path("link")).unwrap();
    remove(&scratch.path("link"), true).done();
    assert!(kept.join("file").exists());
    remove(&kept.join("file"), false).done();
    assert_eq!(remove(&kept.join("file"), false).error_code(), "not_found");
    assert_eq!(remove(Path::new("/"), true).error_code(), "invalid_argument");
}

#[test]
fn removes_a_tree_deeper_than_any_path() {
    let agent = Agent::start();
    let scratch = Scratch::new();
    // Each round hangs all there is under 500 new directories, so that no single path gets too long to name
    let (tree, next) = (scratch.path("tree"), scratch.path("next"));
    fs::create_dir(&tree).unwrap();
    for _ in 0..20 {
        let bottom = next.join("deep/".repeat(500));
        fs::create_dir_all(&bottom).unwrap();
        fs::write(bottom.join("file"), "").unwrap();
        fs::rename(&tree, bottom.join("tree")).unwrap();
        fs::rename(&next, &tree).unwrap();
    }
    let request = Remove { path: bytes(&tree), user: b"root".to_vec(), recursive: true };
    agent.request(&Request::Remove(request)).done();
    assert!(scratch.names().is_empty());
}
