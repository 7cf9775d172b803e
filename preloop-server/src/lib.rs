//! The Preloop server: HTTP API, MCP firewall, approvals, audit trail, store.
