//! A code of a server's answers is written as text in one file; everybody else calls it by its name.

use super::{SourceFile, source_text::split};

/// Where they are written.
const PLACE: &str = "crates/core/src/sqlstate.rs";

pub(super) fn complaints(files: &[SourceFile]) -> Vec<String> {
    let known = files.iter().find(|file| file.path == PLACE);
    let codes: Vec<String> = known.map(|file| strings(&file.text)).unwrap_or_default();
    let product = files.iter().filter(|file| {
        !file.belongs_to("testkit")
            && file.path.starts_with("crates/")
            && file.path.contains("/src/")
            && file.path != PLACE
            && !file.is_test()
    });
    product
        .flat_map(|file| {
            let written = split(file.product_text()).strings.into_iter();
            let written = written.filter(|(_, text)| codes.contains(text));
            written.map(|(line, code)| format!("{}:{line}: \"{code}\" has a name in {PLACE}", file.path))
        })
        .collect()
}

fn strings(text: &str) -> Vec<String> {
    split(text).strings.into_iter().map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_called_by_its_name_outside_of_tests() {
        let files = [
            SourceFile::new(PLACE, "pub const LOCK_NOT_AVAILABLE: &str = \"55P03\";\n"),
            SourceFile::new("crates/pg/src/a.rs", "\nfn a() -> bool { code() == \"55P03\" }\n"),
            SourceFile::new(
                "crates/pg/src/b.rs",
                "\n#[cfg(test)]\nmod tests { const A: &str = \"55P03\"; }\n",
            ),
            SourceFile::new("crates/pg/src/c_tests.rs", "const A: &str = \"55P03\";\n"),
            SourceFile::new("crates/pg/src/d.rs", "const A: &str = \"12345\";\n"),
        ];
        let found = complaints(&files);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("crates/pg/src/a.rs:2:"), "{found:?}");
    }
}
