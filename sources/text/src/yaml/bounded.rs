//! The parser's input with a bound on what the parser may keep.
//!
//! Where brackets may turn out to be a key, the scanner keeps all their tokens, about fifty times
//! the memory of the text. It looks for a byte order mark once for each token; that is counted,
//! and beyond the bound it is told that there is one, which is an error to it.

use std::cell::Cell;

use saphyr_parser::StrInput;
use saphyr_parser::input::{Input, SkipTabs};

/// So many tokens may come before the next event.
const MOST: usize = 1_000_000;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Tokens since the last event.
#[derive(Debug, Default)]
pub(super) struct Tokens(Cell<usize>);

impl Tokens {
    /// An event came.
    pub(super) fn restart(&self) {
        self.0.set(0);
    }

    /// Whether the parser was stopped.
    pub(super) fn too_many(&self) -> bool {
        self.0.get() > MOST
    }

    fn count(&self) -> bool {
        self.0.set(self.0.get() + 1);
        self.too_many()
    }
}

/// A text as the parser's input.
pub(super) struct Bounded<'a> {
    inner: StrInput<'a>,
    tokens: &'a Tokens,
}

impl<'a> Bounded<'a> {
    pub(super) fn new(text: &'a str, tokens: &'a Tokens) -> Self {
        Self { inner: StrInput::new(text), tokens }
    }
}

/// Passes methods on, because the trait's own versions of them are slower.
macro_rules! pass_on {
    ($($name:ident(&self $(, $argument:ident: $type:ty)*) $(-> $result:ty)?;)*) => {
        $(#[inline] fn $name(&self $(, $argument: $type)*) $(-> $result)? { self.inner.$name($($argument),*) })*
    };
    ($($name:ident(&mut self $(, $argument:ident: $type:ty)*) $(-> $result:ty)?;)*) => {
        $(#[inline] fn $name(&mut self $(, $argument: $type)*) $(-> $result)? { self.inner.$name($($argument),*) })*
    };
}

impl Input for Bounded<'_> {
    #[inline]
    fn next_char_is(&self, c: char) -> bool {
        (c == BYTE_ORDER_MARK && self.tokens.count()) || self.inner.next_char_is(c)
    }

    pass_on! {
        buflen(&self) -> usize;
        bufmaxlen(&self) -> usize;
        buf_is_empty(&self) -> bool;
        peek(&self) -> char;
        peek_nth(&self, n: usize) -> char;
        peek_opt(&self) -> Option<char>;
        nth_char_is(&self, n: usize, c: char) -> bool;
        next_2_are(&self, c1: char, c2: char) -> bool;
        next_3_are(&self, c1: char, c2: char, c3: char) -> bool;
        next_is_document_indicator(&self) -> bool;
        next_is_document_start(&self) -> bool;
        next_is_document_end(&self) -> bool;
        next_can_be_plain_scalar(&self, in_flow: bool) -> bool;
        next_is_blank_or_break(&self) -> bool;
        next_is_blank_or_breakz(&self) -> bool;
        next_is_blank(&self) -> bool;
        next_is_break(&self) -> bool;
        next_is_breakz(&self) -> bool;
        next_is_z(&self) -> bool;
        next_is_flow(&self) -> bool;
        next_is_digit(&self) -> bool;
        next_is_alpha(&self) -> bool;
    }

    pass_on! {
        lookahead(&mut self, count: usize);
        raw_read_ch(&mut self) -> char;
        raw_read_non_breakz_ch(&mut self) -> Option<char>;
        skip(&mut self);
        skip_n(&mut self, count: usize);
        look_ch(&mut self) -> char;
        skip_ws_to_eol(&mut self, skip_tabs: SkipTabs) -> (usize, Result<SkipTabs, &'static str>);
        skip_while_non_breakz(&mut self) -> usize;
        skip_while_blank(&mut self) -> usize;
        fetch_while_is_alpha(&mut self, out: &mut String) -> usize;
        fetch_while_is_yaml_non_space(&mut self, out: &mut String) -> usize;
    }
}
