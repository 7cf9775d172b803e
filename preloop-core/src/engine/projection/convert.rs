//! A host value as JSON, bounded in depth and size whatever it holds.

use serde_json::{Map, Number, Value as Json};

use super::host::{Host, HostFault, HostValue, changed, doubled, not_finite, too_deep, too_many};

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
            None => Err(too_many()),
        }
    }

    /// Reads what is one level deeper.
    fn deeper<R>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<R, HostFault>,
    ) -> Result<R, HostFault> {
        let Some(levels) = self.levels.checked_sub(1) else {
            return Err(too_deep());
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
    Ok(match value.clone().read()? {
        Host::Null => Json::Null,
        Host::Bool(value) => Json::Bool(value),
        Host::Int(value) => Json::Number(value.into()),
        Host::Uint(value) => Json::Number(value.into()),
        Host::Double(value) => Json::Number(Number::from_f64(value).ok_or_else(not_finite)?),
        Host::Text(text) => Json::String(text.as_ref().to_owned()),
        Host::List(list) => bounds.deeper(|bounds| items(&list, bounds))?,
        Host::Object(object) => bounds.deeper(|bounds| entries(&object, bounds))?,
    })
}

fn items<H: HostValue>(list: &H, bounds: &mut Bounds) -> Result<Json, HostFault> {
    let length = list.length()?.ok_or_else(changed)?;
    if length > bounds.values {
        return Err(too_many());
    }
    let mut items = Vec::with_capacity(length);
    for position in 0..length {
        let item = list.item(position, length)?.ok_or_else(changed)?;
        items.push(to_json(&item, bounds)?);
    }
    Ok(Json::Array(items))
}

fn entries<H: HostValue>(object: &H, bounds: &mut Bounds) -> Result<Json, HostFault> {
    let mut entries = Map::new();
    object.each_entry(&mut |key, entry| {
        let entry = to_json(&entry, bounds)?;
        if entries.insert(key.to_owned(), entry).is_some() {
            return Err(doubled());
        }
        Ok(())
    })?;
    Ok(Json::Object(entries))
}
