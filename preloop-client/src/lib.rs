//! HTTP client for a Preloop server.
