//! A range of memory that the pager serves.

/// The unit of faults. On a file whose pages are larger, registration fails.
pub const PAGE_BYTES: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    pub address: usize,
    pub length_bytes: usize,
    /// Where in the memory file it starts.
    pub offset_bytes: u64,
}

impl Region {
    /// The region of a mapping, which covers its last page whole.
    pub fn of_mapping(address: usize, length: usize, offset_bytes: u64) -> Self {
        Region { address, length_bytes: (length + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES, offset_bytes }
    }

    /// The message of Firecracker's handshake.
    pub fn to_json(self) -> String {
        format!(
            "[{{\"base_host_virt_addr\":{},\"size\":{},\"offset\":{},\"page_size\":{PAGE_BYTES}}}]",
            self.address, self.length_bytes, self.offset_bytes
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_the_memory_lies() {
        let region = Region::of_mapping(0x7f00_0000_0000, 4097, 8192);
        assert_eq!(
            region.to_json(),
            r#"[{"base_host_virt_addr":139637976727552,"size":8192,"offset":8192,"page_size":4096}]"#
        );
    }
}
