//! Reading the protocol's primitives from a payload. Nothing is allocated before its length has been checked against the
//! bytes that are there.

/// Why a payload could not be decoded, in words for users.
pub type DecodeError = &'static str;
pub type Decoded<T> = Result<T, DecodeError>;

pub struct Decoder<'a> {
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    pub fn new(payload: &'a [u8]) -> Self {
        Decoder { rest: payload }
    }

    fn take(&mut self, length: usize) -> Decoded<&'a [u8]> {
        if length > self.rest.len() {
            return Err("the message ends too early");
        }
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub fn u8(&mut self) -> Decoded<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub fn u16(&mut self) -> Decoded<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Decoded<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Decoded<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub fn i32(&mut self) -> Decoded<i32> {
        self.array().map(i32::from_le_bytes)
    }

    pub fn i64(&mut self) -> Decoded<i64> {
        self.array().map(i64::from_le_bytes)
    }

    pub fn bool(&mut self) -> Decoded<bool> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err("a boolean is neither 0 nor 1"),
        }
    }

    pub fn bytes(&mut self) -> Decoded<Vec<u8>> {
        let length = self.u32()? as usize;
        self.take(length).map(<[u8]>::to_vec)
    }

    /// `bytes` of exactly this length.
    pub fn fixed_bytes<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        if self.u32()? as usize != N {
            return Err("a field of fixed length has another length");
        }
        self.array()
    }

    pub fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Decoded<T>) -> Decoded<Vec<T>> {
        let count = self.u32()?;
        // Grows as items arrive: the count is only a claim.
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    pub fn option<T>(&mut self, item: impl FnOnce(&mut Self) -> Decoded<T>) -> Decoded<Option<T>> {
        if self.bool()? {
            item(self).map(Some)
        } else {
            Ok(None)
        }
    }

    pub fn pair(&mut self) -> Decoded<(Vec<u8>, Vec<u8>)> {
        Ok((self.bytes()?, self.bytes()?))
    }

    /// Refuses bytes that nobody asked for.
    pub fn finish(self) -> Decoded<()> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err("the message has trailing bytes")
        }
    }
}
