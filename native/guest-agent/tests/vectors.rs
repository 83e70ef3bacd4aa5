//! The codec against the golden vectors: every vector is encoded from its values and decoded back.

#[path = "support/vectors.rs"]
mod vectors;

use guest_agent::wire::entry::{Entry, EntryKind};
use guest_agent::wire::error_code::ErrorCode;
use guest_agent::wire::frame::{encode_frame, kind, FrameDecoder, PAYLOAD_BYTES_MAX};
use guest_agent::wire::preamble::{decode_preamble, encode_preamble, AccessToken, PreambleError, PREAMBLE_BYTES};
use guest_agent::wire::reply::{self, Exit};
use guest_agent::wire::request::{self, Request};
use std::collections::BTreeMap;

const MTIME_NS: i64 = 1_700_000_000_123_456_789;

fn pair(name: &str, value: &[u8]) -> (Vec<u8>, Vec<u8>) {
    (name.into(), value.into())
}

fn token() -> [u8; 32] {
    std::array::from_fn(|index| index as u8)
}

fn requests() -> Vec<(&'static str, Request)> {
    let configure_full = request::Configure {
        token: token(),
        host_name: b"sandbox-1".to_vec(),
        machine_id: std::array::from_fn(|index| 0xa0 + index as u8),
        wall_clock_ns: MTIME_NS as u64,
        entropy: vec![0xee; 32],
        environment: Some(vec![pair("LANG", b"C"), pair("EMPTY", b"")]),
        dns_servers: vec![b"10.0.0.1".to_vec(), b"fd00::1".to_vec()],
    };
    let configure_minimal = request::Configure {
        token: [0xff; 32],
        host_name: b"a".to_vec(),
        machine_id: [0; 16],
        wall_clock_ns: 0,
        entropy: vec![0; 32],
        environment: None,
        dns_servers: vec![],
    };
    let configure_emptied = request::Configure { environment: Some(vec![]), ..configure_minimal.clone() };
    let exec_full = request::Exec {
        argv: vec![b"sh".to_vec(), b"-c".to_vec(), b"\xff".to_vec()],
        environment: vec![pair("A", b"1"), pair("B", b"\xfe=")],
        cwd: b"/srv".to_vec(),
        user: b"user".to_vec(),
        pty: Some((120, 40)),
        stdin: true,
        timeout_ms: 60_000,
        kill_on_disconnect: true,
    };
    let exec_minimal = request::Exec {
        argv: vec![b"true".to_vec()],
        environment: vec![],
        cwd: vec![],
        user: vec![],
        pty: None,
        stdin: false,
        timeout_ms: 0,
        kill_on_disconnect: false,
    };
    let mut all = vec![
        ("request.configure.full", Request::Configure(configure_full)),
        ("request.configure.minimal", Request::Configure(configure_minimal)),
        ("request.configure.emptied", Request::Configure(configure_emptied)),
        ("request.exec.full", Request::Exec(exec_full)),
        ("request.exec.minimal", Request::Exec(exec_minimal)),
        ("request.ping", Request::Ping),
    ];
    all.extend(file_requests());
    all
}

fn file_requests() -> Vec<(&'static str, Request)> {
    let bytes = |text: &str| text.as_bytes().to_vec();
    let range = request::ReadFile {
        path: bytes("/etc/hosts"),
        user: bytes("root"),
        offset_bytes: 1 << 32,
        length_bytes: Some(10),
    };
    let whole = request::ReadFile { path: bytes("a"), user: vec![], offset_bytes: 0, length_bytes: None };
    let with_mode = request::WriteFile { path: b"/tmp/\xc3\xa9\xff".to_vec(), user: bytes("user"), mode: Some(0o600) };
    let with_default = request::WriteFile { path: bytes("f"), user: vec![], mode: None };
    let mkdir = request::Mkdir { path: bytes("/a/b"), user: vec![], mode: Some(0o1777), parents: true };
    let relocate = request::Move { from: bytes("/a"), to: bytes("/b"), user: bytes("user"), overwrite: false };
    vec![
        ("request.read_file.range", Request::ReadFile(range)),
        ("request.read_file.whole", Request::ReadFile(whole)),
        ("request.write_file.mode", Request::WriteFile(with_mode)),
        ("request.write_file.default", Request::WriteFile(with_default)),
        (
            "request.stat",
            Request::Stat(request::Stat { path: bytes("/"), user: bytes("daemon"), follow_symlink: true }),
        ),
        ("request.list", Request::List(request::List { path: bytes("/usr"), user: vec![], entries_max: 1000 })),
        ("request.mkdir", Request::Mkdir(mkdir)),
        ("request.move", Request::Move(relocate)),
        ("request.remove", Request::Remove(request::Remove { path: bytes("/a"), user: vec![], recursive: true })),
    ]
}

fn file_entry() -> Entry {
    Entry {
        path: b"/home/user/a.txt".to_vec(),
        kind: EntryKind::File,
        mode: 0o644,
        uid: 1000,
        gid: 1000,
        owner_name: b"user".to_vec(),
        group_name: b"user".to_vec(),
        size_bytes: 5,
        mtime_ns: MTIME_NS,
        symlink_target: None,
    }
}

fn root_entry(path: &str, kind: EntryKind, mode: u32, size_bytes: u64) -> Entry {
    Entry {
        path: path.into(),
        kind,
        mode,
        uid: 0,
        gid: 0,
        owner_name: b"root".to_vec(),
        group_name: b"root".to_vec(),
        size_bytes,
        mtime_ns: 0,
        symlink_target: None,
    }
}

