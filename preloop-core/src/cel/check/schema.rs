//! Types out of a tool's JSON Schema: what is plainly said counts, everything else is known only when it is met.

use serde_json::{Map as JsonMap, Value as Json};

/// The most schema objects that are looked at; what lies beyond has no known type.
const OBJECTS_MAX: usize = 1_000;

/// The deepest nesting that is looked at.
const DEPTH_MAX: usize = 32;

/// What a schema says about one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Any,
    Null,
    Bool,
    /// `integer` and `number` alike: `30.0` is an integer, and large ones are no int.
    Number,
    Text,
    List(Box<Shape>),
    /// The number of an object in [`Schema::objects`].
    Object(u32),
}

/// What a schema says about an object's keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct ObjectShape {
    pub(crate) properties: Vec<(String, Shape)>,
    /// No other keys than `properties`.
    pub(crate) closed: bool,
    /// What other keys have for values.
    pub(crate) others: Option<Shape>,
}

/// The shapes of a tool's arguments.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    pub(crate) root: Shape,
    pub(crate) objects: Vec<ObjectShape>,
}

impl Schema {
    pub(crate) fn new(schema: &Json) -> Self {
        let mut reader = Self { root: Shape::Any, objects: Vec::new() };
        reader.root = reader.shape(schema, DEPTH_MAX);
        reader
    }

    pub(crate) fn object(&self, number: u32) -> Option<&ObjectShape> {
        self.objects.get(number as usize)
    }

    fn shape(&mut self, schema: &Json, levels: usize) -> Shape {
        let (Some(levels), Json::Object(schema)) = (levels.checked_sub(1), schema) else {
            return Shape::Any;
        };
        // Whatever combines schemas may widen the type, so nothing is taken from such a schema.
        if ["$ref", "anyOf", "oneOf", "allOf", "not", "if"]
            .iter()
            .any(|key| schema.contains_key(*key))
        {
            return Shape::Any;
        }
        match schema.get("type").and_then(Json::as_str) {
            Some("null") => Shape::Null,
            Some("boolean") => Shape::Bool,
            Some("integer" | "number") => Shape::Number,
            Some("string") => Shape::Text,
            Some("array") => {
                let items =
                    schema.get("items").map_or(Shape::Any, |items| self.shape(items, levels));
                Shape::List(Box::new(items))
            }
            Some("object") => self.object_shape(schema, levels),
            None if schema.contains_key("properties") => self.object_shape(schema, levels),
            _ => Shape::Any,
        }
    }

    fn object_shape(&mut self, schema: &JsonMap<String, Json>, levels: usize) -> Shape {
        if self.objects.len() >= OBJECTS_MAX {
            return Shape::Any;
        }
        let mut object = ObjectShape::default();
        if let Some(Json::Object(properties)) = schema.get("properties") {
            for (name, property) in properties {
                let shape = self.shape(property, levels);
                object.properties.push((name.clone(), shape));
            }
        }
        match schema.get("additionalProperties") {
            Some(Json::Bool(false)) => {
                object.closed = !schema.contains_key("patternProperties");
            }
            Some(others @ Json::Object(_)) if !schema.contains_key("patternProperties") => {
                object.others = Some(self.shape(others, levels));
            }
            _ => {}
        }
        let Ok(number) = u32::try_from(self.objects.len()) else { return Shape::Any };
        self.objects.push(object);
        Shape::Object(number)
    }
}
