//! Prints what is concluded from a canned run, to be read by a person who changes the wording:
//! `cargo run -p poollab-analysis --features fixtures --example findings`.

use poollab_analysis::fixtures;

fn main() {
    for finding in fixtures::main_run().findings() {
        println!(
            "{:?} {:?} [{}]\n   {}\n",
            finding.severity,
            finding.kind,
            finding.workload.unwrap_or_default(),
            finding.text
        );
    }
}
