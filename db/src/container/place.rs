//! Where a container's Postgres can be reached.

use bollard::models::ContainerInspectResponse;

use super::PORT;

/// Addresses to try, the best first: the container's own, because the engine's port proxy costs a tenth of the
/// throughput; then the published port, for engines whose networks are not ours (Docker Desktop).
pub fn addresses(it: &ContainerInspectResponse) -> Vec<(String, u16)> {
    let Some(network) = &it.network_settings else { return Vec::new() };
    let own = network.networks.iter().flatten().filter_map(|(_, endpoint)| {
        endpoint.ip_address.clone().filter(|address| !address.is_empty()).map(|address| (address, PORT))
    });
    let bindings = network.ports.iter().flatten().filter_map(|(_, bindings)| bindings.as_ref()).flatten();
    let published = bindings
        .filter_map(|binding| Some(("127.0.0.1".to_owned(), binding.host_port.as_ref()?.parse().ok()?)));
    own.chain(published).collect()
}
