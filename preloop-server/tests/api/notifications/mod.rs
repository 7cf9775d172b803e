//! People are told of approval requests: a whole server against real mail, chat, push and webhook endpoints on loopback.

mod chats;
mod devices;
mod models;
mod outbox;
mod preferences;
mod stand;
