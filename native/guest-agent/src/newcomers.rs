//! Connections that have not shown the token yet. They have few places, and those of authenticated clients are not
//! among them. When all are taken, whoever came first loses its place to the next, so that strangers who only stay
//! cannot keep the host out.

use crate::agent::lock;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub const NEWCOMERS_MAX: usize = 16;
/// How long nobody loses its place. A client sends the token as soon as it is connected.
pub const GRACE: Duration = Duration::from_millis(250);

/// All that are present, the first come first.
pub struct Newcomers {
    room: Mutex<Room>,
    left: Condvar,
}

struct Room {
    next_number: u64,
    present: Vec<Newcomer>,
}

struct Newcomer {
    number: u64,
    since: Instant,
    /// To shut it down with; its thread has another handle of the same connection.
    socket: TcpStream,
}

/// A newcomer's place, given back when dropped.
pub struct Place {
    newcomers: &'static Newcomers,
    number: u64,
}

impl Newcomers {
    pub const fn new() -> Self {
        Newcomers { room: Mutex::new(Room { next_number: 0, present: Vec::new() }), left: Condvar::new() }
    }

    /// Waits for a place, at most as long as the first of those present has not been there for `GRACE`.
    pub fn admit(&'static self, socket: &TcpStream) -> io::Result<Place> {
        let socket = socket.try_clone()?;
        let mut room = lock(&self.room);
        while room.present.len() >= NEWCOMERS_MAX {
            let left = GRACE.saturating_sub(room.present[0].since.elapsed());
            if left.is_zero() {
                // Fails only for a connection that is gone.
                let _ = room.present.remove(0).socket.shutdown(Shutdown::Both);
            } else {
                room = self.left.wait_timeout(room, left).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        let number = room.next_number;
        room.next_number += 1;
        room.present.push(Newcomer { number, since: Instant::now(), socket });
        Ok(Place { newcomers: self, number })
    }

    /// Whether it was still present.
    fn remove(&self, number: u64) -> bool {
        let mut room = lock(&self.room);
        let count_before = room.present.len();
        room.present.retain(|newcomer| newcomer.number != number);
        self.left.notify_one();
        room.present.len() < count_before
    }
}

impl Default for Newcomers {
    fn default() -> Self {
        Newcomers::new()
    }
}

impl Place {
    /// False when the place was lost already, and with it the connection.
    pub fn leave(self) -> bool {
        self.newcomers.remove(self.number)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.newcomers.remove(self.number);
    }
}
