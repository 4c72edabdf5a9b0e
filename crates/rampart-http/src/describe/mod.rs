//! The OpenAPI description of calls, written from their rows.

pub mod failures;
mod fields;
mod operation;

pub use fields::BLANK;
pub use operation::{SERVER, codes, word};
use utoipa::ToSchema;
use utoipa::openapi::schema::ArrayBuilder;
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Paths, Ref, RefOr, Schema};

use crate::call::{Call, Schemas};

/// Adds the schema of a type, with all schemas it refers to, and returns the reference to it.
pub fn described<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    T::schemas(schemas);
    schemas.push((T::name().into_owned(), T::schema()));
    Ref::from_schema_name(T::name()).into()
}

/// Like [`described`], for a list of the type.
pub fn described_list<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    let item = described::<T>(schemas);
    Schema::from(ArrayBuilder::new().items(item)).into()
}

/// The part of a description that calls of one state make. The groups have their descriptions, and are in the order of the documentation.
pub fn part<S>(groups: &[(&str, &str)], calls: &[&Call<S>]) -> OpenApi {
    let mut schemas = Schemas::new();
    let mut paths = Paths::new();
    for call in calls {
        for path in call.paths {
            paths.add_path_operation(*path, vec![operation::method(call)], operation::operation(call, path, &mut schemas));
        }
    }
    let tags = groups.iter().map(|(name, about)| TagBuilder::new().name(*name).description(Some(*about)).build());
    OpenApiBuilder::new()
        .info(InfoBuilder::new().build())
        .paths(paths)
        .components(Some(ComponentsBuilder::new().schemas_from_iter(schemas).build()))
        .tags(Some(tags.collect::<Vec<_>>()))
        .build()
}