fn entries() -> Vec<(&'static str, Entry)> {
    let symlink = Entry {
        path: b"/\xff".to_vec(),
        kind: EntryKind::Symlink,
        mode: 0o777,
        uid: 7,
        gid: 4_294_967_294,
        owner_name: vec![],
        group_name: vec![],
        size_bytes: u64::MAX,
        mtime_ns: -1,
        symlink_target: Some(b"../x".to_vec()),
    };
    vec![
        ("entry.file", file_entry()),
        ("entry.symlink", symlink),
        ("entry.directory", root_entry("/tmp", EntryKind::Directory, 0o1777, 4096)),
        ("entry.other", root_entry("/dev/null", EntryKind::Other, 0o666, 0)),
    ]
}

fn frames() -> Vec<(&'static str, u8, Vec<u8>)> {
    let exited = Exit { code: 3, signal: 0, timed_out: false, duration_ms: 17 };
    let killed = Exit { code: 137, signal: 9, timed_out: true, duration_ms: 1 << 32 };
    let message = "cannot open \"/x\": no such file or directory";
    vec![
        ("frame.request", kind::REQUEST, Request::Ping.encode()),
        ("frame.stdin", kind::STDIN, b"hello\n".to_vec()),
        ("frame.close_stdin", kind::CLOSE_STDIN, vec![]),
        ("frame.signal", kind::SIGNAL, vec![15, 0, 0, 0]),
        ("frame.resize", kind::RESIZE, vec![132, 0, 43, 0]),
        ("frame.data", kind::DATA, vec![0, 255]),
        ("frame.end", kind::END, vec![]),
        ("frame.done.empty", kind::DONE, vec![]),
        ("frame.done.entry", kind::DONE, file_entry().encode()),
        ("frame.done.truncated", kind::DONE, reply::encode_truncated(true)),
        ("frame.done.ping", kind::DONE, reply::encode_pong("0.1.0", 123_456)),
        ("frame.error", kind::ERROR, reply::encode_error(ErrorCode::NotFound, message)),
        ("frame.started", kind::STARTED, reply::encode_started(4242)),
        ("frame.stdout", kind::STDOUT, b"out\xff".to_vec()),
        ("frame.stderr", kind::STDERR, b"err".to_vec()),
        ("frame.stdin_consumed", kind::STDIN_CONSUMED, reply::encode_stdin_consumed(65536)),
        ("frame.exit.code", kind::EXIT, exited.encode()),
        ("frame.exit.signal", kind::EXIT, killed.encode()),
        ("frame.entry", kind::ENTRY, file_entry().encode()),
    ]
}

#[test]
fn encodes_and_decodes_every_vector() {
    let mut left: BTreeMap<_, _> = vectors::load_vectors().into_iter().collect();
    let mut take = |name: &str| left.remove(name).unwrap_or_else(|| panic!("no vector {name}"));
    assert_eq!(encode_preamble(&AccessToken(token())).to_vec(), take("preamble"));
    for (name, request) in requests() {
        let bytes = take(name);
        assert_eq!(request.encode(), bytes, "{name}");
        assert!(Request::decode(&bytes).ok() == Some(request), "{name}");
    }
    for (name, entry) in entries() {
        let bytes = take(name);
        assert_eq!(entry.encode(), bytes, "{name}");
        assert_eq!(Entry::decode(&bytes), Ok(entry), "{name}");
    }
    for (name, kind, payload) in frames() {
        let bytes = take(name);
        assert_eq!(encode_frame(kind, &payload), bytes, "{name}");
        let mut decoder = FrameDecoder::new(PAYLOAD_BYTES_MAX);
        decoder.push(&bytes);
        let frame = decoder.next_frame().unwrap().unwrap();
        assert_eq!((frame.kind, frame.payload), (kind, payload), "{name}");
        if kind == kind::EXIT {
            assert_eq!(Exit::decode(&bytes[5..]).unwrap().encode(), bytes[5..], "{name}");
        }
    }
    for (name, bytes) in left {
        assert!(name.starts_with("invalid."), "{name} is not tested");
        assert!(Request::decode(&bytes).is_err(), "{name}");
    }
}

#[test]
fn refuses_other_preambles() {
    let mut bytes: [u8; PREAMBLE_BYTES] = encode_preamble(&AccessToken(token()));
    assert!(decode_preamble(&bytes).map_or(false, |found| found.matches(&AccessToken(token()))));
    bytes[6] = 2;
    assert_eq!(decode_preamble(&bytes).err(), Some(PreambleError::UnknownVersion(2)));
    bytes[0] = b'X';
    assert_eq!(decode_preamble(&bytes).err(), Some(PreambleError::NotThisProtocol));
}

#[test]
fn tokens_match_only_themselves() {
    let mut other = token();
    assert!(AccessToken(token()).matches(&AccessToken(other)));
    other[31] ^= 1;
    assert!(!AccessToken(token()).matches(&AccessToken(other)));
}

#[test]
fn cuts_frames_from_single_bytes() {
    let mut decoder = FrameDecoder::new(10);
    let stream = [encode_frame(2, b"abc"), encode_frame(3, b"")].concat();
    let mut kinds = Vec::new();
    for byte in stream {
        decoder.push(&[byte]);
        while let Some(frame) = decoder.next_frame().unwrap() {
            kinds.push(frame.kind);
        }
    }
    assert_eq!(kinds, [2, 3]);
    decoder.push(&encode_frame(2, &[0; 11])[..5]);
    assert!(decoder.next_frame().is_err());
}
