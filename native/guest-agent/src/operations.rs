//! The operations that are performed at this moment. A configuration ends those that came before it: the machine may
//! have been frozen since, and their clients are gone without a word that could reach it.

use crate::agent::lock;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

#[derive(Default)]
pub struct Operations {
    present: Mutex<Vec<Present>>,
}

struct Present {
    /// To shut it down with; its thread has another handle of the same connection.
    socket: TcpStream,
    is_cut: Arc<AtomicBool>,
}

/// One operation, which is over when this is dropped.
pub struct Operation {
    operations: &'static Operations,
    is_cut: Arc<AtomicBool>,
}

impl Operations {
    pub fn begin(&'static self, socket: &TcpStream) -> io::Result<Operation> {
        let present = Present { socket: socket.try_clone()?, is_cut: Arc::new(AtomicBool::new(false)) };
        let is_cut = present.is_cut.clone();
        lock(&self.present).push(present);
        Ok(Operation { operations: self, is_cut })
    }
}

impl Operation {
    /// Ends all others: their next read or write fails.
    pub fn cut_others(&self) {
        for present in lock(&self.operations.present).iter().filter(|present| !self.is(present)) {
            present.is_cut.store(true, Ordering::SeqCst);
            // Fails only for a connection that is gone.
            let _ = present.socket.shutdown(Shutdown::Both);
        }
    }

    /// Whether it was ended by another, which is no disconnect of its client's.
    pub fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::SeqCst)
    }

    fn is(&self, present: &Present) -> bool {
        Arc::ptr_eq(&self.is_cut, &present.is_cut)
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        lock(&self.operations.present).retain(|present| !self.is(present));
    }
}
