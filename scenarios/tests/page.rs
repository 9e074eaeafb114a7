//! The committed page against the scenarios.

#[test]
fn the_committed_page_is_not_stale() {
    let committed = include_str!("../../docs/failures.md");
    assert!(
        committed == poollab_scenarios::catalogue_page(),
        "docs/failures.md is stale; write it anew with\n  \
         cargo run -p poollab-scenarios --example page > docs/failures.md"
    );
}

#[test]
fn the_page_leads_to_every_scenario() {
    let page = poollab_scenarios::catalogue_page();
    for scenario in poollab_scenarios::SCENARIOS {
        assert!(page.contains(&format!("\n### {}\n", scenario.id)), "{}", scenario.id);
        assert!(page.contains(&format!("(#{})", scenario.id)), "{}", scenario.id);
        assert!(page.contains(&scenario.command()), "{}", scenario.id);
    }
}
