//! Tests of the crate as a whole. Estates are built by hand, since this layer knows no source; the
//! examples of the catalogue run through the real sources in `apps/cli/tests`.

pub(crate) mod build;
mod catalogue;
mod fingerprint;
mod front;
mod hostile;
mod judging;
mod monotone;
mod vocabulary;
