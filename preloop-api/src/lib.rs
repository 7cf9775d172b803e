//! The serde types of the Preloop HTTP API, once, for server and client.
