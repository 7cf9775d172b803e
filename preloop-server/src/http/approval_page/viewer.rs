//! Who looks at a page: somebody signed in, or an approver who came by a link.

use axum::extract;
use axum::http::{HeaderMap, Uri};
use serde::Deserialize;
use uuid::Uuid;

use super::notice::Notice;
use crate::http::auth::session_cookie;
use crate::service::{Caller, LinkState, OpenedLink, Platform, Services};

/// Who looks.
#[derive(Debug)]
pub(super) enum Viewer {
    /// Somebody who may look.
    Known(Box<Known>),
    /// Nobody whom this server knows.
    Nobody,
}

/// Somebody who may look, and how that was shown.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) services: Services,
    pub(super) caller: Caller,
    /// The link by which the viewer came, with its token.
    pub(super) link: Option<(OpenedLink, String)>,
    /// What the page's forms are bound to: the cookie of the session, or the token.
    pub(super) credential: String,
}

/// What the address of a page says.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Query {
    pub(super) token: Option<String>,
    /// Which of two links of a message was followed; the page decides nothing by it.
    pub(super) decision: Option<String>,
}

/// What the address of a page says; nothing where it cannot be read.
pub(super) fn query_of(uri: &Uri) -> Query {
    extract::Query::try_from_uri(uri).map(|extract::Query(query)| query).unwrap_or_default()
}

/// Who looks or sends a form: by the cookie of a session, or by a link's token to a request.
pub(super) async fn known(
    platform: &Platform,
    id: Option<Uuid>,
    token: Option<String>,
    headers: &HeaderMap,
    from: Option<std::net::IpAddr>,
) -> Result<Viewer, Notice> {
    let cookie = session_cookie(headers, platform.base_url()).unwrap_or_default().to_owned();
    let session = if cookie.is_empty() {
        None
    } else {
        platform.authenticate_cookie(&cookie).await.map_err(Notice::of)?
    };
    let session = session.map(|(services, caller, _)| Known {
        services,
        caller,
        link: None,
        credential: cookie,
    });
    let (Some(token), Some(id)) = (token, id) else { return Ok(of_session(session)) };
    let link = platform.approval_link_open(id, &token, from).await.map_err(Notice::of)?;
    let link = match (link, &session) {
        (LinkState::Good(link), _) => *link,
        // Whoever is signed in needs no link, so an old one is no hindrance.
        (_, Some(_)) => return Ok(of_session(session)),
        (LinkState::Ended, None) => return Err(Notice::ended_link(id)),
        (LinkState::Unknown, None) => return Err(Notice::no_link(id)),
    };
    if let Some(session) = session {
        // Forwarded to somebody who is known here: nobody acts in another's name by mistake.
        if session.caller.user_id != link.caller.user_id {
            return Err(Notice::foreign_link(id, &session.caller.principal.name));
        }
        return Ok(of_session(Some(session)));
    }
    let (services, caller) = (link.services.clone(), link.caller.clone());
    let known = Known { services, caller, credential: token.clone(), link: Some((link, token)) };
    Ok(Viewer::Known(Box::new(known)))
}

fn of_session(session: Option<Known>) -> Viewer {
    session.map_or(Viewer::Nobody, |known| Viewer::Known(Box::new(known)))
}
