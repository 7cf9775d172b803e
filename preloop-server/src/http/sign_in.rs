//! `/api/v1/auth`: signing in and out, and who one is.

use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::header::{CACHE_CONTROL, HeaderValue, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use preloop_api::{
    AcceptInvitation, Account, ChangePassword, CreateAccount, Me, Permission, SessionInfo, SignIn,
    TokenAnswer, TokenRequest, User,
};
use schemars::SchemaGenerator;
use serde_json::json;

use super::ApiError;
use super::auth::{Authenticated, check_origin, is_secure, session_cookie, session_cookie_name};
use super::body::{JsonRequest, media_type, read_body, read_json};
use super::client;
use super::route::{Route, Routes, get, post};
use crate::service::{Platform, csrf_token};

const FORM: &str = "application/x-www-form-urlencoded";
/// Longest form with a name and a password.
const FORM_BYTES_MAX: usize = 8 * 1024;

/// Signing in and out.
pub(super) fn routes() -> Routes {
    Routes::of("auth")
        .add(guessable(
            post("/api/v1/auth/token", token)
                .summary("Name and password, or a refresh token, for bearer tokens")
                .description("The access token is good for 30 minutes. A refresh token is good for 30 days and once: used twice, all tokens of its sign-in end.")
                .body::<TokenRequest>()
                .body_as(FORM, SchemaGenerator::subschema_for::<TokenRequest>)
                .example(json!({"grant_type": "password", "username": "ann", "password": "correct horse battery"}))
                .answers::<TokenAnswer>(StatusCode::OK)
                .problems(&["invalid_credentials"]),
        ))
        .add(guessable(
            post("/api/v1/auth/login", login)
                .summary("Sign in with a browser; the answer sets a cookie")
                .body::<SignIn>()
                .example(json!({"username": "ann", "password": "correct horse battery"}))
                .answers::<SessionInfo>(StatusCode::OK)
                .headers(&[("Set-Cookie", "The session.")])
                .problems(&["invalid_credentials"]),
        ))
        .add(guessable(
            post("/api/v1/auth/invitation", accept)
                .summary("Accept an invitation, which makes a user")
                .body::<AcceptInvitation>()
                .answers::<User>(StatusCode::CREATED)
                .problems(&["account_full", "email_taken", "invalid_name", "invalid_password", "invitation_not_found", "user_name_taken"]),
        ))
        .add(guessable(
            post("/api/v1/auth/register", register)
                .summary("Make an account, where the operator allows that")
                .body::<CreateAccount>()
                .answers::<Account>(StatusCode::CREATED)
                .problems(&["account_name_taken", "invalid_email", "invalid_name", "invalid_password", "registration_closed"]),
        ))
        .and(own_routes())
}

/// What whoever is signed in does about it.
fn own_routes() -> Routes {
    Routes::of("auth")
        .add(
            get("/api/v1/auth/session", session)
                .summary("How the caller is signed in; with a cookie also the token that pages send along")
                .answers::<SessionInfo>(StatusCode::OK),
        )
        .add(
            get("/api/v1/auth/me", me)
                .summary("Who the caller is and what it may do")
                .answers::<Me>(StatusCode::OK),
        )
        .add(
            get("/api/v1/auth/users/me", me)
                .summary("The same as `/api/v1/auth/me`")
                .answers::<Me>(StatusCode::OK),
        )
        .add(
            post("/api/v1/auth/logout", logout)
                .summary("End this sign-in; keys stay as they are")
                .answers_nothing(StatusCode::NO_CONTENT),
        )
        .add(
            post("/api/v1/auth/logout-all", logout_all)
                .right(Permission::KeysOwn)
                .summary("End all sign-ins of the user who calls")
                .answers_nothing(StatusCode::NO_CONTENT)
                .problems(&["users_only"]),
        )
        .add(
            post("/api/v1/auth/password", password)
                .right(Permission::KeysOwn)
                .summary("Change the own password; other sign-ins end")
                .body::<ChangePassword>()
                .answers_nothing(StatusCode::NO_CONTENT)
                .problems(&[
                    "invalid_password",
                    "role_beyond_own",
                    "user_not_found",
                    "users_only",
                    "wrong_password",
                ]),
        )
}

/// Anybody may try, but not often.
fn guessable(route: Route) -> Route {
    route.public().problems(&["too_many_attempts", "unavailable"])
}

async fn token(State(platform): State<Platform>, request: Request) -> Result<Response, ApiError> {
    let from = client::address(&request);
    let answer = match read_token_request(request).await? {
        TokenRequest::Password { username, password, account } => {
            let sign_in = SignIn { username, password, account };
            platform.sign_in_tokens(&sign_in, from).await?
        }
        TokenRequest::RefreshToken { refresh_token } => {
            platform.refresh(&refresh_token, from).await?
        }
    };
    Ok(not_kept(Json(answer).into_response()))
}

async fn login(State(platform): State<Platform>, request: Request) -> Result<Response, ApiError> {
    check_origin(request.headers(), platform.base_url())?;
    let from = client::address(&request);
    let before = session_cookie(request.headers(), platform.base_url()).map(str::to_owned);
    let sign_in: SignIn = read_json(request).await?;
    let signed_in = platform.sign_in_cookie(&sign_in, from).await?;
    if let Some(before) = before
        && let Some((services, caller, _)) = platform.authenticate_cookie(&before).await?
    {
        // The browser forgets it now, and nobody else shall have it.
        services.sign_out(&caller).await?;
    }
    let cookie = signed_in.cookie.reveal();
    let info = SessionInfo {
        credential: signed_in.caller.credential,
        csrf_token: Some(csrf_token(cookie)),
        expires_at: Some(signed_in.expires_at),
        me: signed_in.services.me(&signed_in.caller).await?,
    };
    let set = set_cookie(&platform, cookie, signed_in.lasts.as_secs());
    Ok(not_kept(([(SET_COOKIE, set)], Json(info)).into_response()))
}

async fn accept(
    State(platform): State<Platform>,
    request: Request,
) -> Result<(StatusCode, Json<User>), ApiError> {
    let from = client::address(&request);
    let body: AcceptInvitation = read_json(request).await?;
    Ok((StatusCode::CREATED, Json(platform.invitation_accept(body, from).await?)))
}

async fn register(
    State(platform): State<Platform>,
    request: Request,
) -> Result<(StatusCode, Json<Account>), ApiError> {
    let from = client::address(&request);
    let body: CreateAccount = read_json(request).await?;
    Ok((StatusCode::CREATED, Json(platform.account_register(body, from).await?)))
}

async fn session(
    State(platform): State<Platform>,
    Authenticated { services, caller }: Authenticated,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let me = services.me(&caller).await?;
    let cookie = match caller.credential {
        preloop_api::Credential::Cookie => session_cookie(&headers, platform.base_url()),
        preloop_api::Credential::Key | preloop_api::Credential::Token => None,
    };
    let expires_at = match cookie {
        Some(cookie) => platform.authenticate_cookie(cookie).await?.map(|(_, _, until)| until),
        None => None,
    };
    let csrf_token = cookie.map(csrf_token);
    let info = SessionInfo { credential: caller.credential, csrf_token, expires_at, me };
    Ok(not_kept(Json(info).into_response()))
}

async fn me(Authenticated { services, caller }: Authenticated) -> Result<Json<Me>, ApiError> {
    Ok(Json(services.me(&caller).await?))
}

async fn logout(
    State(platform): State<Platform>,
    Authenticated { services, caller }: Authenticated,
) -> Result<Response, ApiError> {
    services.sign_out(&caller).await?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, set_cookie(&platform, "", 0))]).into_response())
}

