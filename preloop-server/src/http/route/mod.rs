//! Declared routes: from one declaration come the router, the permission check, the description of the API and the tests
//! that walk all routes.

mod about;
mod gate;

use axum::Router;
use axum::handler::Handler;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;
use preloop_api::Permission;

pub(crate) use about::{About, Content, SchemaOf, Speaks};

use gate::Gate;

use super::ApiError;
use crate::service::Platform;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Public,
    /// Whoever is known here, whatever the role.
    SignedIn,
    /// Whoever has the right.
    Right(Permission),
}

/// One method of one path.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) about: About,
    /// How a refusal is written here.
    refuse: fn(&ApiError) -> Response,
    handler: MethodRouter<Platform>,
}

/// The routes of one noun, or of the whole server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    noun: &'static str,
    routes: Vec<Route>,
}

macro_rules! methods {
    ($($name:ident, $method:ident;)*) => {$(
        /// A route of that method; only those who are known here may use it, until it says more.
        pub(crate) fn $name<H, T>(path: &'static str, handler: H) -> Route
        where
            H: Handler<T, Platform>,
            T: 'static,
        {
            Route::new(Method::$method, path, on(MethodFilter::$method, handler))
        }
    )*};
}

methods! {
    get, GET;
    post, POST;
    put, PUT;
    patch, PATCH;
    delete, DELETE;
}

// === impl Route ===

impl Route {
    fn new(method: Method, path: &'static str, handler: MethodRouter<Platform>) -> Self {
        let about = About::new(&method);
        let refuse = ApiError::response;
        Self { method, path, access: Access::SignedIn, about, refuse, handler }
    }

    /// Only whoever has the right may use it.
    pub(crate) fn right(mut self, right: Permission) -> Self {
        self.access = Access::Right(right);
        self
    }

    /// Anybody may use it, without a key.
    pub(crate) fn public(mut self) -> Self {
        self.access = Access::Public;
        // Repetitions are told from second requests by caller, and here is none.
        self.about.is_change = false;
        self
    }

    /// Refusals before the handler are written that way instead of as a problem.
    pub(crate) fn refusing(mut self, refuse: fn(&ApiError) -> Response) -> Self {
        self.refuse = refuse;
        self
    }
}

// === impl Routes ===

impl Routes {
    /// No routes yet, of that noun.
    pub(crate) fn of(noun: &'static str) -> Self {
        Self { noun, routes: Vec::new() }
    }

    /// The same with one more.
    pub(crate) fn add(mut self, mut route: Route) -> Self {
        route.about.noun = self.noun;
        self.routes.push(route);
        self
    }

    /// The same with all of another noun.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.routes.extend(other.routes);
        self
    }

    /// Every route, in the order of declaration.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter()
    }

    /// What answers requests: every handler behind the check of its route.
    pub(crate) fn into_router(self, platform: &Platform) -> Router {
        let mut router = Router::new();
        for route in self.routes {
            let handler = match Gate::of(&route, platform) {
                Some(gate) => {
                    let layer = axum::middleware::from_fn_with_state(gate, gate::admit);
                    route.handler.route_layer(layer)
                }
                None if route.method.is_safe() => route.handler,
                None => route.handler.route_layer(axum::middleware::from_fn(gate::see_through)),
            };
            // Clients of other servers write addresses of the API with a slash at the end.
            if route.path.starts_with("/api/") {
                router = router.route(&format!("{}/", route.path), handler.clone());
            }
            router = router.route(route.path, handler);
        }
        router.with_state(platform.clone())
    }
}
