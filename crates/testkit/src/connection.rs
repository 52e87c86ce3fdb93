//! Plain connections of the tests' own, sharing nothing with the product.

use tokio_postgres::{Client, Error, NoTls};

/// Settings that make values print alike on every server, whatever its defaults are.
const CANONICAL: &str = "SET search_path = ''; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; \
     SET timezone = 'UTC'; SET extra_float_digits = 3; SET bytea_output = 'hex'; SET lc_monetary = 'C'; \
     SET client_encoding = 'UTF8'; SET standard_conforming_strings = on";

/// Opens a connection; it ends when the client is dropped.
pub async fn connect(url: &str) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// As [`connect`], with settings under which text can be compared.
pub async fn connect_canonical(url: &str) -> Result<Client, Error> {
    let client = connect(url).await?;
    client.batch_execute(CANONICAL).await?;
    Ok(client)
}

/// Message, SQLSTATE and detail of an error in one line.
pub fn describe(error: &Error) -> String {
    match error.as_db_error() {
        Some(server) => {
            let detail = server
                .detail()
                .map(|text| format!(" ({text})"))
                .unwrap_or_default();
            format!("{} [{}]{detail}", server.message(), server.code().code())
        }
        None => error.to_string(),
    }
}
