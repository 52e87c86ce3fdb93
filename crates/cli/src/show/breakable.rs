//! Long words on a page that may be narrow.

use maud::{Markup, html};

/// Text that may hold addresses, paths and long names: it breaks behind their marks, before it breaks inside a word.
pub(crate) fn breakable(text: &str) -> Markup {
    html! {
        @for piece in text.split_inclusive(['/', '?', '&', '=', '@', ',', '_', ':']) { (piece) wbr; }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_break_behind_their_marks_and_stay_escaped() {
        let markup = breakable("host=a/b <i>").into_string();
        assert_eq!(markup, "host=<wbr>a/<wbr>b &lt;i&gt;<wbr>");
    }
}
