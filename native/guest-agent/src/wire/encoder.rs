//! Writing the protocol's primitives.

#[derive(Default)]
pub struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub fn u8(self, value: u8) -> Self {
        self.raw(&[value])
    }

    pub fn u16(self, value: u16) -> Self {
        self.raw(&value.to_le_bytes())
    }

    pub fn u32(self, value: u32) -> Self {
        self.raw(&value.to_le_bytes())
    }

    pub fn u64(self, value: u64) -> Self {
        self.raw(&value.to_le_bytes())
    }

    pub fn i32(self, value: i32) -> Self {
        self.raw(&value.to_le_bytes())
    }

    pub fn i64(self, value: i64) -> Self {
        self.raw(&value.to_le_bytes())
    }

    pub fn bool(self, value: bool) -> Self {
        self.u8(value.into())
    }

    pub fn bytes(self, value: &[u8]) -> Self {
        self.u32(value.len() as u32).raw(value)
    }

    pub fn list<T>(self, items: &[T], item: impl Fn(Self, &T) -> Self) -> Self {
        let counted = self.u32(items.len() as u32);
        items.iter().fold(counted, item)
    }

    pub fn option<T>(self, value: &Option<T>, item: impl FnOnce(Self, &T) -> Self) -> Self {
        match value {
            Some(value) => item(self.u8(1), value),
            None => self.u8(0),
        }
    }

    pub fn pair(self, pair: &(Vec<u8>, Vec<u8>)) -> Self {
        self.bytes(&pair.0).bytes(&pair.1)
    }
}
