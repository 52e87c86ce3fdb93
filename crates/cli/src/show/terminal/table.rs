//! Tables for people: no frame, so that they can be cut, sorted and pasted.

use comfy_table::{CellAlignment, Table, presets};

/// Columns that hold numbers are given by their index and stand to the right.
pub(crate) fn table(
    heading: &[&str],
    numbers: &[usize],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_header(heading.to_vec())
        .add_rows(rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if numbers.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_without_a_frame() {
        let rows = [
            vec!["shop.orders".to_owned(), "12".to_owned()],
            vec!["a".to_owned(), "1,234".to_owned()],
        ];
        let expected = "\
table         rows
shop.orders     12
a            1,234
";
        assert_eq!(table(&["table", "rows"], &[1], rows), expected);
    }
}
