//! The grammar of filters: text to expression.

/// How deep parentheses and `not` may nest.
const MAX_DEPTH: usize = 64;

/// An expression as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Match {
        selector: Vec<String>,
        operator: Operator,
        value: String,
        negated: bool,
    },
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    In,
    Matches,
    Empty,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(String),
    Number(String),
    Symbol(&'static str),
}

type Result<T> = std::result::Result<T, String>;

/// Reads an expression; the error says where and what was expected.
pub(super) fn parse(text: &str) -> Result<Expression> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        end: text.len(),
    };
    let expression = parser.or(0)?;
    match parser.peek() {
        None => Ok(expression),
        Some(_) => Err(parser.expected(&["\"and\"", "\"or\"", "EOF"])),
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    end: usize,
}

impl Parser {
    fn or(&mut self, depth: usize) -> Result<Expression> {
        let left = self.and(depth)?;
        if !self.word("or") {
            return Ok(left);
        }
        Ok(Expression::Or(
            Box::new(left),
            Box::new(self.or(depth + 1)?),
        ))
    }

    fn and(&mut self, depth: usize) -> Result<Expression> {
        let left = self.unary(depth)?;
        if !self.word("and") {
            return Ok(left);
        }
        Ok(Expression::And(
            Box::new(left),
            Box::new(self.and(depth + 1)?),
        ))
    }

    fn unary(&mut self, depth: usize) -> Result<Expression> {
        if depth > MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH}"));
        }
        if self.word("not") {
            return Ok(Expression::Not(Box::new(self.unary(depth + 1)?)));
        }
        if self.symbol("(") {
            let inside = self.or(depth + 1)?;
            return if self.symbol(")") {
                Ok(inside)
            } else {
                Err(self.expected(&["\")\""]))
            };
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expression> {
        if matches!(self.peek(), Some(Token::Quoted(_) | Token::Number(_))) {
            let value = self.value()?;
            return self.value_in(value);
        }
        let selector = self.selector()?;
        if self.symbol("==") || self.symbol("!=") {
            let negated = self.tokens[self.at - 1].1 == Token::Symbol("!=");
            return Ok(Expression::Match {
                selector,
                operator: Operator::Equal,
                value: self.value()?,
                negated,
            });
        }
        if self.word("is") {
            let negated = self.word("not");
            return match self.word("empty") {
                true => Ok(Expression::Match {
                    selector,
                    operator: Operator::Empty,
                    value: String::new(),
                    negated,
                }),
                false => Err(self.expected(&["\"empty\""])),
            };
        }
        let negated = self.word("not");
        for (word, operator) in [("contains", Operator::In), ("matches", Operator::Matches)] {
            if self.word(word) {
                return Ok(Expression::Match {
                    selector,
                    operator,
                    value: self.value()?,
                    negated,
                });
            }
        }
        if self.word("in") {
            let value = selector.join(".");
            return Ok(Expression::Match {
                selector: self.selector()?,
                operator: Operator::In,
                value,
                negated,
            });
        }
        Err(self.expected(&[
            "\"!=\"",
            "\"==\"",
            "\"contains\"",
            "\"in\"",
            "\"is\"",
            "\"matches\"",
            "\"not\"",
        ]))
    }

    fn value_in(&mut self, value: String) -> Result<Expression> {
        let negated = self.word("not");
        if !self.word("in") {
            return Err(self.expected(&["\"in\"", "\"not\""]));
        }
        Ok(Expression::Match {
            selector: self.selector()?,
            operator: Operator::In,
            value,
            negated,
        })
    }

    /// `Service.Meta.version` or `Service.Meta["version"]`.
    fn selector(&mut self) -> Result<Vec<String>> {
        let mut parts = vec![self.name()?];
        loop {
            if self.symbol(".") {
                parts.push(self.name()?);
            } else if self.symbol("[") {
                let Some(Token::Quoted(key)) = self.peek().cloned() else {
                    return Err(self.expected(&["\"\\\"\"", "\"`\""]));
                };
                self.at += 1;
                parts.push(key);
                if !self.symbol("]") {
                    return Err(self.expected(&["\"]\""]));
                }
            } else {
                return Ok(parts);
            }
        }
    }

    fn name(&mut self) -> Result<String> {
        match self.peek().cloned() {
            Some(Token::Word(word)) => {
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.expected(&[
                "\"(\"", "\"-\"", "\"0\"", "\"\\\"\"", "\"`\"", "\"not\"", "[1-9]", "[a-zA-Z]",
            ])),
        }
    }

    fn value(&mut self) -> Result<String> {
        match self.peek().cloned() {
            Some(Token::Quoted(text) | Token::Number(text)) => {
                self.at += 1;
                Ok(text)
            }
            _ => self.selector().map(|parts| parts.join(".")),
        }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(next)) if next == word);
        self.at += usize::from(found);
        found
    }

    fn symbol(&mut self, symbol: &'static str) -> bool {
        let found = self.peek() == Some(&Token::Symbol(symbol));
        self.at += usize::from(found);
        found
    }

    fn expected(&self, what: &[&str]) -> String {
        let offset = self
            .tokens
            .get(self.at)
            .map_or(self.end, |(offset, _)| *offset);
        let list = what.join(", ");
        format!(
            "1:{} ({offset}): no match found, expected: {list}",
            offset + 1
        )
    }
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>> {
    let mut tokens = Vec::new();
    let mut offset = 0;
    while let Some(first) = text[offset..].chars().next() {
        let rest = &text[offset..];
        let length = match first {
            ' ' | '\t' | '\r' | '\n' => 1,
            '"' | '`' => {
                let (value, length) = quoted(rest, first, offset)?;
                tokens.push((offset, Token::Quoted(value)));
                length
            }
            'a'..='z' | 'A'..='Z' => {
                let word = run(rest, |c| c.is_ascii_alphanumeric() || c == '_');
                tokens.push((offset, Token::Word(word.to_owned())));
                word.len()
            }
            '0'..='9' | '-'
                if !rest.starts_with("-")
                    || rest[1..].starts_with(|c: char| c.is_ascii_digit()) =>
            {
                let number = run(rest, |c| c.is_ascii_digit() || c == '-' || c == '.');
                if number.parse::<f64>().is_err() {
                    return Err(format!(
                        "1:{} ({offset}): rule \"number\": Invalid number literal",
                        offset + 1
                    ));
                }
                tokens.push((offset, Token::Number(number.to_owned())));
                number.len()
            }
            _ => {
                let symbol = ["==", "!=", ".", "[", "]", "(", ")"]
                    .into_iter()
                    .find(|s| rest.starts_with(s));
                let Some(symbol) = symbol else {
                    return Err(format!(
                        "1:{} ({offset}): no match found: {first:?}",
                        offset + 1
                    ));
                };
                tokens.push((offset, Token::Symbol(symbol)));
                symbol.len()
            }
        };
        offset += length;
    }
    Ok(tokens)
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    &text[..text.find(|c| !belongs(c)).unwrap_or(text.len())]
}

/// The text between quotes, and how long it is with them. Consul knows no way to write a quote
/// inside them but to choose the other kind.
fn quoted(rest: &str, quote: char, offset: usize) -> Result<(String, usize)> {
    match rest[1..].find(quote) {
        Some(end) => Ok((rest[1..=end].to_owned(), end + 2)),
        None => {
            let end = offset + rest.len();
            Err(format!(
                "1:{} ({end}): rule \"string\": Unterminated string literal",
                end + 1
            ))
        }
    }
}
