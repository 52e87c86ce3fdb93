//! Memberships as grants, with the options that came with PostgreSQL 16 where both servers know them.

use transhume_wire::ident::quote_identifier;

use super::{Membership, MembershipOptions, Role};

/// The first major version with options of memberships.
pub(super) const OPTIONS_SINCE: u32 = 16;

/// What becomes of one membership.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Grant {
    Needed(String),
    There,
    /// It would give more than it does on the source.
    Inexpressible,
}

/// `member` is the role of the source; the names are those of the target.
pub(super) fn grant(
    membership: &Membership,
    member: &Role,
    (group, name): (&str, &str),
    (present, major): (Option<&Membership>, u32),
) -> Grant {
    let options = membership.options.unwrap_or(MembershipOptions {
        inherit: member.inherits,
        set: true,
    });
    if let Some(present) = present
        && (present.admin || !membership.admin)
        && present
            .options
            .is_none_or(|there| (there.inherit || !options.inherit) && (there.set || !options.set))
    {
        return Grant::There;
    }
    let statement = format!("GRANT {} TO {}", quote_identifier(group), quote_identifier(name));
    if major < OPTIONS_SINCE {
        // Membership alone means SET there, and inheritance is the member's.
        if !options.set || options.inherit != member.inherits {
            return Grant::Inexpressible;
        }
        let admin = if membership.admin {
            " WITH ADMIN OPTION"
        } else {
            ""
        };
        return Grant::Needed(format!("{statement}{admin}"));
    }
    let word = |on: bool| if on { "TRUE" } else { "FALSE" };
    let admin = if membership.admin { "ADMIN TRUE, " } else { "" };
    Grant::Needed(format!(
        "{statement} WITH {admin}INHERIT {}, SET {}",
        word(options.inherit),
        word(options.set)
    ))
}

/// What the migration itself needs to give objects to `owner` and to go on working with them.
pub(super) fn usable(owner: &str, own: &str, major: u32) -> String {
    let options = if major < OPTIONS_SINCE {
        ""
    } else {
        " WITH INHERIT TRUE, SET TRUE"
    };
    format!(
        "GRANT {} TO {}{options}",
        quote_identifier(owner),
        quote_identifier(own)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(options: Option<MembershipOptions>, admin: bool, major: u32) -> Grant {
        let membership = Membership {
            group: "g".into(),
            member: "m".into(),
            admin,
            options,
        };
        let member = Role {
            inherits: true,
            ..Role::default()
        };
        grant(&membership, &member, ("g", "m"), (None, major))
    }

    #[test]
    fn options_are_said_where_the_target_knows_them() {
        let no_set = Some(MembershipOptions {
            inherit: true,
            set: false,
        });
        assert_eq!(
            granted(no_set, true, 17),
            Grant::Needed(r#"GRANT "g" TO "m" WITH ADMIN TRUE, INHERIT TRUE, SET FALSE"#.into())
        );
        assert_eq!(granted(no_set, false, 15), Grant::Inexpressible);
        assert_eq!(
            granted(None, true, 15),
            Grant::Needed(r#"GRANT "g" TO "m" WITH ADMIN OPTION"#.into())
        );
    }
}
