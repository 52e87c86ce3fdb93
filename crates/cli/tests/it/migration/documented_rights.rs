//! The rights that the documents name, block by block as they stand there, are enough on each version.

use transhume_testkit::oracle;

use super::{
    rights::{TABLES, as_transhume, batch, but_for_rights},
    site::Site,
};

/// Blocks of SQL of a page, below this heading.
fn documented(page: &str, heading: &str) -> Vec<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(page);
    let page = std::fs::read_to_string(path).expect("the page is there");
    let section = page
        .split("\n## ")
        .find(|section| section.starts_with(heading))
        .expect("the heading is there");
    section
        .split("```sql\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

/// What the reference gives to the role on the source, and on the target.
fn of_the_reference(major: u32) -> [String; 2] {
    let page = "reference/rights.md";
    let target = documented(page, "On the target");
    // The last block is for servers that know it.
    let target = target.iter().take(if major >= 15 { 2 } else { 1 });
    [
        documented(page, "On the source").swap_remove(0),
        target.map(String::as_str).collect(),
    ]
}

/// What the guide of the way to Azure gives.
fn of_the_guide() -> [String; 2] {
    let blocks = documented("guides/azure.md", "2. Roles");
    blocks.try_into().expect("a block for each side")
}

/// From one flexible server to another: the old one's block, and what every target in Azure gives.
fn between_flexible_servers() -> [String; 2] {
    let [_, on_target] = of_the_guide();
    [
        documented("guides/azure-to-azure.md", "The role").swap_remove(0),
        on_target,
    ]
}

/// What members of the service's role may do, as on Azure.
const AZURE: &str = "create role azure_pg_admin; grant pg_signal_backend to azure_pg_admin;
    grant set on parameter session_replication_role to azure_pg_admin";

/// Nobody has rights that the page does not name: in schema `public`, which nobody may create in from 15 on, and in one of its own.
async fn documented_rights_are_enough(major: u32, [on_source, on_target]: [String; 2]) {
    let mut site = Site::empty(major, major).await;
    let (source, target) = (site.source_url.clone(), site.target_url.clone());
    batch(&source, "create role app_owner; grant create on database shop to app_owner; grant create, usage on schema public to app_owner").await;
    let without_keys = TABLES.replace(" references app.parent on delete cascade", "");
    batch(&source, &without_keys).await;
    batch(&source, "set role app_owner; create table public.loose (id int primary key); insert into public.loose values (1)").await;
    for (server, block) in [(&source, &on_source), (&target, &on_target)] {
        if block.contains("azure_pg_admin") {
            batch(server, AZURE).await;
        }
        batch(server, block).await;
    }
    (site.source_url, site.target_url) = (as_transhume(&source), as_transhume(&target));
    if major >= 15 {
        batch(
            &target,
            "revoke create on schema public from transhume, app_owner",
        )
        .await;
        let refused = site.call(&["assess"]);
        assert_eq!(refused.code, 1, "{}", refused.output);
        let statement = "grant usage, create on schema public to \"transhume\"";
        assert!(refused.output.contains(statement), "{}", refused.output);
        batch(&target, "grant create on schema public to transhume, app_owner").await;
    }

    let assessed = site.call(&["assess", "--json"]);
    assert_eq!(assessed.code, 0, "{}{}", assessed.output, assessed.error);
    site.succeed(&["run", "--until-caught-up"]);
    site.succeed(&["verify"]);
    site.succeed(&["cutover", "--yes"]);
    batch(
        &target,
        "set role app_owner; insert into app.log values ('new side'); insert into public.loose values (2)",
    )
    .await;
    site.succeed(&["run", "--until-caught-up"]);
    site.succeed(&["fallback", "--yes", "--override", "verification"]);
    oracle::assert_equal_except(&target, &source, &but_for_rights()).await;
    site.succeed(&["finish", "--yes"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_the_page_are_enough_on_13() {
    documented_rights_are_enough(13, of_the_reference(13)).await;
}

/// In the profile `long`: servers that no other test needs.
#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_the_page_are_enough_on_rarer_servers() {
    for major in [12, 14, 16] {
        documented_rights_are_enough(major, of_the_reference(major)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_the_page_are_enough_on_15() {
    documented_rights_are_enough(15, of_the_reference(15)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_the_guide_to_azure_are_enough_on_17() {
    documented_rights_are_enough(17, of_the_guide()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_the_page_are_enough_on_18() {
    documented_rights_are_enough(18, of_the_reference(18)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_the_guide_between_flexible_servers_are_enough_on_15() {
    documented_rights_are_enough(15, between_flexible_servers()).await;
}
