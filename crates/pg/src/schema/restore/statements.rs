//! Cutting the text of a grant entry into its statements.

/// Statements of a text that holds identifiers in double quotes and strings in single quotes, but no
/// function bodies: what pg_dump writes for privileges.
pub fn statements(sql: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut quote = None;
    let mut start = 0;
    for (at, letter) in sql.char_indices() {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if letter == open => quote = None,
            (None, ';') => {
                found.push(sql[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(sql[start..].trim());
    found.retain(|statement| !statement.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_semicolon_inside_a_name_does_not_cut() {
        let sql = "REVOKE ALL ON TABLE \"a;\"\"b\" FROM PUBLIC;\nGRANT SELECT ON TABLE \"a;\"\"b\" TO \"it's; me\";\n";
        assert_eq!(
            statements(sql),
            [
                "REVOKE ALL ON TABLE \"a;\"\"b\" FROM PUBLIC",
                "GRANT SELECT ON TABLE \"a;\"\"b\" TO \"it's; me\"",
            ]
        );
    }
}
