//! Reads selectors by recursive descent over tokens.
//!
//! ```text
//! or    = and { "||" and }
//! and   = term { "&&" term }
//! term  = { "!" } ( "(" or ")" | "all()" | "global()" | "has(" label ")" | label test )
//! test  = ("==" | "!=" | "contains" | "starts with" | "ends with") text | ("in" | "not in") "{" [ texts ] "}"
//! ```
//! As in Calico's own tokenizer, blank means space or tab, a text ends at the quote it began with, and
//! `has(`, `all(` and `global(` are words of their own only without a blank before the parenthesis.

use ringfence_model::Text;

use super::{Expression, SelectorError, Test};

/// Newer releases of Calico take 1,024 characters; older ones set no bound.
const LONGEST: usize = 16 * 1024;

/// How deep parentheses may be nested.
const DEEPEST: usize = 64;

pub(super) fn parse(text: &str) -> Result<Expression, SelectorError> {
    if text.len() > LONGEST {
        return Err(SelectorError { why: "a selector is at most 16 KiB long", offset: 0 });
    }
    let mut parser = Parser { whole: text.len(), rest: text, depth: 0 };
    parser.skip_blanks();
    if parser.rest.is_empty() {
        return Ok(Expression::All);
    }
    let expression = parser.or()?;
    if parser.rest.is_empty() { Ok(expression) } else { parser.expected("expected `&&`, `||` or the end") }
}

/// The words of an operator, and the test that it makes of what follows.
type Operator<T> = (&'static [&'static str], fn(T) -> Test);

const WITH_TEXT: [Operator<Text>; 5] = [
    (&["=="], Test::Equal),
    (&["!="], Test::NotEqual),
    (&["contains"], Test::Contains),
    (&["starts", "with"], Test::StartsWith),
    (&["ends", "with"], Test::EndsWith),
];

const WITH_SET: [Operator<Box<[Text]>>; 2] = [(&["not", "in"], Test::NotIn), (&["in"], Test::In)];

struct Parser<'a> {
    /// Length of the whole text.
    whole: usize,
    /// What is not read yet; never starts with a blank.
    rest: &'a str,
    /// How many parentheses are open.
    depth: usize,
}

impl<'a> Parser<'a> {
    fn or(&mut self) -> Result<Expression, SelectorError> {
        let mut parts = vec![self.and()?];
        while self.take("||") {
            parts.push(self.and()?);
        }
        Ok(single(parts).unwrap_or_else(Expression::Or))
    }

    fn and(&mut self) -> Result<Expression, SelectorError> {
        let mut parts = vec![self.term()?];
        while self.take("&&") {
            parts.push(self.term()?);
        }
        Ok(single(parts).unwrap_or_else(Expression::And))
    }

    fn term(&mut self) -> Result<Expression, SelectorError> {
        let mut negated = false;
        while self.take("!") {
            negated = !negated;
        }
        let inner = self.operand()?;
        Ok(match inner {
            Expression::Not(inner) if negated => *inner,
            inner if negated => Expression::Not(Box::new(inner)),
            inner => inner,
        })
    }

    fn operand(&mut self) -> Result<Expression, SelectorError> {
        if self.take("(") {
            return self.nested();
        }
        for (word, expression) in [("all(", Expression::All), ("global(", Expression::Global)] {
            if self.take(word) {
                return self
                    .take(")")
                    .then_some(expression)
                    .map_or_else(|| self.expected("expected `)`"), Ok);
            }
        }
        if self.take("has(") {
            let key = self.label()?;
            return match self.take(")") {
                true => Ok(Expression::Label(key, Test::Has)),
                false => self.expected("expected `)`"),
            };
        }
        let key = self.label()?;
        Ok(Expression::Label(key, self.test()?))
    }

    fn nested(&mut self) -> Result<Expression, SelectorError> {
        if self.depth == DEEPEST {
            return self.expected("parentheses are nested at most 64 deep");
        }
        self.depth += 1;
        let inner = self.or()?;
        self.depth -= 1;
        if self.take(")") { Ok(inner) } else { self.expected("expected `)`") }
    }

    fn test(&mut self) -> Result<Test, SelectorError> {
        for (words, test) in WITH_TEXT {
            if self.take_all(words) {
                return self.text().map(test);
            }
        }
        for (words, test) in WITH_SET {
            if self.take_all(words) {
                return self.set().map(test);
            }
        }
        self.expected("expected an operator such as `==` or `in`")
    }

    fn label(&mut self) -> Result<Text, SelectorError> {
        let outside = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-'));
        let end = self.rest.find(outside).unwrap_or(self.rest.len());
        match self.rest.split_at_checked(end) {
            Some((label, rest)) if !label.is_empty() => {
                self.go_on(rest);
                Ok(label.into())
            }
            _ => self.expected("expected the name of a label"),
        }
    }

