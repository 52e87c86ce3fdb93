use secrecy::ExposeSecret;

use super::*;

fn parse(text: &str) -> Result<ConnectionSettings, ConninfoError> {
    ConnectionSettings::parse(text, &Environment::of([]).with_user("me"))
}

#[test]
fn what_is_left_out_is_what_libpq_takes() {
    let settings = parse("").unwrap();
    assert_eq!((settings.user(), settings.database()), ("me", "me"));
    assert_eq!(settings.hosts.len(), 1);
    assert_eq!(settings.hosts[0].port, 5432);
    assert_eq!(settings.tls.mode, TlsMode::Prefer);
    assert_eq!(settings.connect_timeout, Some(Duration::from_secs(10)));
    assert_eq!(parse("user=other").unwrap().database(), "other");
    assert!(
        ConnectionSettings::parse("", &Environment::of([])).is_err(),
        "no user at all"
    );
}

#[test]
fn the_string_wins_over_the_environment() {
    let environment = Environment::of([
        ("PGHOST", "env"),
        ("PGPORT", "1"),
        ("PGUSER", "env"),
        ("PGPASSWORD", "env"),
        ("PGDATABASE", ""),
        ("PGSSLMODE", "require"),
        ("PGAPPNAME", "ignored"),
        ("PGSSLCRL", "ignored"),
    ]);
    let settings = ConnectionSettings::parse("host=given sslmode=disable", &environment).unwrap();
    assert_eq!(settings.to_string(), "postgresql://env@given:1/env");
    assert_eq!(settings.tls.mode, TlsMode::Disable);
    assert_eq!(settings.password.unwrap().expose_secret(), "env");
}

#[test]
fn both_forms_mean_the_same() {
    let uri = parse("postgres://u%40x:p@h1:1,[::1]:2/d%2Fb?sslmode=require&connect_timeout=3&keepalives=0")
        .unwrap();
    let keywords =
        "user=u@x password=p host=h1,::1 port=1,2 dbname=d/b sslmode=require connect_timeout=3 keepalives=0";
    let keywords = parse(keywords).unwrap();
    assert_eq!(uri.hosts, keywords.hosts);
    assert_eq!(uri.to_string(), keywords.to_string());
    assert_eq!(uri.to_string(), "postgresql://u%40x@h1:1,[::1]:2/d%2Fb");
    assert!(!uri.socket.keepalive && uri.connect_timeout == keywords.connect_timeout);
}

#[test]
fn no_secret_is_shown_or_quoted() {
    let settings = parse("postgresql://u:sec%72et@h/d").unwrap();
    let environment = Environment::of([("PGPASSWORD", "secret")]);
    assert!(!format!("{settings} {settings:?} {environment:?}").contains("secret"));
    for text in [
        "postgresql://u:secret@[h/d",
        "password=secret x",
        "password='secret",
        "password=secret sslmod=x",
        "password=se secret=x",
        "postgresql://u:secret",
        "postgresql://u:secret/x@host/db",
        "postgresql://u:x?secret=y@host/db",
        "postgresql://u:x&secret@host/db?sslmode=secret",
        "host=a hostaddr=secret",
        "gssencmode=secret",
        "require_auth=secret",
    ] {
        let error = parse(text).unwrap_err();
        assert!(
            !format!("{error} {error:?} {:?}", error.hint()).contains("secret"),
            "{text}"
        );
        assert!(error.hint().is_some(), "{text}");
    }
}

#[test]
fn values_that_make_no_sense_are_refused_by_name() {
    for (text, words) in [
        ("sslmode=maybe", "sslmode"),
        ("connect_timeout=soon", "connect_timeout"),
        ("target_session_attrs=fast", "target_session_attrs"),
        ("channel_binding=on", "channel_binding"),
        ("require_auth=!md5,password", "require_auth"),
        ("sslrootcert=system sslmode=require", "sslrootcert=system"),
        ("sslnegotiation=direct", "sslnegotiation=direct"),
        ("service=x", "not supported"),
        ("hots=x", "not known"),
        ("gssencmode=require", "gssencmode"),
        ("gssencmode=maybe", "gssencmode"),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
    }
    assert_eq!(parse("sslrootcert=system").unwrap().tls.mode, TlsMode::VerifyFull);
}

#[test]
fn limits_follow_libpq() {
    assert_eq!(parse("connect_timeout=0").unwrap().connect_timeout, None);
    assert_eq!(
        parse("connect_timeout=1").unwrap().connect_timeout,
        Some(Duration::from_secs(2))
    );
    let methods = parse("require_auth=!password,!none")
        .unwrap()
        .authentication
        .allowed;
    assert_eq!(methods, [Method::Md5, Method::ScramSha256]);
    for (text, asked) in [
        ("", false),
        ("require_auth=!password", false),
        ("require_auth=scram-sha-256", false),
        ("require_auth=scram-sha-256,md5", true),
    ] {
        let settings = parse(text).unwrap().authentication;
        assert_eq!(settings.asks_for(Method::Md5), asked, "{text}");
    }
    let settings = parse("tcp_user_timeout=1500 keepalives_idle=5").unwrap().socket;
    assert_eq!(settings.user_timeout, Some(Duration::from_millis(1500)));
    assert_eq!(settings.keepalive_idle, Duration::from_secs(5));
}

#[test]
fn a_server_elsewhere_has_to_prove_itself_unless_something_else_is_said() {
    for (text, mode, roots) in [
        (
            "host=db.example.com",
            TlsMode::VerifyFull,
            RootCertificates::System,
        ),
        ("host=10.0.0.4", TlsMode::VerifyFull, RootCertificates::System),
        (
            "host=localhost,db.example.com",
            TlsMode::VerifyFull,
            RootCertificates::System,
        ),
        (
            "host=localhost hostaddr=10.0.0.4",
            TlsMode::VerifyFull,
            RootCertificates::System,
        ),
        (
            "host=db.example.com sslmode=verify-full",
            TlsMode::VerifyFull,
            RootCertificates::System,
        ),
        (
            "host=db.example.com sslrootcert=/ca",
            TlsMode::VerifyFull,
            RootCertificates::File("/ca".into()),
        ),
        (
            "host=db.example.com sslmode=prefer",
            TlsMode::Prefer,
            RootCertificates::None,
        ),
        (
            "host=db.example.com sslmode=verify-ca",
            TlsMode::VerifyCa,
            RootCertificates::None,
        ),
        (
            "host=LOCALHOST,127.0.0.1,/tmp,::1",
            TlsMode::Prefer,
            RootCertificates::None,
        ),
        (
            "host=db hostaddr=127.0.0.1",
            TlsMode::Prefer,
            RootCertificates::None,
        ),
    ] {
        let tls = parse(text).unwrap().tls;
        assert_eq!((tls.mode, tls.roots), (mode, roots), "{text}");
    }
}

#[test]
fn certificates_in_the_home_directory_are_found() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".postgresql")).unwrap();
    for file in ["root.crt", "postgresql.crt", "postgresql.key"] {
        std::fs::write(home.path().join(".postgresql").join(file), "").unwrap();
    }
    let environment = Environment::of([]).with_user("me").with_home(home.path());
    let tls = ConnectionSettings::parse("", &environment).unwrap().tls;
    assert_eq!(
        tls.roots,
        RootCertificates::File(home.path().join(".postgresql/root.crt"))
    );
    assert!(tls.client.is_some());
}
