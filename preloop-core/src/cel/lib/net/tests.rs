//! Addresses beyond the specification's cases, and the laws of ranges.

use proptest::prelude::*;

use super::*;

fn ip(text: &str) -> Ip {
    Ip::parse(text).unwrap()
}

fn cidr(text: &str) -> Cidr {
    Cidr::parse(text).unwrap()
}

#[test]
fn spellings_that_could_be_read_in_two_ways_are_refused() {
    for text in [
        "",
        "1.2.3",
        "01.2.3.4",
        "0x7f.0.0.1",
        "2130706433",
        "1.2.3.4 ",
        "::1%lo",
        "::ffff:1.2.3.4",
        "::1.2.3.4",
        "[::1]",
        "1.2.3.4:80",
        "１.2.3.4",
    ] {
        assert!(!is_ip(text), "{text}");
    }
    for text in [
        "10.0.0.0",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/08",
        "10.0.0.0/+8",
        "10.0.0.0/-1",
        "10.0.0.0/8/8",
        "::/129",
        "10.0.0.0/256",
        "::ffff:0:0/96",
        "fe80::1%en0/10",
        "/8",
    ] {
        assert!(!is_cidr(text), "{text}");
    }
    assert_eq!(Ip::parse("1.2.3").unwrap_err().to_string(), "`1.2.3` is not an IP address");
    assert_eq!(
        Cidr::parse("10.0.0.0/33").unwrap_err().to_string(),
        "`10.0.0.0/33` is not a range such as `10.0.0.0/8`"
    );
}

#[test]
fn an_ipv4_address_in_ipv6_clothes_is_still_caught() {
    assert!(cidr("169.254.0.0/16").contains_ip(ip("::ffff:a9fe:a9fe")));
    assert!(ip("::ffff:7f00:1").is_loopback());
    assert_eq!(ip("::ffff:7f00:1").family(), 4);
    assert_eq!(is_canonical("::ffff:7f00:1"), Ok(false));
}

#[test]
fn kinds_of_addresses() {
    let kinds = |text: &str| {
        let ip = ip(text);
        [
            ip.is_unspecified(),
            ip.is_loopback(),
            ip.is_global_unicast(),
            ip.is_link_local_multicast(),
            ip.is_link_local_unicast(),
        ]
    };
    assert_eq!(kinds("0.0.0.0"), [true, false, false, false, false]);
    assert_eq!(kinds("127.8.8.8"), [false, true, false, false, false]);
    assert_eq!(kinds("10.0.0.1"), [false, false, true, false, false]);
    assert_eq!(kinds("169.254.169.254"), [false, false, false, false, true]);
    assert_eq!(kinds("224.0.0.251"), [false, false, false, true, false]);
    assert_eq!(kinds("239.1.1.1"), [false; 5]);
    assert_eq!(kinds("::1"), [false, true, false, false, false]);
    assert_eq!(kinds("ff12::1"), [false, false, false, true, false]);
    assert_eq!(kinds("fc00::1"), [false, false, true, false, false]);
}

#[test]
fn a_range_of_no_bits_has_every_address_of_its_family() {
    assert!(cidr("0.0.0.0/0").contains_ip(ip("255.255.255.255")));
    assert!(!cidr("0.0.0.0/0").contains_ip(ip("::1")));
    assert!(cidr("::/0").contains_cidr(cidr("2001:db8::/32")));
    assert!(!cidr("::/0").contains_cidr(cidr("10.0.0.0/8")));
    assert_eq!(cidr("10.1.2.3/0").masked().to_string(), "0.0.0.0/0");
    assert_eq!(cidr("2001:db8::ff/127").masked().to_string(), "2001:db8::fe/127");
}

fn any_cidr() -> impl Strategy<Value = Cidr> {
    let from = |address: IpAddr, length: u8| Cidr {
        address: Ip(address.to_canonical()),
        prefix_length: length,
    };
    prop_oneof![
        (any::<u32>(), 0_u8..=32)
            .prop_map(move |(bits, length)| from(Ipv4Addr::from_bits(bits).into(), length)),
        // Low bits only, so that ranges meet.
        (0_u32..8, 28_u8..=32)
            .prop_map(move |(bits, length)| from(Ipv4Addr::from_bits(bits).into(), length)),
        (any::<u64>(), 0_u8..=128).prop_map(move |(bits, length)| {
            from(Ipv6Addr::from_bits(u128::from(bits) << 60 | 1 << 125).into(), length)
        }),
    ]
}

proptest! {
    #[test]
    fn printed_ranges_read_back(range in any_cidr()) {
        prop_assert_eq!(cidr(&range.to_string()), range);
        prop_assert_eq!(ip(&range.ip().to_string()), range.ip());
        prop_assert!(is_canonical(&range.ip().to_string()).unwrap());
    }

    #[test]
    fn a_range_contains_what_its_mask_keeps(outer in any_cidr(), inner in any_cidr()) {
        prop_assert!(outer.contains_ip(outer.ip()) && outer.contains_cidr(outer.masked()));
        prop_assert_eq!(outer.masked().masked(), outer.masked());
        if outer.contains_cidr(inner) {
            prop_assert!(outer.contains_ip(inner.ip()) && outer.contains_ip(inner.masked().ip()));
        }
        if outer.contains_cidr(inner) && inner.contains_cidr(outer) {
            prop_assert_eq!(outer.masked(), inner.masked());
        }
    }
}