    fn text(&mut self) -> Result<Text, SelectorError> {
        let found = ['"', '\''].into_iter().find_map(|quote| Some((quote, self.rest.strip_prefix(quote)?)));
        let Some((quote, after)) = found else { return self.expected("expected a text in quotes") };
        let Some((text, rest)) = after.split_once(quote) else {
            return self.expected("expected a quote that ends this text");
        };
        self.go_on(rest);
        Ok(text.into())
    }

    /// Texts between braces; a comma may follow the last.
    fn set(&mut self) -> Result<Box<[Text]>, SelectorError> {
        if !self.take("{") {
            return self.expected("expected `{`");
        }
        let mut texts = Vec::new();
        while self.rest.starts_with(['"', '\'']) {
            texts.push(self.text()?);
            if !self.take(",") {
                break;
            }
        }
        texts.sort();
        texts.dedup();
        if self.take("}") { Ok(texts.into()) } else { self.expected("expected `}`") }
    }

    fn take(&mut self, word: &str) -> bool {
        let after = self.rest.strip_prefix(word);
        after.into_iter().for_each(|rest| self.go_on(rest));
        after.is_some()
    }

    /// Takes all of `words` with any blanks between, or none of them.
    fn take_all(&mut self, words: &[&str]) -> bool {
        let before = self.rest;
        let taken = words.iter().all(|word| self.take(word));
        if !taken {
            self.rest = before;
        }
        taken
    }

    fn go_on(&mut self, rest: &'a str) {
        self.rest = rest;
        self.skip_blanks();
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn expected<T>(&self, why: &'static str) -> Result<T, SelectorError> {
        Err(SelectorError { why, offset: self.whole - self.rest.len() })
    }
}

/// The only one of `parts`, or all of them.
fn single(parts: Vec<Expression>) -> Result<Expression, Vec<Expression>> {
    <[Expression; 1]>::try_from(parts).map(|[one]| one)
}

#[cfg(test)]
mod tests {
    use super::super::Selector;

    #[track_caller]
    fn refused(text: &str, offset: usize, why: &str) {
        let error = Selector::parse(text).expect_err(text);
        assert_eq!((error.offset, error.why), (offset, why), "{text}");
    }

    #[test]
    fn what_is_missing_is_named_with_its_place() {
        for (text, offset, why) in [
            ("app", 3, "expected an operator such as `==` or `in`"),
            ("app = 'x'", 4, "expected an operator such as `==` or `in`"),
            ("app starts 'x'", 4, "expected an operator such as `==` or `in`"),
            ("app == shop", 7, "expected a text in quotes"),
            ("app == 'shop\"", 7, "expected a quote that ends this text"),
            ("app in 'x'", 7, "expected `{`"),
            ("app in {'x' 'y'}", 12, "expected `}`"),
            ("has(app", 7, "expected `)`"),
            ("has()", 4, "expected the name of a label"),
            ("all ()", 4, "expected an operator such as `==` or `in`"),
            ("(app == 'x'", 11, "expected `)`"),
            ("app == 'x' app", 11, "expected `&&`, `||` or the end"),
            ("app == 'x' & all()", 11, "expected `&&`, `||` or the end"),
            ("app == 'x'\n", 10, "expected `&&`, `||` or the end"),
            ("é == 'x'", 0, "expected the name of a label"),
        ] {
            refused(text, offset, why);
        }
    }

    #[test]
    fn hostile_texts_are_bounded() {
        let nested = |depth: usize| format!("{}all(){}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(Selector::parse(&nested(64)).unwrap().to_string(), "all()");
        refused(&nested(65), 65, "parentheses are nested at most 64 deep");
        refused(&format!("{}all()", "!".repeat(20_000)), 0, "a selector is at most 16 KiB long");
        assert_eq!(Selector::parse(&format!("{}all()", "!".repeat(10_001))).unwrap().to_string(), "!all()");
    }

    #[test]
    fn the_normal_form_has_one_way_of_writing() {
        for (text, normal) in [
            (" a=='x'&&b!=\"y\" ", "(a == \"x\" && b != \"y\")"),
            ("a in{'b','a','b',}", "a in {\"a\", \"b\"}"),
            ("a not\tin { }", "a not in {}"),
            ("a startswith 'say \"x\"'", "a starts with 'say \"x\"'"),
            ("!(!(a == 'x'))", "a == \"x\""),
            ("!!( !has( a ) || global( ) )", "(!has(a) || global())"),
            ("a == 'x' && (b == 'y' && has(c))", "(a == \"x\" && (b == \"y\" && has(c)))"),
        ] {
            assert_eq!(Selector::parse(text).unwrap().to_string(), normal, "{text}");
        }
    }
}
