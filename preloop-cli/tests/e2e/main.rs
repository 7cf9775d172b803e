//! End to end: the real binary with real third-party MCP clients and servers, as a user would wire them up.
//!
//! Each file is one part of the contract; `support/` has the product, the agents, the servers and the bare wire.

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod crashing;
#[cfg(test)]
mod dead_servers;
#[cfg(test)]
mod denial;
#[cfg(test)]
mod forwarding;
#[cfg(test)]
mod holding;
#[cfg(test)]
mod leaving;
#[cfg(test)]
mod listing;
#[cfg(test)]
mod new_tools;
#[cfg(test)]
mod notifications;
#[cfg(test)]
mod principals;
#[cfg(test)]
mod refusal;
#[cfg(test)]
mod reload;
mod replicas;
#[cfg(test)]
mod support;
#[cfg(test)]
mod upstreams;
