//! Plain queries over the thin connection: text in, text out, everything held in memory.
//!
//! Meant for commands and small answers (settings, slots, one row). An error of the server leaves the
//! connection usable: the rest of the answer is read up to ReadyForQuery first.

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::{
    IsNull,
    message::{
        backend::{DataRowBody, Message},
        frontend::{self, BindError},
    },
};

use super::RawConnection;
use crate::connection::error::{PgError, ServerError};

/// One row, column values as text.
type TextRow = Vec<Option<String>>;

/// A column of an answer, as the server described it before the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerColumn {
    pub name: String,
    /// 0 where it is of no table.
    pub table_oid: u32,
    /// Number of the column in that table.
    pub number: i16,
    /// Of a domain: what it is made of.
    pub type_oid: u32,
    pub type_modifier: i32,
}

/// The rows of the last command with the names of their columns, and its tag (`INSERT 0 5`).
#[derive(Default)]
struct RawAnswer {
    /// Of each command that gives rows.
    columns: Vec<Vec<AnswerColumn>>,
    rows: Vec<TextRow>,
    tag: String,
}

impl RawConnection {
    /// Runs one or more commands as they stand; gives the rows of the last one.
    pub async fn simple_query(&mut self, sql: &str) -> Result<Vec<TextRow>, PgError> {
        self.send_query(sql).await?;
        Ok(self.answer().await?.rows)
    }

    /// As [`RawConnection::simple_query`], with the names of the columns.
    pub(crate) async fn named_rows(&mut self, command: &str) -> Result<(Vec<String>, Vec<TextRow>), PgError> {
        self.send_query(command).await?;
        let mut answer = self.answer().await?;
        let names = answer.columns.pop().unwrap_or_default();
        Ok((names.into_iter().map(|column| column.name).collect(), answer.rows))
    }

    /// As [`RawConnection::simple_query`]; gives the columns of each command's answer instead of the rows.
    pub async fn describe(&mut self, commands: &str) -> Result<Vec<Vec<AnswerColumn>>, PgError> {
        self.send_query(commands).await?;
        Ok(self.answer().await?.columns)
    }

    /// Runs one command with parameters as text, their types inferred by the server.
    pub async fn query(&mut self, sql: &str, parameters: &[Option<&str>]) -> Result<Vec<TextRow>, PgError> {
        self.send_extended(sql, parameters).await?;
        Ok(self.answer().await?.rows)
    }

    /// As [`RawConnection::query`]; gives the number of rows that the command touched.
    pub async fn execute(&mut self, sql: &str, parameters: &[Option<&str>]) -> Result<u64, PgError> {
        self.send_extended(sql, parameters).await?;
        Ok(rows_of_tag(&self.answer().await?.tag))
    }

    async fn send_extended(&mut self, sql: &str, parameters: &[Option<&str>]) -> Result<(), PgError> {
        let mut bytes = BytesMut::new();
        let written = write_extended(sql, parameters, &mut bytes);
        written.map_err(|reason| self.protocol(&reason))?;
        self.begin_command()?;
        self.send(&bytes).await
    }

    /// Reads up to ReadyForQuery; an error on the way is returned then.
    async fn answer(&mut self) -> Result<RawAnswer, PgError> {
        let mut answer = RawAnswer::default();
        let mut failure = None;
        loop {
            let frame = self.conversation_frame().await?;
            if frame.tag == b'Z' {
                self.ready(&frame);
                return failure.map_or(Ok(answer), |error: ServerError| Err(error.into()));
            }
            match frame.parse().map_err(|reason| self.protocol_broken(&reason))? {
                Message::RowDescription(body) => {
                    answer.rows.clear();
                    let columns = body.fields().map(|field| {
                        Ok(AnswerColumn {
                            name: field.name().to_owned(),
                            table_oid: field.table_oid(),
                            number: field.column_id(),
                            type_oid: field.type_oid(),
                            type_modifier: field.type_modifier(),
                        })
                    });
                    let columns: Result<_, std::io::Error> = columns.collect();
                    answer
                        .columns
                        .push(columns.map_err(|error| self.protocol_broken(&error.to_string()))?);
                }
                Message::DataRow(row) => answer.rows.push(self.text_row(&row)?),
                Message::CommandComplete(body) => {
                    let tag = body
                        .tag()
                        .map_err(|error| self.protocol_broken(&error.to_string()))?;
                    tag.clone_into(&mut answer.tag);
                }
                Message::ErrorResponse(body) => failure = Some(ServerError::from_fields(body.fields())),
                Message::ParseComplete
                | Message::BindComplete
                | Message::NoData
                | Message::EmptyQueryResponse => {}
                _ => return Err(self.protocol_broken("the answer to a query is out of order")),
            }
        }
    }

    fn text_row(&mut self, row: &DataRowBody) -> Result<TextRow, PgError> {
        let read = |range: Option<std::ops::Range<usize>>| {
            let Some(range) = range else { return Ok(None) };
            let bytes = row.buffer().get(range).unwrap_or_default().to_vec();
            String::from_utf8(bytes)
                .map(Some)
                .map_err(|_| "a value is not UTF-8".into())
        };
        let values = row
            .ranges()
            .map_err(|error| error.to_string())
            .map(read)
            .collect::<TextRow>();
        values.map_err(|reason: String| self.protocol_broken(&reason))
    }
}

fn write_extended(sql: &str, parameters: &[Option<&str>], bytes: &mut BytesMut) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    frontend::parse("", sql, [], bytes).map_err(text)?;
    let serialize = |value: Option<&str>, buffer: &mut BytesMut| match value {
        Some(value) => {
            buffer.extend_from_slice(value.as_bytes());
            Ok(IsNull::No)
        }
        None => Ok(IsNull::Yes),
    };
    frontend::bind("", "", [], parameters.iter().copied(), serialize, [], bytes).map_err(
        |error| match error {
            BindError::Conversion(error) => error.to_string(),
            BindError::Serialization(error) => error.to_string(),
        },
    )?;
    frontend::describe(b'P', "", bytes).map_err(text)?;
    frontend::execute("", 0, bytes).map_err(text)?;
    frontend::sync(bytes);
    Ok(())
}

/// The number at the end of a command tag; 0 where there is none.
pub(crate) fn rows_of_tag(tag: &str) -> u64 {
    tag.rsplit(' ')
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_tag_tells_its_rows() {
        for (tag, rows) in [("INSERT 0 5", 5), ("COPY 12", 12), ("CREATE TABLE", 0), ("", 0)] {
            assert_eq!(rows_of_tag(tag), rows, "{tag}");
        }
    }
}
