//! Lists and objects of a projection, part by part: each is pulled when it is asked for, and then kept.

use std::cell::OnceCell;

use super::Projection;
use super::held::{Entry, Held, Node, Place};
use super::host::{Field, Host, HostFault, HostValue, changed, doubled, not_finite, too_many};
use crate::cel::{Argument, FieldName, Lookup, Parts};
use crate::limits::ARGUMENT_VALUES_MAX;

impl<H: HostValue> Projection<'_, H> {
    /// What a value in this place is.
    #[inline]
    pub(super) fn hold(&self, value: H, place: Place) -> Result<Held<H::Text>, HostFault> {
        Ok(match value.read()? {
            Host::Null => Held::Null,
            Host::Bool(value) => Held::Bool(value),
            Host::Int(value) => Held::Int(value),
            Host::Uint(value) => Held::Uint(value),
            Host::Double(value) if value.is_finite() => Held::Double(value),
            Host::Double(_) => return Err(not_finite()),
            Host::Text(text) => Held::Text(text),
            Host::List(list) => Held::List(self.keep_list(list, place)?),
            Host::Object(object) => Held::Object(self.keep(object, place, OnceCell::new())?),
        })
    }

    #[inline(never)]
    fn keep_list(&self, list: H, place: Place) -> Result<u32, HostFault> {
        let count = OnceCell::from(list.length()?.ok_or_else(changed)?);
        self.keep(list, place, count)
    }

    /// Apart from what is text or a number, since it takes room on the stack.
    #[inline(never)]
    fn keep(&self, host: H, place: Place, count: OnceCell<usize>) -> Result<u32, HostFault> {
        self.nodes.push(Node::new(host, place.inner()?, count)).ok_or_else(too_many)
    }

    /// What a part in this place is; one that cannot be read is there and has no value.
    #[inline]
    fn part(&self, place: Place, pulled: Result<Held<H::Text>, HostFault>) -> Held<H::Text> {
        pulled.unwrap_or_else(|fault| {
            self.ground.stop(place, &fault);
            Held::Null
        })
    }

    /// What a source says that holds this.
    #[inline]
    pub(super) fn lookup_of<'s>(&'s self, held: &'s Held<H::Text>) -> Lookup<'s> {
        Lookup::Found(match held {
            Held::Missing(position) => return Lookup::Missing(*position),
            Held::NotAnObject(position) => return Lookup::NotAnObject(*position),
            Held::NullAbove(position) => return Lookup::NullAbove(*position),
            Held::Null => Argument::Null,
            Held::Bool(value) => Argument::Bool(*value),
            Held::Int(value) => Argument::Int(*value),
            Held::Uint(value) => Argument::Uint(*value),
            Held::Double(value) => Argument::Double(*value),
            Held::Text(text) => Argument::Text(text.as_ref()),
            Held::List(list) => Argument::Items(*list, self),
            Held::Object(object) => Argument::Fields(*object, self),
        })
    }

    /// The value, if there is one.
    #[inline]
    fn argument<'s>(&'s self, held: &'s Held<H::Text>) -> Option<Argument<'s>> {
        match self.lookup_of(held) {
            Lookup::Found(argument) => Some(argument),
            _ => None,
        }
    }

    #[inline]
    fn pull_item(&self, list: &Node<H>, position: usize, count: usize) -> Held<H::Text> {
        let item = list.host.item(position, count).and_then(|item| item.ok_or_else(changed));
        self.part(list.place, item.and_then(|item| self.hold(item, list.place)))
    }

    /// A field whose name the policy knows.
    fn pull_field(&self, object: &Node<H>, name: &str, key: &H::Key) -> Held<H::Text> {
        let place = object.place;
        let pulled = match object.entries.get() {
            Some(entries) => match entry_of(entries, name) {
                Some(entry) => self.hold(entry.host.clone(), place),
                None => Ok(Held::Missing(0)),
            },
            None => match object.host.field(key) {
                Ok(Field::Found(value)) => self.hold(value, place),
                Ok(Field::Missing) => Ok(Held::Missing(0)),
                Ok(Field::OfNull | Field::OfOther) => Err(changed()),
                Err(fault) => Err(fault),
            },
        };
        self.part(place, pulled)
    }

    /// A field by the number of its name; none where the policy does not know it.
    #[inline]
    fn known<'s>(&self, object: &'s Node<H>, number: u32) -> Option<&'s Held<H::Text>> {
        let keys = self.ground.keys;
        let (name, key) = keys.named(number)?;
        let pull = || self.pull_field(object, name, key);
        object.parts.get_or_pull(number, keys.names(), pull)
    }

    /// Every entry, by its key.
    #[inline(never)]
    fn entries<'s>(&self, object: &'s Node<H>) -> &'s [Entry<H>] {
        object.entries.get_or_init(|| {
            walk(object).unwrap_or_else(|fault| {
                self.ground.stop(object.place, &fault);
                Box::default()
            })
        })
    }

    fn held_by<'s>(&self, object: &'s Node<H>, entry: &'s Entry<H>) -> &'s Held<H::Text> {
        let number = self.ground.keys.number(&entry.key);
        match number.and_then(|number| self.known(object, number)) {
            // It was asked for before, and was not there then.
            Some(Held::Missing(_)) => {
                entry.held.get_or_init(|| self.part(object.place, Err(changed())))
            }
            Some(held) => held,
            None => entry.held.get_or_init(|| {
                self.part(object.place, self.hold(entry.host.clone(), object.place))
            }),
        }
    }
}

