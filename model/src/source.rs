//! Files as they were read, and places in them.

use std::sync::{Arc, OnceLock};

/// A file of the run; index into [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

impl FileId {
    /// Its place in the order of reading.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A stretch of one file, in bytes of its decoded text. Twelve bytes, because every node carries one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Location {
    /// The stretch `start..end` of `file`.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { file, start: clamp(start), end: clamp(end.max(start)) }
    }

    /// The beginning of a file, for what concerns the file as a whole.
    pub fn start_of(file: FileId) -> Self {
        Self { file, start: 0, end: 0 }
    }
}

/// A place as people count it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Path as reached from the argument, `/`-separated; `-` is standard input.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One file: its path and, where it could be read, its text.
#[derive(Debug)]
pub struct SourceFile {
    path: Arc<str>,
    text: Arc<str>,
    lines: OnceLock<Vec<u32>>,
    marks: OnceLock<Vec<u32>>,
}

/// How far apart, in bytes, the characters of a long line are counted: a plan is often one line of
/// megabytes, and thousands of findings point into it.
const MARK: usize = 4096;

impl SourceFile {
    /// Path as reached from the argument, `/`-separated; `-` is standard input.
    pub fn path(&self) -> &Arc<str> {
        &self.path
    }

    /// The decoded text; empty for a file that could not be read.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The bytes of line `line` (from 1) without its line end, and the offset of its first byte.
    pub fn line(&self, line: u32) -> Option<(u32, &str)> {
        let starts = self.line_starts();
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        let start = *starts.get(index)?;
        let end = starts.get(index + 1).map_or(self.text.len(), |next| *next as usize);
        let text = self.text.get(start as usize..end)?;
        Some((start, text.trim_end_matches(['\n', '\r'])))
    }

    fn line_starts(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let breaks = self.text.match_indices('\n');
            std::iter::once(0).chain(breaks.map_while(|(at, _)| u32::try_from(at + 1).ok())).collect()
        })
    }

    /// How many characters lie in `start..end`; both are offsets of one line.
    fn characters(&self, start: usize, end: usize) -> usize {
        let count = |start: usize, end: usize| {
            self.text.get(start..end).map_or(end.saturating_sub(start), |text| text.chars().count())
        };
        if end.saturating_sub(start) <= MARK {
            return count(start, end);
        }
        let marks = self.marks.get_or_init(|| {
            let mut characters = 0;
            let ends = (1..=self.text.len() / MARK).map(|index| self.mark(index));
            let starts = (0..).map(|index| self.mark(index));
            let blocks = starts.zip(ends).map(|(start, end)| {
                characters += count(start, end);
                u32::try_from(characters).unwrap_or(u32::MAX)
            });
            std::iter::once(0).chain(blocks).collect()
        });
        let before = |offset: usize| {
            let index = offset / MARK;
            marks.get(index).map_or(0, |mark| *mark as usize) + count(self.mark(index), offset)
        };
        before(end).saturating_sub(before(start))
    }

    /// The offset of mark `index`, at the beginning of a character.
    fn mark(&self, index: usize) -> usize {
        self.text.floor_char_boundary(index * MARK)
    }

    fn position(&self, offset: u32) -> Position {
        let starts = self.line_starts();
        let line = starts.partition_point(|start| *start <= offset).max(1);
        let start = starts.get(line - 1).copied().unwrap_or(0) as usize;
        let end = (offset as usize).min(self.text.len());
        let end = self.text.floor_char_boundary(end).max(start);
        let column = self.characters(start, end);
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Position { file: Arc::clone(&self.path), line: count(line), column: count(column + 1) }
    }
}

/// All files of the run, in the order they were read.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// Adds a file that was read.
    pub fn add(&mut self, path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile {
            path: path.into(),
            text: text.into(),
            lines: OnceLock::new(),
            marks: OnceLock::new(),
        });
        id
    }

    /// Adds a file that could not be read, so that a diagnostic can point at it.
    pub fn add_unread(&mut self, path: impl Into<Arc<str>>) -> FileId {
        self.add(path, "")
    }

    /// The file, if `id` is of this run.
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// The path of a file; empty for an id of another run.
    pub fn path(&self, id: FileId) -> Arc<str> {
        self.file(id).map_or_else(|| Arc::from(""), |file| Arc::clone(&file.path))
    }

    /// Where `location` starts, as people count it.
    pub fn position(&self, location: Location) -> Position {
        self.file(location.file).map_or_else(
            || Position { file: Arc::from(""), line: 1, column: 1 },
            |file| file.position(location.start),
        )
    }

    /// How many files were read or tried.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether no file was read or tried.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, needle: &str, line: u32, column: u32) {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", text);
        let start = text.find(needle).unwrap();
        let position = sources.position(Location::new(file, start, start + 1));
        assert_eq!((position.line, position.column), (line, column), "{needle} in {text:?}");
    }

    #[test]
    fn columns_count_characters() {
        check("a: 1\nköln: x\n", "x", 2, 7);
        check("x", "x", 1, 1);
        check("a\r\nb: x", "x", 2, 4);
    }

    #[test]
    fn columns_of_a_long_line_count_characters_too() {
        let line = "aé–😀".repeat(3_000);
        let text = format!("first: ö\n{line}x\n{line}y");
        check(&text, "x", 2, 12_001);
        check(&text, "y", 3, 12_001);
    }

    #[test]
    fn a_line_comes_without_its_end() {
        let mut sources = Sources::default();
        let id = sources.add("a", "one\r\ntwo\n");
        let file = sources.file(id).unwrap();
        assert_eq!(file.line(1), Some((0, "one")));
        assert_eq!(file.line(2), Some((5, "two")));
        assert_eq!(file.line(4), None);
    }
}
