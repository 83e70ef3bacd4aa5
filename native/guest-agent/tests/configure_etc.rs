//! `configure` writes files of `/etc`, whatever the guest has put in their places.

mod support;

use guest_agent::configure::etc::write_files;
use guest_agent::wire::request::{Configure, Request};
use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::{symlink, MetadataExt};
use std::path::Path;
use std::sync::mpsc::channel;
use support::{configure_request, make_fifo, Scratch, PATIENCE};

fn request() -> Configure {
    match configure_request() {
        Request::Configure(configure) => configure,
        _ => unreachable!(),
    }
}

/// Fails when it does not come to its end.
fn write(etc: &Path) {
    let (done, is_done) = channel();
    let etc = etc.to_path_buf();
    std::thread::spawn(move || {
        let server: IpAddr = "10.0.0.1".parse().unwrap();
        write_files(&etc, &request(), &[server]);
        done.send(()).unwrap();
    });
    is_done.recv_timeout(PATIENCE).expect("the files are written");
}

fn assert_written(scratch: &Scratch) {
    let read = |name: &str| fs::read_to_string(scratch.path(name)).unwrap();
    assert_eq!(read("hostname"), "test\n");
    assert!(read("hosts").ends_with("127.0.1.1\ttest\n"));
    assert_eq!(read("machine-id"), "01".repeat(16) + "\n");
    assert_eq!(read("resolv.conf"), "nameserver 10.0.0.1\n");
    assert_eq!(scratch.names(), ["hostname", "hosts", "machine-id", "resolv.conf"]);
}

const NAMES: [&str; 4] = ["hostname", "hosts", "machine-id", "resolv.conf"];

#[test]
fn writes_new_files() {
    let scratch = Scratch::new();
    write(&scratch.0);
    assert_written(&scratch);
    fs::write(scratch.path("hosts"), "10.0.0.9 other\n").unwrap();
    write(&scratch.0);
    assert_eq!(fs::read(scratch.path("hosts")).unwrap(), b"10.0.0.9 other\n127.0.1.1\ttest\n");
}

#[test]
fn waits_for_no_fifo() {
    let scratch = Scratch::new();
    for name in NAMES {
        make_fifo(&scratch.path(name));
        make_fifo(&scratch.path(&format!("{name}.thaw")));
    }
    write(&scratch.0);
    assert_written(&scratch);
}

#[test]
fn follows_no_symlink_and_reads_no_device() {
    let scratch = Scratch::new();
    let outside = Scratch::new();
    fs::write(outside.path("kept"), "kept").unwrap();
    symlink("/dev/zero", scratch.path("hosts")).unwrap();
    symlink(outside.path("kept"), scratch.path("resolv.conf")).unwrap();
    for name in NAMES {
        symlink(outside.path("kept"), scratch.path(&format!("{name}.thaw"))).unwrap();
    }
    write(&scratch.0);
    assert_written(&scratch);
    assert_eq!(fs::read(outside.path("kept")).unwrap(), b"kept");
}

#[test]
fn leaves_a_huge_hosts_file_alone() {
    let scratch = Scratch::new();
    let file = fs::File::create(scratch.path("hosts")).unwrap();
    file.set_len(1 << 40).unwrap();
    write(&scratch.0);
    assert_eq!(fs::metadata(scratch.path("hosts")).unwrap().len(), 1 << 40);
    assert!(scratch.path("hostname").exists());
}

#[test]
fn leaves_a_file_that_says_the_same_but_no_symlink_to_one() {
    let scratch = Scratch::new();
    let outside = Scratch::new();
    write(&scratch.0);
    let inodes = || NAMES.map(|name| fs::symlink_metadata(scratch.path(name)).unwrap().ino());
    let before = inodes();
    write(&scratch.0);
    assert_eq!(inodes(), before);
    fs::rename(scratch.path("machine-id"), outside.path("machine-id")).unwrap();
    symlink(outside.path("machine-id"), scratch.path("machine-id")).unwrap();
    write(&scratch.0);
    assert_written(&scratch);
    assert!(fs::symlink_metadata(scratch.path("machine-id")).unwrap().is_file());
}
