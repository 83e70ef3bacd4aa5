//! Programs with the library preloaded, and the files they map.

pub mod pager;

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Once;

pub const PAGE_BYTES: usize = 4096;
pub const MEMORY_PATH: &str = "THAW_UFFD_MEMORY_PATH";
pub const SOCKET_PATH: &str = "THAW_UFFD_SOCKET_PATH";

/// Whether this process may open a userfaultfd; prints why a test is skipped when not.
pub fn has_userfaultfd() -> bool {
    let opened = fs::OpenOptions::new().read(true).write(true).open("/dev/userfaultfd");
    if let Err(error) = &opened {
        eprintln!("skipped: cannot open /dev/userfaultfd: {error}");
    }
    opened.is_ok()
}

/// A directory on a tmpfs, removed at the end.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        Self::below("/dev/shm")
    }

    pub fn below(parent: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("thaw-uffd-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(parent).join(name);
        fs::create_dir(&path).unwrap();
        Scratch(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A file of holes but for the given pages, each filled with its byte.
    pub fn file(&self, name: &str, page_count: usize, pages: &[(usize, u8)]) -> PathBuf {
        let path = self.path(name);
        let file = fs::File::create(&path).unwrap();
        file.set_len((page_count * PAGE_BYTES) as u64).unwrap();
        for (page, byte) in pages {
            file.write_all_at(&[*byte; PAGE_BYTES], (page * PAGE_BYTES) as u64).unwrap();
        }
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An argument of `map-memory`: whole pages of a file.
pub fn mapping(kind: &str, path: &Path, first_page: usize, page_count: usize) -> String {
    format!("{kind}:{}:{}:{}", path.display(), first_page * PAGE_BYTES, page_count * PAGE_BYTES)
}

/// Cargo builds a library for tests only when they link it. Other test programs wait for the same build.
fn build_library() -> PathBuf {
    static BUILD: Once = Once::new();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("library");
    BUILD.call_once(|| {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--offline", "--locked", "--lib"])
            .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), "--target-dir"])
            .arg(&target)
            .status()
            .unwrap();
        assert!(status.success(), "cargo builds the library");
    });
    target.join("debug/libqemu_uffd.so")
}

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub exit_code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Starts `map-memory` with the library preloaded.
pub fn start(environment: &[(&str, &Path)], mappings: &[String]) -> Child {
    let deps = std::env::current_exe().unwrap().parent().unwrap().to_path_buf();
    Command::new(deps.parent().unwrap().join("examples/map-memory"))
        .args(mappings)
        .env_remove(MEMORY_PATH)
        .env_remove(SOCKET_PATH)
        .envs(environment.iter().copied())
        .env("LD_PRELOAD", build_library())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cargo has built the example")
}

pub fn finish(child: Child) -> Outcome {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Outcome { exit_code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

pub fn run(environment: &[(&str, &Path)], mappings: &[String]) -> Outcome {
    finish(start(environment, mappings))
}
