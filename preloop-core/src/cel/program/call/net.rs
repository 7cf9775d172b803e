//! Addresses and networks.

use super::Answer;
use crate::cel::code::OpId;
use crate::cel::failure::Trouble;
use crate::cel::function::Function;
use crate::cel::lib::net::{self, Cidr, Ip};
use crate::cel::program::machine::Machine;
use crate::cel::value::Val;

impl<'e> Machine<'e> {
    pub(super) fn net_function(
        &self,
        id: OpId,
        function: Function,
        values: &[Val<'e>],
    ) -> Answer<'e> {
        match *values {
            [Val::Text(text)] if reads_text(function) => {
                self.charge_bytes(text.len(), id)?;
                self.net_of_text(id, function, text)
            }
            [Val::Ip(address)] => Ok(net_of_address(function, address)),
            [Val::Cidr(network)] => Ok(match function {
                Function::Ip => Some(Val::Ip(network.ip())),
                Function::Masked => Some(Val::Cidr(network.masked())),
                Function::PrefixLength => Some(Val::Int(network.prefix_length())),
                _ => None,
            }),
            [Val::Cidr(network), other] => self.net_contains(id, function, network, other),
            _ => Ok(None),
        }
    }

    fn net_of_text(&self, id: OpId, function: Function, text: &str) -> Answer<'e> {
        Ok(Some(match function {
            Function::Ip => Val::Ip(self.lib(Ip::parse(text), id)?),
            Function::Cidr => Val::Cidr(self.lib(Cidr::parse(text), id)?),
            Function::IsIp => Val::Bool(net::is_ip(text)),
            Function::IsCidr => Val::Bool(net::is_cidr(text)),
            Function::IpIsCanonical => Val::Bool(self.lib(net::is_canonical(text), id)?),
            _ => return Ok(None),
        }))
    }

    fn net_contains(
        &self,
        id: OpId,
        function: Function,
        network: Cidr,
        other: Val<'e>,
    ) -> Result<Option<Val<'e>>, Trouble> {
        Ok(Some(Val::Bool(match (function, other) {
            (Function::ContainsIp, Val::Ip(address)) => network.contains_ip(address),
            (Function::ContainsIp, Val::Text(text)) => {
                self.charge_bytes(text.len(), id)?;
                network.contains_ip(self.lib(Ip::parse(text), id)?)
            }
            (Function::ContainsCidr, Val::Cidr(inner)) => network.contains_cidr(inner),
            (Function::ContainsCidr, Val::Text(text)) => {
                self.charge_bytes(text.len(), id)?;
                network.contains_cidr(self.lib(Cidr::parse(text), id)?)
            }
            _ => return Ok(None),
        })))
    }
}

/// Whether a function looks at a text at all, and so is paid for its length.
const fn reads_text(function: Function) -> bool {
    matches!(
        function,
        Function::Ip | Function::Cidr | Function::IsIp | Function::IsCidr | Function::IpIsCanonical
    )
}

fn net_of_address<'e>(function: Function, address: Ip) -> Option<Val<'e>> {
    Some(match function {
        Function::Family => Val::Int(address.family()),
        Function::IsUnspecified => Val::Bool(address.is_unspecified()),
        Function::IsLoopback => Val::Bool(address.is_loopback()),
        Function::IsGlobalUnicast => Val::Bool(address.is_global_unicast()),
        Function::IsLinkLocalMulticast => Val::Bool(address.is_link_local_multicast()),
        Function::IsLinkLocalUnicast => Val::Bool(address.is_link_local_unicast()),
        _ => return None,
    })
}
