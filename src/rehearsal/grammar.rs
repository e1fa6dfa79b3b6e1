//! Reading an argument list as the tools do: what a tool does not declare is refused, not ignored.

/// The words of a command after its name.
#[derive(Debug, Default, PartialEq)]
pub struct Words<'a> {
    /// The options in order, under their first declared name.
    options: Vec<(&'a str, &'a str)>,
    /// The other words up to `--`.
    pub operands: Vec<&'a str>,
    /// The words after `--`, if it is there.
    pub rest: Option<Vec<&'a str>>,
}

/// Why a list of words does not fit.
#[derive(Debug, PartialEq)]
pub enum Misfit<'a> {
    /// No such option.
    Unknown(&'a str),
    /// An option without its value.
    NoValue(&'a str),
}

impl<'a> Words<'a> {
    /// Reads the words. An option is declared as `--name` or `--name|-n`; in `valued` are those with a value,
    /// which may follow as the next word or after `=`.
    ///
    /// # Errors
    /// The first word that does not fit.
    pub fn read(argv: &[&'a str], flags: &[&'a str], valued: &[&'a str]) -> Result<Self, Misfit<'a>> {
        let mut words = Words::default();
        let mut left = argv.iter().copied();
        while let Some(word) = left.next() {
            if word == "--" {
                words.rest = Some(left.by_ref().collect());
            } else if word.len() > 1 && word.starts_with('-') {
                let (name, attached) = match word.split_once('=') {
                    Some((name, value)) if name.starts_with("--") => (name, Some(value)),
                    _ => (word, None),
                };
                let declared = |of: &[&'a str]| of.iter().copied().find(|d| d.split('|').any(|n| n == name));
                if let Some(option) = declared(valued) {
                    let value = attached.or_else(|| left.next()).ok_or(Misfit::NoValue(name))?;
                    words.options.push((first(option), value));
                } else if let (Some(option), None) = (declared(flags), attached) {
                    words.options.push((first(option), ""));
                } else {
                    return Err(Misfit::Unknown(name));
                }
            } else {
                words.operands.push(word);
            }
        }
        Ok(words)
    }

    /// Whether the option was given.
    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|(name, _)| *name == option)
    }

    /// The option's value; the last one counts.
    pub fn value(&self, option: &str) -> Option<&'a str> {
        self.options.iter().rev().find(|(name, _)| *name == option).map(|(_, value)| *value)
    }

    /// All values of a repeatable option.
    pub fn values(&self, option: &str) -> Vec<&'a str> {
        self.options.iter().filter(|(name, _)| *name == option).map(|(_, value)| *value).collect()
    }
}

/// The words of a line as a POSIX shell takes it apart; `None` for a line in which the shell would do more than that.
pub fn shell(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            '\'' => {
                let open = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        inside => open.push(inside),
                    }
                }
            }
            '"' => {
                let open = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '$' | '`' => return None,
                        '\\' => match chars.next()? {
                            escaped @ ('"' | '\\' | '$' | '`') => open.push(escaped),
                            other => open.extend(['\\', other]),
                        },
                        inside => open.push(inside),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(chars.next()?),
            '|' | '&' | ';' | '<' | '>' | '(' | ')' | '$' | '`' | '*' | '?' | '[' | '#' | '~' | '\n' => {
                return None;
            }
            plain => word.get_or_insert_default().push(plain),
        }
    }
    words.extend(word);
    Some(words)
}

/// The name under which an option is asked for.
fn first(declared: &str) -> &str {
    declared.split('|').next().unwrap_or(declared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_declared_is_refused() {
        let words =
            Words::read(&["a", "-n", "x", "--size=3", "--", "-z"], &["--all"], &["--name|-n", "--size"]);
        let words = words.unwrap();
        assert_eq!(words.operands, ["a"]);
        assert_eq!((words.value("--name"), words.value("--size")), (Some("x"), Some("3")));
        assert_eq!(words.rest, Some(vec!["-z"]));
        assert_eq!(Words::read(&["--al"], &["--all"], &[]), Err(Misfit::Unknown("--al")));
        assert_eq!(Words::read(&["--all=1"], &["--all"], &[]), Err(Misfit::Unknown("--all")));
        assert_eq!(Words::read(&["-n"], &[], &["--name|-n"]), Err(Misfit::NoValue("-n")));
    }

    #[test]
    fn a_line_is_taken_apart_as_a_shell_does_it() {
        let words = |line| shell(line).map(|words: Vec<String>| words.join("/"));
        assert_eq!(words("a 'b c' \"d'e\" f\\ g ''").as_deref(), Some("a/b c/d'e/f g/"));
        for more in ["a | b", "a *", "$A", "\"$A\"", "a 'b"] {
            assert_eq!(words(more), None, "{more}");
        }
    }
}
