//! Tokens to tree. Recursive descent with one depth counter for blocks and parentheses; variables and functions are
//! resolved here.

use crate::ast::{Base, Command, Node, Operand, Pipeline, Target};
use crate::error::{ParseError, Position};
use crate::eval::Function;
use crate::lexer::{Kind, Token};
use crate::limits;
use crate::value::Value;
use std::sync::Arc;

/// Builds the tree of a whole template.
pub(crate) fn parse(tokens: Vec<Token>) -> Result<Vec<Node>, ParseError> {
    // Slot 0 is `$`.
    let mut parser = Parser { tokens, next: 0, depth: 0, loops: 0, variables: vec![String::new()] };
    let (nodes, end) = parser.nodes()?;
    match end {
        BlockEnd::Source => Ok(nodes),
        BlockEnd::End(at) => Err(ParseError::new(at, "{{end}} without a block")),
        BlockEnd::Else(at) => Err(ParseError::new(at, "{{else}} without a block")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
    /// Loops around the current place, for `break` and `continue`.
    loops: usize,
    /// Names of the variables in scope; the index is the slot.
    variables: Vec<String>,
}

/// What ended a sequence of nodes. After `else`, its action is still open.
enum BlockEnd {
    Source,
    End(Position),
    Else(Position),
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Action,
    Condition,
    Range,
    Parenthesis,
}

impl Parser {
    fn nodes(&mut self) -> Result<(Vec<Node>, BlockEnd), ParseError> {
        let mut nodes = Vec::new();
        loop {
            let token = self.take();
            match token.kind {
                Kind::Text(text) => nodes.push(Node::Text(Arc::from(text), token.position)),
                Kind::Open => match self.word().as_deref() {
                    Some("end") => {
                        self.take();
                        self.close()?;
                        return Ok((nodes, BlockEnd::End(token.position)));
                    }
                    Some("else") => {
                        self.take();
                        return Ok((nodes, BlockEnd::Else(token.position)));
                    }
                    word => nodes.push(self.action(word)?),
                },
                _ => return Ok((nodes, BlockEnd::Source)),
            }
        }
    }

    fn action(&mut self, word: Option<&str>) -> Result<Node, ParseError> {
        let position = self.peek().position;
        match word {
            Some("if" | "with") => {
                self.take();
                self.nested(position, |parser| parser.choice(position, word == Some("with")))
            }
            Some("range") => {
                self.take();
                self.nested(position, |parser| parser.range(position))
            }
            Some("break" | "continue") => {
                self.take();
                self.close()?;
                if self.loops == 0 {
                    return Err(ParseError::new(position, "break and continue belong into {{range}}"));
                }
                Ok(if word == Some("break") { Node::Break } else { Node::Continue })
            }
            _ => {
                let pipeline = self.pipeline(Place::Action)?;
                self.close()?;
                Ok(Node::Action(pipeline))
            }
        }
    }

    /// `if` and `with`, from their first pipeline to `{{end}}`.
    fn choice(&mut self, start: Position, with: bool) -> Result<Node, ParseError> {
        let scope = self.variables.len();
        let mut branches = Vec::new();
        let otherwise = loop {
            let pipeline = self.pipeline(Place::Condition)?;
            self.close()?;
            let (body, end) = self.block()?;
            branches.push((pipeline, body));
            match end {
                BlockEnd::End(_) => break Vec::new(),
                BlockEnd::Source => return Err(unclosed(start)),
                BlockEnd::Else(_) if self.word().as_deref() == Some(if with { "with" } else { "if" }) => {
                    self.take();
                }
                BlockEnd::Else(_) => break self.otherwise(start)?,
            }
        };
        self.variables.truncate(scope);
        Ok(Node::Choice { with, branches, otherwise })
    }

    fn range(&mut self, start: Position) -> Result<Node, ParseError> {
        let scope = self.variables.len();
        let over = self.pipeline(Place::Range)?;
        self.close()?;
        self.loops += 1;
        let (body, end) = self.block()?;
        self.loops -= 1;
        let otherwise = match end {
            BlockEnd::End(_) => Vec::new(),
            BlockEnd::Source => return Err(unclosed(start)),
            BlockEnd::Else(_) => self.otherwise(start)?,
        };
        self.variables.truncate(scope);
        Ok(Node::Range { over, body, otherwise })
    }

    /// The rest of `{{else}}` and what follows up to `{{end}}`.
    fn otherwise(&mut self, start: Position) -> Result<Vec<Node>, ParseError> {
        self.close()?;
        match self.block()? {
            (nodes, BlockEnd::End(_)) => Ok(nodes),
            (_, BlockEnd::Else(at)) => Err(ParseError::new(at, "expected {{end}}, found another {{else}}")),
            (_, BlockEnd::Source) => Err(unclosed(start)),
        }
    }

    /// Nodes with their own variables.
    fn block(&mut self) -> Result<(Vec<Node>, BlockEnd), ParseError> {
        let scope = self.variables.len();
        let block = self.nodes()?;
        self.variables.truncate(scope);
        Ok(block)
    }

    fn pipeline(&mut self, place: Place) -> Result<Pipeline, ParseError> {
        let position = self.peek().position;
        let (target, declared) = self.target(place)?;
        let mut commands = vec![self.command()?];
        while self.peek().kind == Kind::Pipe {
            self.take();
            let command = self.command()?;
            if matches!(command.head.base, Base::Constant(_) | Base::Dot) && command.head.fields.is_empty() {
                return Err(ParseError::new(
                    command.position,
                    "only the first command of a pipeline may be a value",
                ));
            }
            commands.push(command);
        }
        // Only now, because a variable is not known inside its own declaration.
        self.variables.extend(declared);
        Ok(Pipeline { position, target, commands })
    }

    /// `$x :=`, `$x =`, `$k, $v :=`; otherwise takes nothing.
    fn target(&mut self, place: Place) -> Result<(Target, Vec<String>), ParseError> {
        let mut names = Vec::new();
        let mut ahead = self.next;
        while let Some(Token { kind: Kind::Variable(name), .. }) = self.tokens.get(ahead) {
            names.push(name.clone());
            ahead += 1;
            match self.tokens.get(ahead).map(|token| &token.kind) {
                Some(Kind::Comma) => ahead += 1,
                Some(Kind::Declare | Kind::Assign) => break,
                _ => return Ok((Target::None, Vec::new())),
            }
        }
        let Some(Token { kind, position, .. }) = self.tokens.get(ahead).cloned() else {
            return Ok((Target::None, Vec::new()));
        };
        if names.is_empty() || !matches!(kind, Kind::Declare | Kind::Assign) {
            return Ok((Target::None, Vec::new()));
        }
        if names.len() > usize::from(place == Place::Range) + 1 || place == Place::Parenthesis {
            return Err(ParseError::new(position, "a declaration is not possible here"));
        }
        self.next = ahead + 1;
        if kind == Kind::Declare {
            return Ok((Target::Declare(names.len()), names));
        }
        let slots = names.iter().map(|name| self.slot(name, position)).collect::<Result<_, _>>()?;
        Ok((Target::Assign(slots), Vec::new()))
    }

    fn command(&mut self) -> Result<Command, ParseError> {
        let position = self.peek().position;
        let Some(head) = self.operand()? else {
            return Err(ParseError::new(position, "a value is missing"));
        };
        if matches!(head.base, Base::Constant(Value::Nil)) {
            return Err(ParseError::new(position, "nil can only be an argument"));
        }
        let mut args = Vec::new();
        loop {
            let (position, spaced) = (self.peek().position, self.peek().spaced);
            let Some(operand) = self.operand()? else { break };
            if !spaced {
                return Err(ParseError::new(position, "a space is missing between two values"));
            }
            args.push(operand);
        }
        Ok(Command { position, head, args })
    }

    /// An operand, or nothing if another token follows.
    fn operand(&mut self) -> Result<Option<Operand>, ParseError> {
        let Token { kind, position, .. } = self.peek().clone();
        let mut fields = Vec::new();
        let base = match kind {
            Kind::Dot => Base::Dot,
            Kind::Field(name) => {
                fields.push(name);
                Base::Dot
            }
            Kind::Variable(name) => Base::Variable(self.slot(&name, position)?),
            Kind::String(text) => Base::Constant(Value::text(text)),
            Kind::Int(number) => Base::Constant(Value::Int(number)),
            Kind::Float(number) => Base::Constant(Value::Float(number)),
            Kind::Word(word) => word_operand(&word, position)?,
            Kind::LeftParen => {
                self.take();
                let pipeline = self.nested(position, |parser| parser.pipeline(Place::Parenthesis))?;
                if self.peek().kind != Kind::RightParen {
                    return Err(ParseError::new(self.peek().position, "a closing parenthesis is missing"));
                }
                Base::Parenthesis(Box::new(pipeline))
            }
            _ => return Ok(None),
        };
        self.take();
        while let Token { kind: Kind::Field(name), spaced: false, .. } = self.peek() {
            fields.push(name.clone());
            self.take();
        }
        if matches!(base, Base::Constant(_) | Base::Function(_)) && !fields.is_empty() {
            return Err(ParseError::new(position, "a field of something that has none"));
        }
        Ok(Some(Operand { base, fields }))
    }

    fn slot(&self, name: &str, position: Position) -> Result<usize, ParseError> {
        let slot = self.variables.iter().rposition(|variable| variable == name);
        slot.ok_or_else(|| ParseError::new(position, format!("there is no variable ${name}")))
    }

    fn nested<T>(
        &mut self,
        position: Position,
        parse: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        if self.depth == limits::DEPTH {
            return Err(ParseError::new(position, format!("nested deeper than {} levels", limits::DEPTH)));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn close(&mut self) -> Result<(), ParseError> {
        let token = self.take();
        if token.kind == Kind::Close {
            return Ok(());
        }
        Err(ParseError::new(token.position, "expected the end of the action"))
    }

    fn word(&self) -> Option<String> {
        match &self.peek().kind {
            Kind::Word(word) => Some(word.clone()),
            _ => None,
        }
    }

    fn peek(&self) -> &Token {
        // The last token is `End` and is never passed.
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }
}

fn unclosed(start: Position) -> ParseError {
    ParseError::new(start, "this block has no {{end}}")
}

fn word_operand(word: &str, position: Position) -> Result<Base, ParseError> {
    const KEYWORDS: [&str; 10] =
        ["if", "else", "end", "with", "range", "break", "continue", "define", "template", "block"];
    match word {
        "true" => Ok(Base::Constant(Value::Bool(true))),
        "false" => Ok(Base::Constant(Value::Bool(false))),
        "nil" => Ok(Base::Constant(Value::Nil)),
        _ if KEYWORDS.contains(&word) => {
            Err(ParseError::new(position, format!("{word} is not possible here")))
        }
        _ => Function::named(word)
            .map(Base::Function)
            .ok_or_else(|| ParseError::new(position, format!("there is no function {word}"))),
    }
}
