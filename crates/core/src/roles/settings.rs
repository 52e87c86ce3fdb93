//! Settings of roles as statements.

use transhume_wire::ident::{quote_identifier, quote_literal};

/// Settings whose value is a list that the server keeps quoted (`GUC_LIST_QUOTE`): each element is a literal of its own.
const LISTS: [&str; 6] = [
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
];

/// `"search_path" TO 'shop', 'public'`
pub(super) fn assignment(name: &str, value: &str) -> String {
    format!("{} TO {}", quote_identifier(name), literals(name, value))
}

fn literals(name: &str, value: &str) -> String {
    if !LISTS.contains(&name) {
        return quote_literal(value);
    }
    let elements: Vec<String> = elements(value).iter().map(|one| quote_literal(one)).collect();
    if elements.is_empty() {
        return quote_literal("");
    }
    elements.join(", ")
}

/// The names of a list such as `"$user", public`.
fn elements(list: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut element = String::new();
    let (mut quoted, mut was_quoted) = (false, false);
    let mut letters = list.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => element.push('"'),
            '"' => {
                quoted = !quoted;
                was_quoted = true;
            }
            ',' if !quoted => push(&mut found, &mut element, &mut was_quoted),
            letter if letter.is_whitespace() && !quoted => {}
            letter => element.push(letter),
        }
    }
    push(&mut found, &mut element, &mut was_quoted);
    found
}

fn push(found: &mut Vec<String>, element: &mut String, was_quoted: &mut bool) {
    if !element.is_empty() || std::mem::take(was_quoted) {
        found.push(std::mem::take(element));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_taken_apart_and_other_values_stay_whole() {
        assert_eq!(
            assignment("search_path", r#""$user", "My, ""Shop""", public"#),
            r#""search_path" TO '$user', 'My, "Shop"', 'public'"#
        );
        assert_eq!(assignment("search_path", r#""""#), r#""search_path" TO ''"#);
        assert_eq!(assignment("my.note", "it's, so"), r#""my.note" TO 'it''s, so'"#);
    }
}
