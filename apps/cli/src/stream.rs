//! Where results go: stdout or `--output FILE`.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};

use ringfence_outputs::Look;

use crate::arguments::Output;
use crate::exit::Failure;

/// A buffered writer for results, and whether it is a terminal that wants colours.
pub(crate) struct Results {
    writer: BufWriter<Box<dyn Write>>,
    /// How text looks there.
    pub(crate) look: Look,
}

impl Results {
    /// Opens stdout, or the file that `--output` names.
    pub(crate) fn open(output: &Output) -> Result<Self, Failure> {
        let Some(path) = &output.output else { return Ok(Self::stdout()) };
        let file = File::create(path).map_err(|error| {
            Failure::usage(
                format!("`{}` cannot be written: {error}", path.display()),
                "name another file after `--output`",
            )
        })?;
        Ok(Self { writer: buffered(Box::new(file)), look: Look::plain() })
    }

    /// Opens stdout.
    pub(crate) fn stdout() -> Self {
        let stdout = io::stdout();
        Self { look: look(&stdout), writer: buffered(Box::new(stdout)) }
    }

    /// Everything written so far reaches its destination.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

fn buffered(inner: Box<dyn Write>) -> BufWriter<Box<dyn Write>> {
    BufWriter::with_capacity(1 << 16, inner)
}

impl Write for Results {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Colours for a terminal, unless `NO_COLOR` says otherwise (no-color.org).
pub(crate) fn look(stream: &impl IsTerminal) -> Look {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    Look { colour: stream.is_terminal() && wanted, ..Look::plain() }
}
