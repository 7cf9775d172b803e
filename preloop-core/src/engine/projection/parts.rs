//! Lists and objects of a projection, part by part: each is pulled when it is asked for, and then kept.

use std::cell::OnceCell;

use super::Projection;
use super::cells::{Numbered, put, value_of};
use super::held::{Entry, Held, Node, Place};
use super::host::{Field, Host, HostFault, HostValue, changed, doubled, not_finite, too_many};
use crate::cel::{Argument, FieldName, Lookup, Parts};
use crate::limits::ARGUMENT_VALUES_MAX;

/// The number of what is in a cell of its own.
const ALONE: u32 = 0;

impl<H: HostValue> Projection<'_, H> {
    /// Fills a cell with what a value in this place is. It is put where it stays, without a value in between: what is
    /// written in parts and moved as a whole is waited for.
    #[expect(clippy::inline_always, reason = "else what is put has to be told from an answer")]
    #[inline(always)]
    pub(super) fn fill(
        &self,
        cell: &Numbered<Held<H::Text>>,
        number: u32,
        value: H,
        place: Place,
    ) -> Result<(), HostFault> {
        match value.read()? {
            Host::Text(text) => put(cell, number, Held::Text(text)),
            Host::Int(value) => put(cell, number, Held::Int(value)),
            Host::Null => put(cell, number, Held::Null),
            Host::Bool(value) => put(cell, number, Held::Bool(value)),
            Host::Uint(value) => put(cell, number, Held::Uint(value)),
            Host::Double(value) if value.is_finite() => put(cell, number, Held::Double(value)),
            Host::Double(_) => Err(not_finite()),
            Host::List(list) => put(cell, number, Held::List(self.keep_list(list, place)?)),
            Host::Object(object) => {
                put(cell, number, Held::Object(self.keep(object, place, OnceCell::new())?))
            }
        }
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

    /// A part that cannot be read is there and has no value.
    #[inline]
    fn part(
        &self,
        cell: &Numbered<Held<H::Text>>,
        number: u32,
        place: Place,
        pulled: Result<(), HostFault>,
    ) {
        if let Err(fault) = pulled {
            self.ground.stop(place, &fault);
            let _ = put(cell, number, Held::Null);
        }
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
    fn pull_item(&self, cell: &Numbered<Held<H::Text>>, number: u32, list: &Node<H>, count: usize) {
        let pulled = match list.host.item(number as usize, count) {
            Ok(Some(item)) => self.fill(cell, number, item, list.place),
            Ok(None) => Err(changed()),
            Err(fault) => Err(fault),
        };
        self.part(cell, number, list.place, pulled);
    }

    /// A field whose name the policy knows.
    #[inline]
    fn pull_field(
        &self,
        cell: &Numbered<Held<H::Text>>,
        number: u32,
        object: &Node<H>,
        (name, key): (&str, &H::Key),
    ) {
        let place = object.place;
        let pulled = match object.entries.get() {
            Some(entries) => match entry_of(entries, name) {
                Some(entry) => self.fill(cell, number, entry.host.clone(), place),
                None => put(cell, number, Held::Missing(0)),
            },
            None => match object.host.field(key) {
                Ok(Field::Found(value)) => self.fill(cell, number, value, place),
                Ok(Field::Missing) => put(cell, number, Held::Missing(0)),
                Ok(Field::OfNull | Field::OfOther) => Err(changed()),
                Err(fault) => Err(fault),
            },
        };
        self.part(cell, number, place, pulled);
    }

    /// A field by the number of its name; none where the policy does not know it.
    #[inline]
    fn known<'s>(&self, object: &'s Node<H>, number: u32) -> Option<&'s Held<H::Text>> {
        let keys = self.ground.keys;
        let (name, key) = keys.named(number)?;
        let cell = object.parts.cell(number, keys.names())?;
        if cell.get().is_none() {
            self.pull_field(cell, number, object, (name, key));
        }
        value_of(cell, number)
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

    fn held_by<'s>(&self, object: &'s Node<H>, entry: &'s Entry<H>) -> Option<&'s Held<H::Text>> {
        let number = self.ground.keys.number(&entry.key);
        match number.and_then(|number| self.known(object, number)) {
            // It was asked for before, and was not there then.
            Some(Held::Missing(_)) => self.alone(object, entry, || Err(changed())),
            Some(held) => Some(held),
            None => self.alone(object, entry, || {
                self.fill(&entry.held, ALONE, entry.host.clone(), object.place)
            }),
        }
    }

    /// The value of an entry that has a cell of its own.
    fn alone<'s>(
        &self,
        object: &Node<H>,
        entry: &'s Entry<H>,
        fill: impl FnOnce() -> Result<(), HostFault>,
    ) -> Option<&'s Held<H::Text>> {
        if entry.held.get().is_none() {
            self.part(&entry.held, ALONE, object.place, fill());
        }
        value_of(&entry.held, ALONE)
    }
}

fn walk<H: HostValue>(object: &Node<H>) -> Result<Box<[Entry<H>]>, HostFault> {
    let mut entries: Vec<Entry<H>> = Vec::new();
    object.host.each_entry(&mut |key, host| {
        if entries.len() >= ARGUMENT_VALUES_MAX {
            return Err(too_many());
        }
        entries.push(Entry { key: key.into(), host, held: Numbered::new() });
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
        let cell = list.parts.cell(number, count)?;
        if cell.get().is_none() {
            self.pull_item(cell, number, list, count);
        }
        self.argument(value_of(cell, number)?)
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
            None => self.argument(self.held_by(object, entry_of(self.entries(object), key)?)?),
        }
    }

    fn entry(&self, of: u32, position: usize) -> Option<(&str, Argument<'_>)> {
        let object = self.nodes.get(of)?;
        let entry = self.entries(object).get(position)?;
        let value = self
            .held_by(object, entry)
            .and_then(|held| self.argument(held))
            .unwrap_or(Argument::Null);
        Some((&entry.key, value))
    }
}
