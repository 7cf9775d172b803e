//! A host value as JSON, bounded in depth and size whatever it holds.

use serde_json::{Map, Number, Value as Json};

use super::host::{Host, HostFault, HostValue, not_finite};
use crate::limits::NESTING_MAX;

/// How much more of a value may be read.
#[derive(Debug)]
pub(super) struct Bounds {
    /// How many more levels of lists and objects.
    pub(super) levels: usize,
    /// How many more values.
    pub(super) values: usize,
}

impl Bounds {
    /// One value more.
    fn count(&mut self) -> Result<(), HostFault> {
        match self.values.checked_sub(1) {
            Some(left) => {
                self.values = left;
                Ok(())
            }
            None => Err(HostFault::new("this holds too many values")),
        }
    }

    /// Reads what is one level deeper.
    fn deeper<R>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<R, HostFault>,
    ) -> Result<R, HostFault> {
        let Some(levels) = self.levels.checked_sub(1) else {
            return Err(HostFault::new(format!(
                "this nests deeper than {NESTING_MAX} levels, or holds itself"
            )));
        };
        let outer = std::mem::replace(&mut self.levels, levels);
        let result = read(self);
        self.levels = outer;
        result
    }
}

/// A list or an object as JSON; scalars too.
pub(super) fn to_json<H: HostValue>(value: &H, bounds: &mut Bounds) -> Result<Json, HostFault> {
    bounds.count()?;
    Ok(match value.read()? {
        Host::Null => Json::Null,
        Host::Bool(value) => Json::Bool(value),
        Host::Int(value) => Json::Number(value.into()),
        Host::Uint(value) => Json::Number(value.into()),
        Host::Double(value) => Json::Number(Number::from_f64(value).ok_or_else(not_finite)?),
        Host::Text(text) => Json::String(text.as_ref().to_owned()),
        Host::List => bounds.deeper(|bounds| list(value, bounds))?,
        Host::Object => bounds.deeper(|bounds| object(value, bounds))?,
    })
}

fn list<H: HostValue>(value: &H, bounds: &mut Bounds) -> Result<Json, HostFault> {
    let mut items = Vec::new();
    value.each_item(&mut |item| {
        items.push(to_json(&item, bounds)?);
        Ok(())
    })?;
    Ok(Json::Array(items))
}

fn object<H: HostValue>(value: &H, bounds: &mut Bounds) -> Result<Json, HostFault> {
    let mut entries = Map::new();
    value.each_entry(&mut |key, entry| {
        let entry = to_json(&entry, bounds)?;
        if entries.insert(key.to_owned(), entry).is_some() {
            return Err(HostFault::new("a key stands twice in this object"));
        }
        Ok(())
    })?;
    Ok(Json::Object(entries))
}
