//! The kernel's file systems and the directories programs expect, as far as the initramfs has not mounted them.

use super::report;
use crate::sys::machine::{mount, Mount, MOUNT_NODEV, MOUNT_NOEXEC, MOUNT_NOSUID};
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// In the order in which they lie in each other.
const MOUNTS: [Mount; 6] = [
    Mount { kind: "proc", target: "/proc", flags: MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC, options: "" },
    Mount { kind: "sysfs", target: "/sys", flags: MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC, options: "" },
    Mount { kind: "devtmpfs", target: "/dev", flags: MOUNT_NOSUID, options: "mode=755" },
    Mount {
        kind: "devpts",
        target: "/dev/pts",
        flags: MOUNT_NOSUID | MOUNT_NOEXEC,
        // 5 is the group `tty` of Debian and most others.
        options: "gid=5,mode=620,ptmxmode=666",
    },
    Mount { kind: "tmpfs", target: "/dev/shm", flags: MOUNT_NOSUID | MOUNT_NODEV, options: "mode=1777" },
    Mount { kind: "tmpfs", target: "/run", flags: MOUNT_NOSUID | MOUNT_NODEV, options: "mode=755" },
];

pub fn mount_missing() {
    for request in &MOUNTS {
        if !is_mount_point(Path::new(request.target)) {
            report(&format!("mount {}", request.target), mount_at(request));
        }
    }
    report("make /tmp", make_tmp());
}

fn mount_at(request: &Mount) -> io::Result<()> {
    // A read-only root may have the directory already; mount says when it has not.
    let _ = fs::create_dir_all(request.target);
    mount(request)
}

/// A directory on another device than the one it lies in.
fn is_mount_point(path: &Path) -> bool {
    match (fs::metadata(path), fs::metadata(path.join(".."))) {
        (Ok(here), Ok(above)) => here.dev() != above.dev(),
        _ => false,
    }
}

/// `/tmp` stays on the root file system, so that a snapshot of it has what programs left there.
fn make_tmp() -> io::Result<()> {
    let path = Path::new("/tmp");
    if !path.is_dir() {
        fs::create_dir_all(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o1777))?;
    }
    Ok(())
}
