//! `none` in files: an optional value whose default is a value.
//!
//! TOML has no null. A plan that says "no CPU limit" must not come back as "the default CPU limit", so
//! the absence of a value is written out as the word `none`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const NONE: &str = "none";

#[derive(Deserialize)]
#[serde(untagged)]
enum Written<T> {
    Value(T),
    Word(String),
}

pub fn serialize<T: Serialize, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => value.serialize(serializer),
        None => NONE.serialize(serializer),
    }
}

pub fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    match Option::<Written<T>>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Written::Value(value)) => Ok(Some(value)),
        Some(Written::Word(word)) if word == NONE => Ok(None),
        Some(Written::Word(word)) => Err(serde::de::Error::custom(format!(
            "{word:?} is not a value that is expected here, nor \"none\""
        ))),
    }
}

/// The JSON Schema of such a value.
macro_rules! schema_of {
    ($name:ident, $inner:ty) => {
        pub fn $name(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
            let inner = generator.subschema_for::<$inner>();
            schemars::json_schema!({ "anyOf": [inner, { "const": "none" }] })
        }
    };
}

schema_of!(number, f64);
schema_of!(whole, u32);
schema_of!(size, crate::ByteSize);
schema_of!(duration, crate::HumanDuration);
