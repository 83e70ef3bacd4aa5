//! Decoders against random bytes and mutated vectors: no panic, and no allocation beyond the frame limit, whatever lengths
//! the bytes claim.

#[path = "support/vectors.rs"]
mod vectors;

use guest_agent::wire::entry::Entry;
use guest_agent::wire::frame::{FrameDecoder, CHUNK_BYTES_MAX, PAYLOAD_BYTES_MAX};
use guest_agent::wire::preamble::decode_preamble;
use guest_agent::wire::reply::{decode_error, Exit};
use guest_agent::wire::request::Request;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Remembers the largest single allocation.
struct Watching;

static LARGEST_BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is the system allocator's.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST_BYTES.fetch_max(layout.size(), Ordering::Relaxed);
        System.alloc(layout)
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        System.dealloc(pointer, layout)
    }
}

#[global_allocator]
static ALLOCATOR: Watching = Watching;

/// Marsaglia's xorshift64: the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

fn decode_all(bytes: &[u8]) {
    let _ = Request::decode(bytes);
    let _ = Entry::decode(bytes);
    let _ = Exit::decode(bytes);
    let _ = decode_error(bytes);
    let mut preamble = [0; 40];
    let length = bytes.len().min(40);
    preamble[..length].copy_from_slice(&bytes[..length]);
    let _ = decode_preamble(&preamble);
    for payload_bytes_max in [CHUNK_BYTES_MAX, PAYLOAD_BYTES_MAX] {
        let mut decoder = FrameDecoder::new(payload_bytes_max);
        for part in bytes.chunks(7) {
            decoder.push(part);
            while let Ok(Some(_)) = decoder.next_frame() {}
        }
    }
}

fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..=random.below(4) {
        let place = random.below(bytes.len() + 1);
        match random.below(4) {
            0 => bytes.truncate(place),
            1 => bytes.insert(place, random.next() as u8),
            2 if place < bytes.len() => bytes[place] ^= 1 << random.below(8),
            _ if place < bytes.len() => bytes[place] = 0xff,
            _ => {}
        }
    }
}

#[test]
fn never_panics_nor_allocates_what_bytes_only_claim() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let vectors = vectors::load_vectors();
    LARGEST_BYTES.store(0, Ordering::Relaxed);
    for _ in 0..20_000 {
        let length = random.below(200);
        decode_all(&random.bytes(length));
        let mut mutated = vectors[random.below(vectors.len())].1.clone();
        mutate(&mut random, &mut mutated);
        decode_all(&mutated);
    }
    assert!(LARGEST_BYTES.load(Ordering::Relaxed) <= PAYLOAD_BYTES_MAX);
}
