//! From where a request comes: what guesses are counted by.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};

/// Where proxies that are trusted say that a request came from.
const FORWARDED: &str = "x-forwarded-for";

/// The address that a request came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// The proxies in front whose word is taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies {
    networks: Arc<[Network]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u32,
}

/// The address that was noted for the request.
pub(crate) fn address(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<ClientAddress>().map(|client| client.0)
}

// === impl Proxies ===

impl Proxies {
    /// Reads addresses and networks.
    ///
    /// # Errors
    /// Where one of them is neither.
    pub(crate) fn parse(texts: &[String]) -> Result<Self, String> {
        let networks = texts.iter().map(|text| {
            Network::parse(text.trim()).ok_or_else(|| {
                format!(
                    "`{text}` in `--trusted-proxy` is no address or network such as `10.0.0.0/8`"
                )
            })
        });
        Ok(Self { networks: networks.collect::<Result<_, _>>()? })
    }

    /// Notes where the request came from: the last address that is not a trusted proxy's own.
    pub(crate) fn note(&self, request: &mut Request) {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let Some(peer) = peer.map(|info| info.0.ip().to_canonical()) else { return };
        let forwarded: Vec<&str> = request
            .headers()
            .get_all(FORWARDED)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        let client = self.client(peer, &forwarded);
        request.extensions_mut().insert(ClientAddress(client));
    }

    fn client(&self, peer: IpAddr, forwarded: &[&str]) -> IpAddr {
        let mut client = peer;
        for text in forwarded.iter().rev() {
            if !self.networks.iter().any(|network| network.has(client)) {
                break;
            }
            let Some(address) = forwarded_address(text.trim()) else { break };
            client = address.to_canonical();
        }
        client
    }
}

/// An address as proxies write it: alone, with a port, in brackets.
fn forwarded_address(text: &str) -> Option<IpAddr> {
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    text.parse().ok().or_else(with_port).or_else(bare)
}

// === impl Network ===

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(bits);
        (prefix <= bits).then_some(Self { address, prefix })
    }

    fn has(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - self.prefix).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let proxies: Vec<String> = proxies.iter().map(|it| (*it).to_owned()).collect();
        let proxies = Proxies::parse(&proxies).unwrap();
        proxies.client(peer.parse().unwrap(), forwarded).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(client(&[], "10.0.0.1", &["1.2.3.4"]), "10.0.0.1");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(&["10.0.0.0/8"], "11.0.0.1", &["1.2.3.4"]), "11.0.0.1");
        // What stands left of the last stranger was written by that stranger.
        assert_eq!(client(&["10.0.0.1"], "10.0.0.1", &["6.6.6.6", " 1.2.3.4"]), "1.2.3.4");
        let chain = ["6.6.6.6", "1.2.3.4", "10.0.0.2"];
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &chain), "1.2.3.4");
        assert_eq!(client(&["10.0.0.1"], "10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(client(&["::1"], "::1", &["2001:db8::1"]), "2001:db8::1");
        for (written, read) in [
            ("1.2.3.4:567", "1.2.3.4"),
            ("[2001:db8::1]:567", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("1.2.3.4:", "10.0.0.1"),
        ] {
            assert_eq!(client(&["10.0.0.1"], "10.0.0.1", &[written]), read);
        }
        assert_eq!(client(&["0.0.0.0/0"], "10.0.0.1", &["1.2.3.4"]), "1.2.3.4");
    }

    #[test]
    fn networks_are_read_strictly() {
        for text in ["", "x", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.1/-1"] {
            assert!(Proxies::parse(&[text.to_owned()]).is_err(), "{text}");
        }
    }
}
