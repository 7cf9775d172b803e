//! IP addresses and CIDR ranges, as the network extension and Kubernetes define them.
//!
//! An IPv4 address has one value however it is written: `::ffff:c0a8:1` is 192.168.0.1, so that
//! a rule on an IPv4 range cannot be passed by with the IPv6 spelling.

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{LibError, quoted};

/// An IPv4 or IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ip(IpAddr);

/// A range of addresses: one address, and how many of its leading bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    address: Ip,
    prefix_length: u8,
}

/// `isIP(text)`.
pub(crate) fn is_ip(text: &str) -> bool {
    Ip::parse(text).is_ok()
}

/// `isCIDR(text)`.
pub(crate) fn is_cidr(text: &str) -> bool {
    Cidr::parse(text).is_ok()
}

/// `ip.isCanonical(text)`: whether an address is written as it would be printed.
pub(crate) fn is_canonical(text: &str) -> Result<bool, LibError> {
    Ok(Ip::parse(text)?.to_string() == text)
}

impl Ip {
    /// `ip(text)`.
    pub fn parse(text: &str) -> Result<Self, LibError> {
        if text.contains('%') {
            return Err(refused(text, "an address with a zone is not allowed"));
        }
        if text.contains(':') && text.contains('.') {
            return Err(refused(text, "an IPv4 address inside an IPv6 address is not allowed"));
        }
        let address: IpAddr = text
            .parse()
            .map_err(|_| LibError::invalid(format!("{} is not an IP address", quoted(text))))?;
        Ok(Self(address.to_canonical()))
    }

    /// `ip.family()`: 4 or 6.
    pub fn family(self) -> i64 {
        if self.0.is_ipv4() { 4 } else { 6 }
    }

    /// `ip.isUnspecified()`: 0.0.0.0 or `::`.
    pub fn is_unspecified(self) -> bool {
        self.0.is_unspecified()
    }

    /// `ip.isLoopback()`: 127.0.0.0/8 or `::1`.
    pub fn is_loopback(self) -> bool {
        self.0.is_loopback()
    }

    /// `ip.isLinkLocalMulticast()`: 224.0.0.0/24 or `ff02::/16`.
    pub fn is_link_local_multicast(self) -> bool {
        match self.0 {
            IpAddr::V4(address) => matches!(address.octets(), [224, 0, 0, _]),
            IpAddr::V6(address) => address.octets().first_chunk().is_some_and(|[first, second]| {
                // The second byte is four flags and the scope, of which 2 is the link.
                *first == 0xff && second & 0x0f == 2
            }),
        }
    }

    /// `ip.isLinkLocalUnicast()`: 169.254.0.0/16 or `fe80::/10`.
    pub fn is_link_local_unicast(self) -> bool {
        match self.0 {
            IpAddr::V4(address) => address.is_link_local(),
            IpAddr::V6(address) => address.is_unicast_link_local(),
        }
    }

    /// `ip.isGlobalUnicast()`: any address of one machine that is not bound to a link; private
    /// ranges count.
    pub fn is_global_unicast(self) -> bool {
        let broadcast = matches!(self.0, IpAddr::V4(address) if address.is_broadcast());
        !(broadcast
            || self.is_unspecified()
            || self.is_loopback()
            || self.0.is_multicast()
            || self.is_link_local_unicast())
    }

    /// How many bits an address of this family has.
    fn bits(self) -> u8 {
        if self.0.is_ipv4() { 32 } else { 128 }
    }

    /// With all but the leading `length` bits cleared.
    fn masked(self, length: u8) -> Self {
        let cleared = u32::from(self.bits().saturating_sub(length));
        Self(match self.0 {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(cleared).unwrap_or(0);
                Ipv4Addr::from_bits(address.to_bits() & mask).into()
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(cleared).unwrap_or(0);
                Ipv6Addr::from_bits(address.to_bits() & mask).into()
            }
        })
    }
}

impl fmt::Display for Ip {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Cidr {
    /// `cidr(text)`: an address, a slash and the number of bits.
    pub fn parse(text: &str) -> Result<Self, LibError> {
        let malformed =
            || LibError::invalid(format!("{} is not a range such as `10.0.0.0/8`", quoted(text)));
        let (address, length) = text.split_once('/').ok_or_else(malformed)?;
        if address.contains('%') {
            return Err(refused(text, "a range with a zone is not allowed"));
        }
        // A mapped address would change its number of bits with its family.
        let mapped =
            address.parse().is_ok_and(|address: Ipv6Addr| address.to_ipv4_mapped().is_some());
        if mapped || (address.contains(':') && address.contains('.')) {
            return Err(refused(text, "an IPv4 address inside an IPv6 address is not allowed"));
        }
        let address = Ip::parse(address).map_err(|_| malformed())?;
        // `parse` would take a sign and leading zeros.
        let canonical = length == "0" || !length.starts_with(['0', '+']);
        let prefix_length = length
            .parse()
            .ok()
            .filter(|length| canonical && *length <= address.bits())
            .ok_or_else(malformed)?;
        Ok(Self { address, prefix_length })
    }

    /// `cidr.ip()`: the address as it was written, host bits included.
    pub fn ip(self) -> Ip {
        self.address
    }

    /// `cidr.prefixLength()`.
    pub fn prefix_length(self) -> i64 {
        i64::from(self.prefix_length)
    }

    /// `cidr.masked()`: with the host bits cleared.
    #[must_use]
    pub fn masked(self) -> Self {
        Self { address: self.address.masked(self.prefix_length), ..self }
    }

    /// `cidr.containsIP(ip)`; an address of the other family is never in the range.
    pub fn contains_ip(self, ip: Ip) -> bool {
        self.address.bits() == ip.bits()
            && self.address.masked(self.prefix_length) == ip.masked(self.prefix_length)
    }

    /// `cidr.containsCIDR(cidr)`: whether the whole of the other range is in this one.
    pub fn contains_cidr(self, other: Self) -> bool {
        self.prefix_length <= other.prefix_length && self.contains_ip(other.address)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix_length)
    }
}

fn refused(text: &str, why: &str) -> LibError {
    LibError::invalid(format!("{}: {why}", quoted(text)))
}
