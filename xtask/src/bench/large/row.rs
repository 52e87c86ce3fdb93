//! One row that is larger than all else: the client's memory while it is copied, compared, found and repaired.

use anyhow::Result;

use super::Move;

pub(super) fn measure(moving: &Move<'_>, megabytes: u64) -> Result<()> {
    moving.source(&format!(
        "create table letter (id int primary key, body text not null);
         insert into letter values (1, repeat('x', {megabytes} << 20)), (2, 'short')"
    ))?;
    println!("a row of {megabytes} MB");
    println!("{}", moving.run(&["run", "--until-caught-up"], 0)?.line("copied"));
    println!("{}", moving.run(&["verify"], 0)?.line("compared"));
    moving.target("update letter set body = body || 'y' where id = 1")?;
    println!("{}", moving.run(&["verify"], 1)?.line("found"));
    println!("{}", moving.run(&["verify", "--repair"], 0)?.line("repaired"));
    moving.source("update letter set body = body || 'z' where id = 1")?;
    println!(
        "{}",
        moving.run(&["run", "--until-caught-up"], 0)?.line("followed")
    );
    Ok(())
}
