//! Names that an operator sees on a server, built in one place so that ours are recognised.
//!
//! All stay within PostgreSQL's 63 bytes: the migration's id is eight hexadecimal digits.

/// Prefix of every slot and publication that this program makes.
pub const PREFIX: &str = "transhume_";

/// Slot and publication of the forward stream.
pub fn slot(migration: &str) -> String {
    format!("{PREFIX}{migration}")
}

pub fn publication(migration: &str) -> String {
    format!("{PREFIX}{migration}")
}

/// Slot and publication of the reverse stream: both servers may be one cluster, where slots share their names.
pub fn reverse(migration: &str) -> String {
    format!("{PREFIX}{migration}_reverse")
}

/// Schema on the source of what lets statements announce themselves; its event triggers are called after it.
pub fn ddl(migration: &str) -> String {
    format!("{PREFIX}{migration}_ddl")
}

/// Temporary slot of a verification; several may run at once, told apart by the backend's pid.
pub fn verify_slot(migration: &str, backend_pid: i32) -> String {
    format!("{PREFIX}{migration}_verify_{backend_pid}")
}

/// Temporary slot that stands beside one while it is made; one of a run that was killed may still be there.
pub fn witness_slot(slot: &str, backend_pid: i32) -> String {
    format!("{slot}_witness_{backend_pid}")
}

/// `application_name` of a session: `transhume:<migration>:<role>`.
pub fn application_name(migration: &str, role: &str) -> String {
    format!("transhume:{migration}:{role}")
}

/// A slot or publication name of ours, whatever migration it belongs to.
pub fn is_ours(name: &str) -> bool {
    name.strip_prefix(PREFIX)
        .and_then(|rest| rest.get(..8))
        .is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_are_recognised() {
        let longest = verify_slot("0123abcd", i32::MAX);
        let witness = witness_slot(&reverse("0123abcd"), i32::MAX);
        assert!(longest.len() <= 63 && witness.len() <= 63);
        assert!(
            is_ours(&longest)
                && is_ours(&witness)
                && is_ours(&slot("0123abcd"))
                && is_ours(&reverse("0123abcd"))
        );
        assert!(!is_ours("transhume_notours") && !is_ours("transhume_") && !is_ours("orders"));
    }
}
