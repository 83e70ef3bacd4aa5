//! The agent as PID 1, in name spaces of its own. It is never configured, because that would set this machine's clock.

mod support;

use guest_agent::wire::frame::{encode_frame, kind};
use guest_agent::wire::preamble::{encode_preamble, AccessToken};
use guest_agent::wire::request::Request;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::io::AsRawFd;
use std::process::{Child, Command, Stdio};
use support::{eventually, Connection, PATIENCE, TOKEN};

extern "C" {
    fn setns(fd: i32, kind: i32) -> i32;
}

const CLONE_NEWNET: i32 = 0x4000_0000;

struct Init {
    unshare: Child,
    port: u16,
}

impl Init {
    /// None, with the reason on standard error, where name spaces cannot be had.
    fn start() -> Option<Self> {
        let mut unshare = Command::new("unshare")
            .args(["--pid", "--net", "--mount", "--uts", "--fork", "--kill-child"])
            .args([env!("CARGO_BIN_EXE_guest-agent"), "--port", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| eprintln!("skipped: cannot run unshare: {error}"))
            .ok()?;
        let mut line = String::new();
        BufReader::new(unshare.stdout.take().unwrap()).read_line(&mut line).unwrap();
        match line.trim().strip_prefix("listening ") {
            Some(port) => Some(Init { port: port.parse().unwrap(), unshare }),
            None => {
                let _ = unshare.wait();
                eprintln!("skipped: name spaces need root");
                None
            }
        }
    }

    /// Runs inside the agent's network.
    fn inside<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        let network = File::open(format!("/proc/{}/ns/net", self.unshare.id())).unwrap();
        std::thread::scope(|scope| {
            let thread = scope.spawn(move || {
                // SAFETY: integers only; it changes the network of this thread alone.
                assert_eq!(unsafe { setns(network.as_raw_fd(), CLONE_NEWNET) }, 0);
                act()
            });
            thread.join().unwrap()
        })
    }

    fn connect(&self, address: Ipv4Addr) -> TcpStream {
        let socket = self.inside(|| TcpStream::connect((address, self.port))).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket
    }
}

impl Drop for Init {
    fn drop(&mut self) {
        let _ = self.unshare.kill();
        let _ = self.unshare.wait();
    }
}

/// All that comes for a request until the end of the connection, also when it is reset.
fn answer(mut socket: TcpStream) -> Vec<u8> {
    let opening =
        [&encode_preamble(&AccessToken(TOKEN))[..], &encode_frame(kind::REQUEST, &Request::Ping.encode())].concat();
    let _ = socket.write_all(&opening);
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    answer
}

fn ip(arguments: &[&str]) -> bool {
    Command::new("ip").args(arguments).status().map_or(false, |status| status.success())
}

#[test]
fn drops_connections_from_inside_without_an_answer() {
    let init = match Init::start() {
        Some(init) => init,
        None => return,
    };
    for address in [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 3, 2, 1)] {
        assert_eq!(answer(init.connect(address)), b"");
    }
    let own = Ipv4Addr::new(169, 254, 0, 21);
    if !init.inside(|| ip(&["address", "add", "169.254.0.21/30", "dev", "lo"])) {
        return eprintln!("skipped the rest: the ip command is missing");
    }
    assert_eq!(answer(init.connect(own)), b"");
}

#[test]
fn strangers_inside_cannot_keep_the_host_out() {
    let (init, host) = match (Init::start(), Init::start()) {
        (Some(init), Some(host)) => (init, host),
        _ => return,
    };
    // The second machine is here for its network only: the host's end of a cable
    let guest_network = init.unshare.id().to_string();
    let cable = ["link", "add", "host", "type", "veth", "peer", "name", "guest", "netns", &guest_network];
    let is_linked = host.inside(|| {
        ip(&cable) && ip(&["address", "add", "169.254.0.22/30", "dev", "host"]) && ip(&["link", "set", "host", "up"])
    }) && init
        .inside(|| ip(&["address", "add", "169.254.0.21/30", "dev", "guest"]) && ip(&["link", "set", "guest", "up"]));
    if !is_linked {
        return eprintln!("skipped: there is no ip command, or no veth");
    }
    let own = Ipv4Addr::new(169, 254, 0, 21);
    let mut strangers = Vec::new();
    for _ in 0..150 {
        strangers.push(init.connect(Ipv4Addr::LOCALHOST));
        strangers.push(init.connect(own));
    }
    let ping = || {
        let socket = host.inside(|| TcpStream::connect((own, init.port))).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut connection = Connection { socket };
        connection.socket.write_all(&encode_preamble(&AccessToken(TOKEN))).unwrap();
        connection.request(&Request::Ping).error_code()
    };
    // It is served: the agent has never been configured
    eventually("the host is served", || ping() == "unavailable");
    drop(strangers);
}
