//! Where a program may be: the lookup in PATH as a list of candidates. Which of them is the first that can be executed is
//! for the kernel to say, with the user's rights and in the process's directory; see `child`.

/// The paths to try, in order. A name with a slash is its own only candidate; an empty PATH entry is the current directory.
pub fn plan_candidates(program: &[u8], path: Option<&[u8]>) -> Vec<Vec<u8>> {
    if program.is_empty() {
        return Vec::new();
    }
    if program.contains(&b'/') {
        return vec![program.to_vec()];
    }
    let directories = path.unwrap_or(b"/usr/bin:/bin").split(|byte| *byte == b':');
    directories
        .map(|directory| match directory {
            b"" => [b"./", program].concat(),
            directory => [directory, b"/", program].concat(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_in_each_directory_of_path() {
        assert_eq!(plan_candidates(b"ls", Some(b"/a:/b/")), [b"/a/ls".to_vec(), b"/b//ls".to_vec()]);
        assert_eq!(plan_candidates(b"ls", Some(b"")), [b"./ls".to_vec()]);
        assert_eq!(plan_candidates(b"ls", Some(b"/a:")), [b"/a/ls".to_vec(), b"./ls".to_vec()]);
        assert_eq!(plan_candidates(b"ls", None).len(), 2);
    }

    #[test]
    fn takes_a_path_as_it_is() {
        assert_eq!(plan_candidates(b"./ls", Some(b"/a")), [b"./ls".to_vec()]);
        assert_eq!(plan_candidates(b"", Some(b"/a")), Vec::<Vec<u8>>::new());
    }
}
