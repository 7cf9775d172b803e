//! Invitations: list, make, revoke, and accept one.

use preloop_api::{AcceptInvitation, CreateInvitation, CreatedInvitation, Invitation, Page, User};
use uuid::Uuid;

use crate::error::ClientError;
use crate::transport::{Client, behind};

impl Client {
    /// One page of the invitations, newest first.
    pub async fn invitations(&self, cursor: Option<&str>) -> Result<Page<Invitation>, ClientError> {
        self.get(&["api", "v1", "invitations"], &behind(cursor)).await
    }

    /// Invites somebody; this answer is the only one that holds the token.
    pub async fn invitation_create(
        &self,
        body: &CreateInvitation,
    ) -> Result<CreatedInvitation, ClientError> {
        self.post(&["api", "v1", "invitations"], body).await
    }

    /// Revokes an open invitation.
    pub async fn invitation_revoke(&self, id: Uuid) -> Result<(), ClientError> {
        self.delete(&["api", "v1", "invitations", &id.to_string()]).await
    }

    /// Accepts an invitation, which makes a user; takes no key.
    pub async fn invitation_accept(&self, body: &AcceptInvitation) -> Result<User, ClientError> {
        self.post(&["api", "v1", "auth", "invitation"], body).await
    }
}
