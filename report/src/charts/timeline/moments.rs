//! What a course tells of the moment that is pointed at.

use maud::{Markup, html};
use poollab_analysis::figures;
use poollab_model::TimelinePoint;

use crate::charts::scale::Scale;
use crate::charts::svg::spot;

/// A strip over all lanes for each interval, down to the floor.
pub fn spots(points: &[TimelinePoint], clock: &Scale, floor: f64) -> Markup {
    let begins = std::iter::once(0.0).chain(points.iter().map(|point| point.at_ms));
    html! {
        @for (begin, point) in begins.zip(points) {
            (spot((clock.at(begin), 0.0), (clock.at(point.at_ms), floor), &says(point)))
        }
    }
}

fn says(point: &TimelinePoint) -> String {
    let mut says = format!(
        "{:.2} s\n{}/s answered, {} failed",
        point.at_ms / 1_000.0,
        figures::rate(point.rps),
        figures::whole(point.failed)
    );
    for (kind, count) in &point.failures {
        says.push_str(&format!("\n{kind} × {}", figures::whole(*count)));
    }
    if let Some(p99) = point.p99_us {
        says.push_str(&format!("\np99 {}", figures::time(p99 as f64)));
    }
    if let Some(pool) = point.pool {
        says.push_str(&format!("\npool {}, {} idle, {} waiting", pool.size, pool.idle, pool.waiting));
    }
    if let Some(pooler) = point.pooler {
        says.push_str(&format!(
            "\nPgBouncer {} clients, {} more waiting, {} servers, {} of them idle",
            pooler.clients_active,
            pooler.clients_waiting,
            pooler.servers_active + pooler.servers_idle,
            pooler.servers_idle
        ));
        if pooler.maxwait_us > 0 {
            says.push_str(&format!(
                "\nlongest wait at PgBouncer {}",
                figures::time(pooler.maxwait_us as f64)
            ));
        }
        if let Some(transactions) = pooler.transactions {
            says.push_str(&format!("\n{} transactions through PgBouncer", figures::whole(transactions)));
        }
    }
    if let Some(backends) = point.backends {
        says.push_str(&format!(
            "\nbackends {}: {} active, {} idle in transaction, {} idle",
            backends.total(),
            backends.active,
            backends.idle_in_transaction,
            backends.idle
        ));
    }
    if let Some(ms) = point.throttled_ms {
        says.push_str(&format!("\nthrottled {} ms", figures::rate(ms)));
    }
    says
}
