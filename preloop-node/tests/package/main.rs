//! The npm package as its users meet it: built as in a clone, tested in Node, packed, installed in fresh projects.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod support;
