//! Words of the language: enums whose spelling and explanation are written once, for the reader, the
//! editor schema and whatever prints them.

/// Makes an enum with its spelling (`as_str`, `parse`), all of its values (`ALL`), and for each its
/// word with its explanation (`WORDS`).
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $word:literal: $about:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $word, "`: ", $about, ".")] $variant,)+
        }

        impl $name {
            /// All values, in the order documented.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Each word with its explanation.
            pub const WORDS: &'static [(&'static str, &'static str)] = &[$(($word, $about),)+];

            /// As written.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The value written as `text`.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text)
            }
        }
    };
}

pub(crate) use words;
