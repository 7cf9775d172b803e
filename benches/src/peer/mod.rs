//! One file for each engine: how it is handed an expression, a policy and a call.

#[cfg(feature = "peers")]
pub mod casbin;
#[cfg(feature = "peers")]
pub mod cedar;
#[cfg(feature = "peers")]
pub mod cel;
#[cfg(feature = "peers")]
pub mod cel_interpreter;
pub mod native;
pub mod preloop;
#[cfg(feature = "peers")]
pub mod regorus;
