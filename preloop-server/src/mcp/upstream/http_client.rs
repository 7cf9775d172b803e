//! The HTTP client for one upstream server.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use crate::mcp::addresses::{PublicResolver, Reach};

const CONNECT_TIME: Duration = Duration::from_secs(10);
const REDIRECTS_MAX: usize = 3;

/// A client for `url`: keeps connections, sends at once, never carries credentials to another host,
/// and reaches no further than it may.
pub(super) fn client_for(url: &Url, reach: Reach) -> Result<Client, reqwest::Error> {
    // A provider that somebody else has installed will do as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let is_local = match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    };
    let redirects = Policy::custom(|attempt| {
        let from = attempt.previous().last();
        let stays = from.is_some_and(|from| from.origin() == attempt.url().origin());
        // 301, 302 and 303 turn a POST into a GET, which is no MCP message any more.
        let keeps_method = matches!(attempt.status().as_u16(), 307 | 308);
        if stays && keeps_method && attempt.previous().len() <= REDIRECTS_MAX {
            attempt.follow()
        } else {
            attempt.stop()
        }
    });
    let mut client = Client::builder()
        .user_agent(concat!("preloop/", env!("CARGO_PKG_VERSION")))
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIME)
        .redirect(redirects);
    if is_local {
        // A proxy cannot reach this machine's own loopback address.
        client = client.no_proxy();
    }
    if reach == Reach::Public {
        // A proxy would look the name up by itself, and reach what this server may not.
        client = client.no_proxy().dns_resolver(PublicResolver);
    }
    client.build()
}
