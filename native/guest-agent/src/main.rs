//! The process: options, what PID 1 owes its machine, then the server.

use guest_agent::agent::{Agent, Role};
use guest_agent::options::{Options, Startup};
use guest_agent::{init, server, sys};
use std::io::{self, Write};
use std::time::Duration;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// As PID 1 there is nothing to fall back to, so a port that cannot be bound is tried again.
const BIND_RETRY: Duration = Duration::from_secs(1);

fn main() {
    let options = match Startup::parse(std::env::args().skip(1)) {
        Ok(Startup::Run(options)) => options,
        Ok(Startup::ShowVersion) => return println!("thaw guest-agent {VERSION}"),
        Err(reason) => fail(&reason),
    };
    if options.role == Role::Init && sys::process::own_pid() != 1 {
        fail("only PID 1 can be init; pass --no-init to run as an ordinary process");
    }
    prepare_process();
    if options.role == Role::Init {
        init::prepare_machine();
    }
    let agent: &'static Agent = Box::leak(Box::new(Agent::new(options.role)));
    std::thread::Builder::new()
        .name("reaper".into())
        .stack_size(server::STACK_BYTES)
        .spawn(|| agent.children.reap_for_ever())
        .unwrap_or_else(|error| fail(&format!("cannot start the reaper: {error}")));
    let listener = listen(&options);
    let port = listener.local_addr().map_or(options.port, |address| address.port());
    if options.port == 0 {
        println!("listening {port}");
    }
    // The console may be gone or closed; that is no reason to stop.
    let _ = writeln!(io::stderr(), "thaw guest-agent {VERSION} listening on {port}");
    server::serve_for_ever(agent, &listener)
}

fn listen(options: &Options) -> std::net::TcpListener {
    loop {
        match std::net::TcpListener::bind((options.listen, options.port)) {
            Ok(listener) => return listener,
            Err(error) if options.role == Role::Init => {
                let _ = writeln!(io::stderr(), "thaw guest-agent: cannot listen on {}: {error}", options.port);
                std::thread::sleep(BIND_RETRY);
            }
            Err(error) => fail(&format!("cannot listen on {}: {error}", options.port)),
        }
    }
}

/// What the agent needs of its own process, as PID 1 or not.
fn prepare_process() {
    use sys::signals;
    // A closed connection is an error of a write, not the end of the agent.
    signals::ignore(signals::SIGPIPE);
    // An inherited "ignore" would make the kernel reap the children itself.
    signals::reset(signals::SIGCHLD);
    sys::limits::set_mode_mask(0o022);
    // Best effort: without privileges the agent is simply killed like others.
    let _ = std::fs::write("/proc/self/oom_score_adj", "-1000");
}

fn fail(reason: &str) -> ! {
    eprintln!("thaw guest-agent: {reason}");
    std::process::exit(2)
}