async fn logout_all(
    State(platform): State<Platform>,
    Authenticated { services, caller }: Authenticated,
) -> Result<Response, ApiError> {
    services.sign_out_all(&caller).await?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, set_cookie(&platform, "", 0))]).into_response())
}

async fn password(request: JsonRequest) -> Result<StatusCode, ApiError> {
    let body: ChangePassword = request.parse()?;
    request.services.password_change(&request.caller, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// JSON, or a form as OAuth clients send it.
async fn read_token_request(request: Request) -> Result<TokenRequest, ApiError> {
    if media_type(request.headers()).as_deref() != Some(FORM) {
        return read_json(request).await;
    }
    let body = read_body(request.into_body()).await?;
    let unreadable = || {
        ApiError::invalid_body(
            "the form cannot be read, or does not fit: it has `username` and `password`, or `grant_type=refresh_token` and `refresh_token`",
        )
    };
    let text = std::str::from_utf8(&body).ok().filter(|text| text.len() <= FORM_BYTES_MAX);
    let text = text.ok_or_else(unreadable)?;
    // Forms for a name and a password alone leave the kind out.
    let names_kind = text.split('&').any(|field| field.starts_with("grant_type="));
    let kind = if names_kind { "" } else { "&grant_type=password" };
    let uri: Uri = format!("/?{text}{kind}").parse().map_err(|_| unreadable())?;
    // What is wrong is not repeated: it may be a password.
    Query::try_from_uri(&uri).map(|Query(form)| form).map_err(|_| unreadable())
}

/// The cookie is for this server's pages alone, and scripts do not see it.
pub(super) fn set_cookie(platform: &Platform, text: &str, seconds: u64) -> HeaderValue {
    let name = session_cookie_name(platform.base_url());
    let secure = if is_secure(platform.base_url()) { "; Secure" } else { "" };
    let cookie =
        format!("{name}={text}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// No cache may keep an answer with a token.
fn not_kept(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
