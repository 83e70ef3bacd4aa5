//! Accepting connections: one thread for each.

use crate::agent::Agent;
use crate::client::Client;
use crate::connection;
use crate::newcomers::Newcomers;
use crate::origin::is_stranger;
use crate::sys::descriptor::keep_alive;
use std::net::{IpAddr, TcpListener, TcpStream};
use std::time::Duration;

/// Enough for every operation: none recurses, and large buffers are on the heap.
pub const STACK_BYTES: usize = 256 * 1024;
/// The pause after an accept that failed, for lack of descriptors for example.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

static NEWCOMERS: Newcomers = Newcomers::new();

pub fn serve_for_ever(agent: &'static Agent, listener: &TcpListener) -> ! {
    loop {
        match listener.accept() {
            Ok((socket, peer)) => accept(agent, socket, peer.ip()),
            Err(_) => std::thread::sleep(ACCEPT_RETRY),
        }
    }
}

fn accept(agent: &'static Agent, socket: TcpStream, peer: IpAddr) {
    match socket.local_addr() {
        Ok(local) if !is_stranger(agent.role, peer, local.ip()) => {}
        _ => return,
    }
    // A socket that refuses its options is dead already, which its first read will tell.
    let _ = socket.set_nodelay(true);
    let _ = keep_alive(&socket);
    // Without a place, or a thread, the connection is dropped, which closes it.
    if let Ok(place) = NEWCOMERS.admit(&socket) {
        let client = Client::new(socket, place);
        let _ = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || connection::serve(agent, client));
    }
}
