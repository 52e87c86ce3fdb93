use proptest::prelude::*;

use super::*;

fn place() -> NewEntry {
    NewEntry::PointingTo(DatabaseAddress {
        host: "new.example.org".to_owned(),
        port: 6000,
        database: "shop".to_owned(),
    })
}

#[test]
fn only_host_port_and_database_of_the_one_entry_change() {
    let before = "\
; ours\r
[databases]
shop=host=old port=5432 dbname=shop   pool_size=5 connect_query='select ''port=1'''\t
shop2 = host=old
# shop = host=commented
[pgbouncer]
shop = host=not.an.entry
";
    let after = before.replacen(
        "shop=host=old port=5432 dbname=shop ",
        "shop=host=new.example.org port=6000 dbname=shop ",
        1,
    );
    assert_eq!(rewrite(before, "shop", &place()), Ok(after));
}

#[test]
fn what_an_entry_does_not_say_is_added() {
    for (before, after) in [
        ("shop =", "shop =host=new.example.org port=6000 dbname=shop"),
        (
            "shop = pool_size=9",
            "shop = pool_size=9 host=new.example.org port=6000 dbname=shop",
        ),
        (
            "shop = host='/var/run' dbname = 'a b'",
            "shop = host=new.example.org dbname = shop port=6000",
        ),
        (
            "\"shop\" = host=x",
            "\"shop\" = host=new.example.org port=6000 dbname=shop",
        ),
    ] {
        let of = |line: &str| format!("[Databases]\n{line}\n");
        assert_eq!(rewrite(&of(before), "shop", &place()), Ok(of(after)), "{before}");
    }
}

#[test]
fn an_entry_for_all_stays_and_one_of_its_own_comes_before_it() {
    let before = "[databases]\n* = host=old pool_size=3\n";
    let after = "[databases]\nshop = host=new.example.org pool_size=3 port=6000 dbname=shop\n* = host=old pool_size=3\n";
    assert_eq!(rewrite(before, "shop", &place()).as_deref(), Ok(after));
}

#[test]
fn an_entry_may_be_given_as_a_whole() {
    let written = NewEntry::Written("host=b auth_user=x".to_owned());
    assert_eq!(
        rewrite("[databases]\nshop = host=a port=1\n", "shop", &written).as_deref(),
        Ok("[databases]\nshop = host=b auth_user=x\n")
    );
    let lines = NewEntry::Written("host=b\n[pgbouncer]".to_owned());
    assert_eq!(
        rewrite("[databases]\nshop = host=a\n", "shop", &lines),
        Err(EntryError::Lines)
    );
}

#[test]
fn what_cannot_be_pointed_elsewhere_is_refused() {
    let refused = |text| rewrite(text, "shop", &place()).unwrap_err();
    assert_eq!(refused("[pgbouncer]\n"), EntryError::NoSection);
    assert_eq!(
        refused("[databases]\nother = host=a\n"),
        EntryError::NoEntry("shop".to_owned())
    );
    assert_eq!(
        refused("[databases]\nshop = host=a\nshop = host=b\n"),
        EntryError::Several("shop".to_owned())
    );
}

proptest! {
    #[test]
    fn any_text_is_either_refused_or_keeps_all_lines_but_one(text in "[ -~\n\r]{0,200}", name in "[a-z]{1,6}") {
        let file = format!("{text}\n[databases]\n{name} = host=a\n");
        if let Ok(after) = rewrite(&file, &name, &place()) {
            let changed = file.lines().zip(after.lines()).filter(|(before, after)| before != after).count();
            prop_assert_eq!(file.lines().count(), after.lines().count());
            prop_assert_eq!(changed, 1);
            prop_assert_eq!(rewrite(&after, &name, &place()), Ok(after.clone()));
        }
    }
}

#[test]
fn a_trial_stands_beside_the_entry_and_goes_without_a_trace() {
    let before = "[databases]\nshop = host=old pool_size=5\n* = host=old\n[pgbouncer]\n";
    let trial = with_trial(before, "shop", "trial", &place()).unwrap();
    assert_eq!(
        trial,
        "[databases]\ntrial = host=new.example.org pool_size=5 port=6000 dbname=shop\n\
         shop = host=old pool_size=5\n* = host=old\n[pgbouncer]\n"
    );
    assert_eq!(without(&trial, "trial").as_deref(), Some(before));
    assert_eq!(without(before, "trial"), None);
    let written = NewEntry::Written("host=x".to_owned());
    let trial = with_trial(before, "shop", "trial", &written).unwrap();
    assert!(trial.contains("trial = host=x dbname=shop\n"), "{trial}");
}
