//! What happens at a mapping of the memory file.

use super::abi;
use super::failure::Failure;
use super::mapping::Mapping;
use super::next_mmap::next_mmap;
use super::pager_socket::PagerSocket;
use super::region::Region;
use super::settings::Settings;
use super::userfaultfd::Userfaultfd;
use std::os::raw::c_void;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// The pager serves one mapping of a VM; a second one would show pages that are not there yet.
static IS_MAPPED: AtomicBool = AtomicBool::new(false);

/// Maps as asked, and hands the mapping over when it is of the memory file. Ok(MAP_FAILED) is an answer of the kernel's.
pub fn map(mapping: &Mapping) -> Result<*mut c_void, Failure> {
    // Before anything else, which may allocate: an allocator may be the one that maps.
    if !mapping.has_file() {
        return next_mmap(mapping);
    }
    match Settings::from_environment()? {
        Some(settings) if mapping.is_of(&settings.memory_path)? => map_memory(mapping, &settings),
        _ => next_mmap(mapping),
    }
}

fn map_memory(mapping: &Mapping, settings: &Settings) -> Result<*mut c_void, Failure> {
    let refuse = |why| Err(Failure::new(format!("mapping the memory file {:?}", settings.memory_path), why));
    if !mapping.is_shared() {
        return refuse("a private mapping is not served by the pager");
    }
    if mapping.is_filled_at_once() {
        return refuse("a mapping that is populated or locked at once is not served by the pager");
    }
    let address = next_mmap(mapping)?;
    if address == abi::MAP_FAILED {
        return Ok(address);
    }
    if IS_MAPPED.swap(true, Ordering::SeqCst) {
        return refuse("it is mapped already, and only one mapping is served by the pager");
    }
    // The kernel has accepted the offset, so it is not negative.
    hand_over(Region::of_mapping(address as usize, mapping.length, mapping.offset as u64), &settings.socket_path)?;
    Ok(address)
}

/// Nobody else knows the address yet, so no page is touched before the region is registered.
fn hand_over(region: Region, socket_path: &Path) -> Result<(), Failure> {
    let userfaultfd = Userfaultfd::open()?;
    userfaultfd.register(region)?;
    PagerSocket::connect(socket_path)?.send(region.to_json().as_bytes(), userfaultfd.descriptor())?;
    userfaultfd.keep();
    Ok(())
}
