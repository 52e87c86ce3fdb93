//! `notify test` on each kind of way out, to sinks of this machine: one message, and no secret on any stream.

use crate::{
    program::Program,
    sink::{Listener, MailServer},
};

/// In addresses and commands of the file.
const SECRET: &str = "never-to-be-seen";

#[test]
fn a_test_message_arrives_once_on_every_way_out() {
    let (web, mails) = (Listener::start(), MailServer::start());
    let mut program = Program::new(&["notify", "test", "--json"])
        .variable("HOOK", SECRET)
        .variable("PATH", "/usr/bin:/bin")
        .file(
            "transhume.toml",
            &format!(
                "[[notify]]\nname = 'web'\nkind = 'webhook'\nurl = '{}'\n\
             [[notify]]\nname = 'chat'\nkind = 'slack'\nurl = '{}'\n\
             [[notify]]\nname = 'mail'\nkind = 'email'\nurl = 'smtp://127.0.0.1:{}'\n\
             from = 'transhume@example.com'\nto = ['dba@example.com']\n\
             [[notify]]\nname = 'pager'\nkind = 'command'\n\
             command = 'cat >> told; echo $TRANSHUME_EVENT $TRANSHUME_SEVERITY >> told'\n",
                web.url("web/${HOOK}"),
                web.url("chat/${HOOK}"),
                mails.port
            ),
        );
    let ended = program.run();
    assert_eq!((ended.code, ended.error.as_str()), (0, ""), "{}", ended.output);

    let mut heard = web.heard();
    heard.sort_by(|one, other| one.path.cmp(&other.path));
    let paths: Vec<&str> = heard.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, [&format!("/chat/{SECRET}"), &format!("/web/{SECRET}")]);
    assert!(
        heard[0].body["text"]
            .as_str()
            .is_some_and(|text| text.contains("*info* this is a test")),
        "{heard:#?}"
    );
    assert_eq!(
        (&heard[1].body["event"], &heard[1].body["version"]),
        (&"test".into(), &1.into()),
        "{heard:#?}"
    );

    let mails = mails.heard();
    assert_eq!(mails.len(), 1, "{mails:#?}");
    assert!(
        mails[0].contains("Subject: [transhume] info: this is a test")
            && mails[0].contains("To: dba@example.com"),
        "{}",
        mails[0]
    );

    let told = std::fs::read_to_string(program.path("told")).unwrap();
    assert!(
        told.matches("\"event\":\"test\"").count() == 1 && told.contains("test info"),
        "{told}"
    );
}

#[test]
fn what_does_not_arrive_is_told_without_its_address() {
    let web = Listener::start();
    let mut program = Program::new(&["notify", "test"]).variable("PATH", "/usr/bin:/bin").file(
        "transhume.toml",
        &format!(
            "[[notify]]\nname = 'web'\nkind = 'webhook'\nurl = '{}'\nretries = 0\n\
             [[notify]]\nname = 'odd'\nkind = 'slack'\nurl = 'http://[{SECRET}'\nretries = 0\n\
             [[notify]]\nname = 'mail'\nkind = 'email'\nurl = 'smtp://u:{SECRET}@127.0.0.1:1'\n\
             from = 'a@example.com'\nto = ['b@example.com']\nretries = 0\n\
             [[notify]]\nname = 'pager'\nkind = 'command'\ncommand = 'echo no pager for {SECRET} >&2; false'\nretries = 0\n",
            web.url("no"),
        ),
    );
    let ended = program.run();
    assert_eq!(ended.code, 2, "{}{}", ended.output, ended.error);
    for words in [
        "web: not sent: http status: 409",
        "odd: not sent:",
        "mail: not sent:",
        "pager: not sent: exit status: 1",
    ] {
        assert!(ended.output.contains(words), "no {words:?}: {}", ended.output);
    }
    let all = ended.output + &ended.error;
    assert!(
        !all.lines()
            .any(|line| line.contains(SECRET) && !line.starts_with("pager")),
        "{all}"
    );
}

#[test]
fn nobody_to_be_told_is_a_mistake_with_its_remedy() {
    Program::new(&["notify", "test"])
        .run()
        .is_refusal(2, &["there is no one", "[[notify]]"]);
}