fn walk<H: HostValue>(object: &Node<H>) -> Result<Box<[Entry<H>]>, HostFault> {
    let mut entries: Vec<Entry<H>> = Vec::new();
    object.host.each_entry(&mut |key, host| {
        if entries.len() >= ARGUMENT_VALUES_MAX {
            return Err(too_many());
        }
        entries.push(Entry { key: key.into(), host, held: OnceCell::new() });
        Ok(())
    })?;
    entries.sort_by(|left, right| left.key.cmp(&right.key));
    if entries.windows(2).any(|pair| matches!(pair, [left, right] if left.key == right.key)) {
        return Err(doubled());
    }
    if object.count.get().is_some_and(|count| *count != entries.len()) {
        return Err(changed());
    }
    Ok(entries.into())
}

fn entry_of<'e, H: HostValue>(entries: &'e [Entry<H>], name: &str) -> Option<&'e Entry<H>> {
    let found = entries.binary_search_by(|entry| (*entry.key).cmp(name)).ok()?;
    entries.get(found)
}

impl<H: HostValue> Parts for Projection<'_, H> {
    fn count(&self, of: u32) -> usize {
        let Some(node) = self.nodes.get(of) else { return 0 };
        if let Some(entries) = node.entries.get() {
            return entries.len();
        }
        *node.count.get_or_init(|| match node.host.length() {
            Ok(Some(count)) => count,
            Ok(None) => self.entries(node).len(),
            Err(fault) => {
                self.ground.stop(node.place, &fault);
                0
            }
        })
    }

    #[inline]
    fn item(&self, of: u32, position: usize) -> Option<Argument<'_>> {
        let list = self.nodes.get(of)?;
        let count = *list.count.get()?;
        let number = u32::try_from(position).ok().filter(|_| position < count)?;
        let pull = || self.pull_item(list, position, count);
        self.argument(list.parts.get_or_pull(number, count, pull)?)
    }

    #[inline]
    fn field(&self, of: u32, name: &FieldName) -> Option<Argument<'_>> {
        match self.known(self.nodes.get(of)?, name.number()) {
            Some(held) => self.argument(held),
            None => self.value(of, name),
        }
    }

    fn value(&self, of: u32, key: &str) -> Option<Argument<'_>> {
        let object = self.nodes.get(of)?;
        let number = self.ground.keys.number(key);
        match number.and_then(|number| self.known(object, number)) {
            Some(held) => self.argument(held),
            None => self.argument(self.held_by(object, entry_of(self.entries(object), key)?)),
        }
    }

    fn entry(&self, of: u32, position: usize) -> Option<(&str, Argument<'_>)> {
        let object = self.nodes.get(of)?;
        let entry = self.entries(object).get(position)?;
        let value = self.argument(self.held_by(object, entry)).unwrap_or(Argument::Null);
        Some((&entry.key, value))
    }
}
