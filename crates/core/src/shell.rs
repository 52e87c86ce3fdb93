//! Names as words of a shell, for the commands that remedies hold.
//!
//! Owns the only quoting for a shell. Invariant: what it returns is one word of any POSIX shell, whatever the name holds. Names
//! that need no quotes get none: most commands read as they are typed.

/// Characters that mean nothing to a shell, wherever they stand in a word.
fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_./:@%+=,-".contains(character)
}

/// As one word.
#[must_use]
pub fn word(text: &str) -> String {
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    quoted(text)
}

/// In quotes, whether it needs them or not.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// As one word each.
#[must_use]
pub fn words<T: AsRef<str>>(texts: &[T]) -> String {
    let words: Vec<String> = texts.iter().map(|text| word(text.as_ref())).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_every_name_as_it_was() {
        let names = [
            "shop.item",
            "",
            "it's",
            "a b",
            "$HOME",
            "`id`",
            "a\"b",
            "x;y",
            "é",
            "*",
            "\\",
            "!!",
            "~",
            "a\nb",
        ];
        let read = Command::new("sh")
            .args(["-c", &format!("printf '%s|' {}", words(&names))])
            .output()
            .expect("there is a shell");
        assert_eq!(String::from_utf8_lossy(&read.stdout), names.join("|") + "|");
        assert_eq!(word("shop.item"), "shop.item");
    }
}
