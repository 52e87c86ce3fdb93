//! Messages of a migration on every way out: each event once, however often the same run stops.

use transhume_testkit::connection::connect;

use super::site::Site;
use crate::sink::{Listener, MailServer};

const TABLE: &str = "
    create table item (id int primary key, body text not null);
    insert into item select n, 'before' from generate_series(1, 10) n;
";

/// All ways out, the command with its messages in a file beside the program.
fn ways_out(web: &Listener, mails: &MailServer) -> String {
    format!(
        "[[notify]]\nname = 'web'\nkind = 'webhook'\nseverity = 'info'\nurl = '{}'\n\
         [[notify]]\nname = 'chat'\nkind = 'slack'\nseverity = 'info'\nurl = '{}'\n\
         [[notify]]\nname = 'mail'\nkind = 'email'\nseverity = 'info'\nurl = 'smtp://127.0.0.1:{}'\n\
         from = 'transhume@example.com'\nto = ['dba@example.com']\n\
         [[notify]]\nname = 'pager'\nkind = 'command'\nseverity = 'info'\ncommand = 'cat >> told; echo >> told'\n",
        web.url("web"),
        web.url("chat"),
        mails.port
    )
}

/// What each way out has said so far, one text a message.
struct Heard {
    web: Vec<String>,
    chat: Vec<String>,
    mail: Vec<String>,
    pager: Vec<String>,
}

impl Heard {
    fn of(site: &Site, web: &Listener, mails: &MailServer) -> Self {
        let (chat, hook): (Vec<_>, Vec<_>) = web
            .heard()
            .into_iter()
            .partition(|request| request.path == "/chat");
        let text = |requests: Vec<crate::sink::Request>| {
            requests
                .into_iter()
                .map(|request| request.body.to_string())
                .collect()
        };
        let pager = std::fs::read_to_string(site.path("told")).unwrap_or_default();
        Self {
            web: text(hook),
            chat: text(chat),
            mail: mails.heard(),
            pager: pager
                .lines()
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }

    /// How many messages of each way out say this.
    fn saying(&self, words: &str) -> [usize; 4] {
        [&self.web, &self.chat, &self.mail, &self.pager]
            .map(|texts| texts.iter().filter(|text| text.contains(words)).count())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_told_once_on_every_way_out() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(TABLE).await;
    let (web, mails) = (Listener::start(), MailServer::start());
    std::fs::write(site.path("transhume.toml"), ways_out(&web, &mails)).expect("a file can be written");
    site.succeed(&["run", "--until-caught-up"]);
    let target = connect(&site.target_url).await.expect("the target answers");
    target
        .batch_execute("delete from item where id = 1")
        .await
        .expect("a row can be deleted");
    site.execute_on_source("update item set body = 'changed' where id = 1")
        .await;
    let stopped = "UPDATE of public.item cannot be applied";
    let first = Heard::of(&site, &web, &mails);
    assert_eq!(first.saying(stopped), [0; 4]);
    let follows = first.saying("phase follow began");
    assert!(follows.iter().all(|count| *count == 1), "{follows:?}");

    // The second stop is the same event, and nobody is woken twice.
    for _ in 0..2 {
        let ended = site.call(&["run", "--until-caught-up"]);
        assert_eq!(ended.code, 1, "{}", ended.error);
    }
    let heard = Heard::of(&site, &web, &mails);
    assert_eq!(
        heard.saying(stopped),
        [1; 4],
        "{:#?}\n{:#?}",
        heard.web,
        heard.mail
    );
}
