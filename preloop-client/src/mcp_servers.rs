//! MCP servers of the account's policy: list, show, add, remove, scan; and the key of stored secrets.

use preloop_api::{
    McpServerDetail, McpServerEntry, McpServerInfo, McpServerScan, McpServerTool, Page,
    PolicyApplied, SecretRotation,
};
use serde_json::json;

use crate::error::ClientError;
use crate::transport::{Client, behind};

const SERVERS: [&str; 3] = ["api", "v1", "mcp-servers"];

impl Client {
    /// One page of the upstream servers.
    pub async fn mcp_servers(
        &self,
        cursor: Option<&str>,
    ) -> Result<Page<McpServerInfo>, ClientError> {
        self.get(&SERVERS, &behind(cursor)).await
    }

    /// One server with its entry in the policy.
    pub async fn mcp_server(&self, name: &str) -> Result<McpServerDetail, ClientError> {
        self.get(&of(name, &[]), &[]).await
    }

    /// One page of the tools of a server with what they take.
    pub async fn mcp_server_tools(
        &self,
        name: &str,
        cursor: Option<&str>,
    ) -> Result<Page<McpServerTool>, ClientError> {
        self.get(&of(name, &["tools"]), &behind(cursor)).await
    }

    /// Adds a server to the account's policy.
    pub async fn mcp_server_add(
        &self,
        entry: &McpServerEntry,
        message: Option<&str>,
    ) -> Result<PolicyApplied, ClientError> {
        self.post_asking(&SERVERS, &said(message), entry).await
    }

    /// Takes a server out of the account's policy.
    pub async fn mcp_server_remove(
        &self,
        name: &str,
        message: Option<&str>,
    ) -> Result<PolicyApplied, ClientError> {
        self.delete_asking(&of(name, &[]), &said(message)).await
    }

    /// Dials a server now and says what it offers that it did not before.
    pub async fn mcp_server_scan(&self, name: &str) -> Result<McpServerScan, ClientError> {
        self.post(&of(name, &["scan"]), &json!({})).await
    }

    /// Seals every stored secret anew under another key.
    pub async fn secrets_rotate(&self) -> Result<SecretRotation, ClientError> {
        self.post(&["api", "v1", "secrets", "rotate"], &json!({})).await
    }
}

fn of<'a>(name: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    SERVERS.into_iter().chain([name]).chain(more.iter().copied()).collect()
}

fn said(message: Option<&str>) -> Vec<(&'static str, String)> {
    message.map(|message| ("message", message.to_owned())).into_iter().collect()
}
