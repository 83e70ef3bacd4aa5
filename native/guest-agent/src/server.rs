//! Accepting connections: one thread for each, and a bound on their number.

use crate::agent::Agent;
use crate::client::Client;
use crate::connection;
use crate::failure::AgentError;
use crate::sys::descriptor::keep_alive;
use crate::wire::error_code::ErrorCode;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub const CONNECTIONS_MAX: usize = 256;
/// Connections beyond the bound that are told so; any further are just closed.
const REFUSALS_MAX: usize = 16;
/// Enough for every operation: none recurses, and large buffers are on the heap.
pub const STACK_BYTES: usize = 256 * 1024;
/// The pause after an accept that failed, for lack of descriptors for example.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// The number of something that is bounded.
struct Bound {
    taken: AtomicUsize,
    max: usize,
}

static CONNECTIONS: Bound = Bound::new(CONNECTIONS_MAX);
static REFUSALS: Bound = Bound::new(REFUSALS_MAX);

/// One place within a bound, given back when dropped.
pub struct Permit {
    bound: &'static Bound,
}

impl Bound {
    const fn new(max: usize) -> Self {
        Bound { taken: AtomicUsize::new(0), max }
    }

    fn acquire(&'static self) -> Option<Permit> {
        let before = self.taken.fetch_add(1, Ordering::SeqCst);
        let permit = Permit { bound: self };
        // When this was one too many, dropping the permit takes it back.
        if before < self.max {
            Some(permit)
        } else {
            None
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.bound.taken.fetch_sub(1, Ordering::SeqCst);
    }
}

pub fn serve_for_ever(agent: &'static Agent, listener: &TcpListener) -> ! {
    loop {
        match listener.accept() {
            Ok((socket, _)) => accept(agent, socket),
            Err(_) => std::thread::sleep(ACCEPT_RETRY),
        }
    }
}

fn accept(agent: &'static Agent, socket: TcpStream) {
    // A socket that refuses its options is dead already, which its first read will tell.
    let _ = socket.set_nodelay(true);
    let _ = keep_alive(&socket);
    if let Some(permit) = CONNECTIONS.acquire() {
        let client = Client::new(socket, permit);
        start_thread(move || connection::serve(agent, client));
    } else if let Some(permit) = REFUSALS.acquire() {
        let client = Client::new(socket, permit);
        let message = format!("the agent serves {CONNECTIONS_MAX} connections already");
        let error = AgentError::new(ErrorCode::CapacityExhausted, message);
        start_thread(move || client.conclude(Err(error.into())));
    }
}

fn start_thread(serve: impl FnOnce() + Send + 'static) {
    // Without a thread the connection is dropped, which closes it.
    let _ = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(serve);
}
