//! Starts the real agent as an ordinary process and speaks the protocol with it.

#![allow(dead_code)]

use guest_agent::wire::entry::Entry;
use guest_agent::wire::frame::{encode_frame, kind, Frame};
use guest_agent::wire::preamble::{encode_preamble, AccessToken};
use guest_agent::wire::reply::{decode_error, Exit};
use guest_agent::wire::request::{Configure, Exec, Request};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub const TOKEN: [u8; 32] = [7; 32];
/// Long enough for anything the tests wait for, on a busy machine too.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Agent {
    process: std::process::Child,
    pub port: u16,
}

impl Agent {
    pub fn start_unconfigured() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_guest-agent"))
            .args(["--no-init", "--port", "0", "--listen", "127.0.0.1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the agent starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("listening ").expect("a port").parse().unwrap();
        Agent { process, port }
    }

    /// Configured with `TOKEN` and the environment `CONFIGURED=yes`.
    pub fn start() -> Self {
        let agent = Self::start_unconfigured();
        agent.connect(&TOKEN).request(&configure_request()).done();
        agent
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub fn connect_raw(&self) -> Connection {
        let socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_nodelay(true).unwrap();
        Connection { socket }
    }

    pub fn connect(&self, token: &[u8; 32]) -> Connection {
        let mut connection = self.connect_raw();
        connection.socket.write_all(&encode_preamble(&AccessToken(*token))).unwrap();
        connection
    }

    pub fn request(&self, request: &Request) -> Connection {
        self.connect(&TOKEN).request(request)
    }

    pub fn exec(&self, request: Exec) -> Connection {
        self.request(&Request::Exec(request))
    }

    pub fn run(&self, request: Exec) -> Outcome {
        self.exec(request).outcome()
    }

    pub fn shell(&self, script: &str) -> Outcome {
        self.run(shell(script))
    }

    pub fn descriptor_count(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap().count()
    }

    pub fn thread_count(&self) -> usize {
        fs::read_dir(format!("/proc/{}/task", self.pid())).unwrap().count()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn configure_request() -> Request {
    Request::Configure(Configure {
        token: TOKEN,
        host_name: b"test".to_vec(),
        machine_id: [1; 16],
        wall_clock_ns: 1,
        entropy: vec![0; 32],
        environment: Some(vec![(b"CONFIGURED".to_vec(), b"yes".to_vec())]),
        dns_servers: vec![b"10.0.0.1".to_vec()],
    })
}

pub fn command(argv: &[&[u8]]) -> Exec {
    Exec {
        argv: argv.iter().map(|argument| argument.to_vec()).collect(),
        environment: vec![],
        cwd: b"/".to_vec(),
        user: b"root".to_vec(),
        pty: None,
        stdin: false,
        timeout_ms: 0,
        kill_on_disconnect: true,
    }
}

pub fn shell(script: &str) -> Exec {
    command(&[b"sh", b"-c", script.as_bytes()])
}

pub struct Connection {
    pub socket: TcpStream,
}

/// What an exec sent.
#[derive(Debug)]
pub struct Outcome {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub exit: Exit,
}

impl Connection {
    pub fn request(mut self, request: &Request) -> Self {
        self.send(kind::REQUEST, &request.encode());
        self
    }

    pub fn send(&mut self, kind: u8, payload: &[u8]) {
        self.socket.write_all(&encode_frame(kind, payload)).unwrap();
    }

    /// The next frame; none at the end of the connection.
    pub fn next(&mut self) -> Option<Frame> {
        let mut header = [0; 5];
        self.socket.read_exact(&mut header).ok()?;
        let length = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let mut payload = vec![0; length];
        self.socket.read_exact(&mut payload).unwrap();
        Some(Frame { kind: header[4], payload })
    }

    pub fn expect(&mut self, kind: u8) -> Vec<u8> {
        let frame = self.next().expect("a frame");
        let text = String::from_utf8_lossy(&frame.payload).into_owned();
        assert_eq!(frame.kind, kind, "{text}");
        frame.payload
    }

    /// The payload of DONE, after which the connection ends.
    pub fn done(mut self) -> Vec<u8> {
        let payload = self.expect(kind::DONE);
        assert_eq!(self.next(), None);
        payload
    }

    pub fn done_entry(self) -> Entry {
        Entry::decode(&self.done()).unwrap()
    }

    /// Code and message of the ERROR that ends the operation; other frames before it are skipped.
    pub fn error(&mut self) -> (String, String) {
        loop {
            let frame = self.next().expect("an error");
            if frame.kind == kind::ERROR {
                let (code, message) = decode_error(&frame.payload).unwrap();
                assert_eq!(self.next(), None);
                return (String::from_utf8(code).unwrap(), String::from_utf8(message).unwrap());
            }
        }
    }

    pub fn error_code(&mut self) -> String {
        self.error().0
    }

    pub fn started(&mut self) -> i32 {
        let payload = self.expect(kind::STARTED);
        u32::from_le_bytes([payload[0], payload[1], payload[2], payload[3]]) as i32
    }

    pub fn outcome(mut self) -> Outcome {
        self.started();
        self.rest()
    }

    pub fn rest(&mut self) -> Outcome {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        loop {
            let frame = self.next().expect("a frame before EXIT");
            match frame.kind {
                kind::STDOUT => stdout.extend(frame.payload),
                kind::STDERR => stderr.extend(frame.payload),
                kind::STDIN_CONSUMED => {}
                kind::EXIT => {
                    assert_eq!(self.next(), None);
                    return Outcome { stdout, stderr, exit: Exit::decode(&frame.payload).unwrap() };
                }
                other => panic!("frame {other:#x}: {}", String::from_utf8_lossy(&frame.payload)),
            }
        }
    }

    pub fn disconnect(self) {
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// A directory that anybody may write to, removed at the end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("thaw-agent-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        Scratch(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}

pub fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Waits for a condition, and fails when it does not come true.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn is_alive(pid: i32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}
