//! `ringfence schema`: JSON schemas of what goes in and out.

use std::io::{self, Write};

use crate::arguments::{Schema, SchemaName};
use crate::exit::{Failure, Outcome};

/// Prints one schema.
pub(crate) fn run(options: &Schema) -> Result<Outcome, Failure> {
    let text = match options.name {
        SchemaName::Declaration => ringfence_declaration::schema(),
        SchemaName::Assess => ringfence_outputs::schema::ASSESS.to_owned(),
        SchemaName::Reach => ringfence_outputs::schema::REACH.to_owned(),
    };
    writeln!(io::stdout(), "{}", text.trim_end())?;
    Ok(Outcome::Clean)
}
