//! userfaultfd(2): the descriptor through which the pager sees and serves faults.

use super::abi;
use super::failure::Failure;
use super::region::Region;
use std::io;
use std::os::raw::c_int;
use std::os::unix::io::{AsRawFd, FromRawFd, OwnedFd};

pub struct Userfaultfd {
    descriptor: OwnedFd,
}

impl Userfaultfd {
    /// With faults in shared memory, also those that the kernel takes for a device, and with word of memory given back.
    pub fn open() -> Result<Self, Failure> {
        let descriptor = open_by_device().or_else(|by_device| {
            open_by_syscall().map_err(|by_syscall| {
                let why = format!("{by_syscall}; by /dev/userfaultfd: {by_device}");
                Failure::new("opening a userfaultfd", why)
            })
        })?;
        let features = abi::UFFD_FEATURE_MISSING_SHMEM | abi::UFFD_FEATURE_EVENT_REMOVE | abi::UFFD_FEATURE_EVENT_UNMAP;
        let mut api = abi::UffdApi { api: abi::UFFD_API, features, ioctls: 0 };
        // SAFETY: the kernel reads and writes one `struct uffdio_api`.
        let result = unsafe { abi::ioctl(descriptor.as_raw_fd(), abi::UFFDIO_API, &mut api as *mut abi::UffdApi) };
        check(result).map_err(|error| Failure::new(format!("asking for userfaultfd features {features:#x}"), error))?;
        Ok(Userfaultfd { descriptor })
    }

    /// From here on, who touches a page that is not there waits for the pager.
    pub fn register(&self, region: Region) -> Result<(), Failure> {
        let mut register = abi::UffdRegister {
            start: region.address as u64,
            length: region.length_bytes as u64,
            mode: abi::UFFDIO_REGISTER_MODE_MISSING,
            ioctls: 0,
        };
        // SAFETY: the kernel reads and writes one `struct uffdio_register`.
        let result = unsafe {
            abi::ioctl(self.descriptor.as_raw_fd(), abi::UFFDIO_REGISTER, &mut register as *mut abi::UffdRegister)
        };
        let what = || format!("registering {} bytes of memory, which must be on a tmpfs,", region.length_bytes);
        check(result).map_err(|error| Failure::new(what(), error))?;
        if register.ioctls & abi::UFFD_RANGE_IOCTLS != abi::UFFD_RANGE_IOCTLS {
            return Err(Failure::new(what(), format!("the kernel can only serve it with {:#x}", register.ioctls)));
        }
        Ok(())
    }

    pub fn descriptor(&self) -> c_int {
        self.descriptor.as_raw_fd()
    }

    /// Keeps it open as long as this process lives: a pager that starts anew takes it from here.
    pub fn keep(self) {
        std::mem::forget(self.descriptor);
    }
}

fn open_by_device() -> io::Result<OwnedFd> {
    let device = std::fs::OpenOptions::new().read(true).write(true).open("/dev/userfaultfd")?;
    // SAFETY: takes the flags by value; on success the descriptor is new and ours.
    unsafe { own(abi::ioctl(device.as_raw_fd(), abi::USERFAULTFD_IOC_NEW, abi::O_CLOEXEC | abi::O_NONBLOCK)) }
}

/// Not limited to faults of user mode: what a device writes for the guest must be served as well.
fn open_by_syscall() -> io::Result<OwnedFd> {
    // SAFETY: no pointers; on success the descriptor is new and ours.
    unsafe { own(abi::syscall(abi::SYS_USERFAULTFD, abi::O_CLOEXEC | abi::O_NONBLOCK) as c_int) }
}

/// # Safety
/// The descriptor, unless negative, must be new.
unsafe fn own(descriptor: c_int) -> io::Result<OwnedFd> {
    check(descriptor)?;
    Ok(OwnedFd::from_raw_fd(descriptor))
}

fn check(result: c_int) -> io::Result<()> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
