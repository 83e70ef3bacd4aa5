//! Reads `vectors.txt`.

/// Name and bytes of each vector, in the order of the file.
pub fn load_vectors() -> Vec<(String, Vec<u8>)> {
    include_str!("../../vectors.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (name, hex) = line.split_once(' ').unwrap_or((line, ""));
            (name.to_string(), decode_hex(hex))
        })
        .collect()
}

fn decode_hex(hex: &str) -> Vec<u8> {
    assert!(hex.len() % 2 == 0, "odd number of digits: {hex}");
    let byte = |start| u8::from_str_radix(&hex[start..start + 2], 16).expect("hexadecimal digits");
    (0..hex.len()).step_by(2).map(byte).collect()
}
