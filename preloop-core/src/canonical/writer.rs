//! Anything that serializes, straight to canonical text: no value is made of it in between.

use std::borrow::Cow;
use std::fmt::{Error, Write as _};

use serde::Serialize;
use serde::ser::{Impossible, SerializeMap, SerializeSeq, SerializeStruct, Serializer};
use serde_json::Value;

use super::number::write_double;
use super::value::{compare_keys, write_string};

/// The same text as [`super::canonical_value`] makes of the value that `source` serializes to.
///
/// Fails where that has parts that no document has: bytes, tuples, variants with fields of their own.
pub(super) fn canonical_text(source: &impl Serialize) -> Result<String, Error> {
    let mut writer = Writer::default();
    source.serialize(&mut writer)?;
    Ok(writer.out)
}

#[derive(Default)]
struct Writer {
    out: String,
    /// What was written so far of all objects that are open, the innermost one's members last.
    members: Vec<Member>,
    /// Where the members of an object are put in order.
    sorted: String,
}

/// A member of an object, and where it stands in the text.
struct Member {
    key: Cow<'static, str>,
    start: usize,
    end: usize,
}

/// An array that is being written; each item leaves a comma behind it.
struct Array<'w> {
    writer: &'w mut Writer,
    is_empty: bool,
}

/// An object that is being written; each member leaves a comma behind it.
struct Object<'w> {
    writer: &'w mut Writer,
    /// Where the first member begins.
    start: usize,
    /// How many members belong to the objects around it.
    outer: usize,
    /// The key whose value comes next.
    key: Cow<'static, str>,
}

// === impl Writer ===

impl Writer {
    fn display(&mut self, value: impl std::fmt::Display) -> Result<(), Error> {
        write!(self.out, "{value}")
    }

    fn object(&mut self) -> Object<'_> {
        self.out.push('{');
        let (start, outer) = (self.out.len(), self.members.len());
        Object { writer: self, start, outer, key: Cow::Borrowed("") }
    }
}

impl<'w> Serializer for &'w mut Writer {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Array<'w>;
    type SerializeTuple = Impossible<(), Error>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Object<'w>;
    type SerializeStruct = Object<'w>;
    type SerializeStructVariant = Impossible<(), Error>;

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.out.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Error> {
        self.display(value)
    }

    fn serialize_i16(self, value: i16) -> Result<(), Error> {
        self.display(value)
    }

    fn serialize_i32(self, value: i32) -> Result<(), Error> {
        self.display(value)
    }

    fn serialize_i64(self, value: i64) -> Result<(), Error> {
        self.display(value)
    }

    fn serialize_u8(self, value: u8) -> Result<(), Error> {
        self.display(value)
    }

    fn serialize_u16(self, value: u16) -> Result<(), Error> {
        self.display(value)
    }

    fn serialize_u32(self, value: u32) -> Result<(), Error> {
        self.display(value)
    }

    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        self.display(value)
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        if value.is_finite() {
            write_double(&mut self.out, value);
            return Ok(());
        }
        self.serialize_unit()
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        write_string(&mut self.out, value);
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Error> {
        Err(Error)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.out.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let mut object = self.object();
        object.member(Cow::Borrowed(variant), value)?;
        object.close()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Array<'w>, Error> {
        self.out.push('[');
        Ok(Array { writer: self, is_empty: true })
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        Err(Error)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        Err(Error)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(Error)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Object<'w>, Error> {
        Ok(self.object())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Object<'w>, Error> {
        Ok(self.object())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(Error)
    }
}

// === impl Array ===

impl SerializeSeq for Array<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.writer)?;
        self.writer.out.push(',');
        self.is_empty = false;
        Ok(())
    }

    fn end(self) -> Result<(), Error> {
        if !self.is_empty {
            self.writer.out.pop();
        }
        self.writer.out.push(']');
        Ok(())
    }
}

// === impl Object ===

impl Object<'_> {
    fn member<T: Serialize + ?Sized>(
        &mut self,
        key: Cow<'static, str>,
        value: &T,
    ) -> Result<(), Error> {
        let start = self.writer.out.len();
        write_string(&mut self.writer.out, &key);
        self.writer.out.push(':');
        value.serialize(&mut *self.writer)?;
        self.writer.out.push(',');
        self.writer.members.push(Member { key, start, end: self.writer.out.len() });
        Ok(())
    }

    /// Puts the members in order and ends the object.
    fn close(self) -> Result<(), Error> {
        let Writer { out, members, sorted } = self.writer;
        let own = members.get_mut(self.outer..).ok_or(Error)?;
        let by_key = |left: &Member, right: &Member| compare_keys(&left.key, &right.key);
        if !own.is_sorted_by(|left, right| by_key(left, right).is_le()) {
            own.sort_by(by_key);
            sorted.clear();
            for member in own.iter() {
                sorted.push_str(out.get(member.start..member.end).ok_or(Error)?);
            }
            out.truncate(self.start);
            out.push_str(sorted);
        }
        if !own.is_empty() {
            out.pop();
        }
        out.push('}');
        members.truncate(self.outer);
        Ok(())
    }
}

impl SerializeStruct for Object<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.member(Cow::Borrowed(key), value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

impl SerializeMap for Object<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        // The order goes by the key itself, not by how it is written.
        let Ok(Value::String(key)) = serde_json::to_value(key) else { return Err(Error) };
        self.key = Cow::Owned(key);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = std::mem::take(&mut self.key);
        self.member(key, value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}
