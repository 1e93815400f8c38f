//! A flame graph (SVG) of what `perf script` prints: where a process spent its time, by the stacks that were found there.
//!
//! Width is time, a frame stands on its caller. Colours tell whose code it is; whoever points at a frame reads its whole name and
//! its share. Frames too narrow to be seen are left out, which keeps the files small.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{self, Read as _},
    path::PathBuf,
};

use crate::Failure;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where the SVG goes.
    #[arg(long)]
    out: PathBuf,
    /// What it says above.
    #[arg(long)]
    title: String,
    /// Frames below this percentage are left out.
    #[arg(long, default_value_t = 0.4)]
    least: f64,
    /// Stacks begin above this frame (what starts threads and polls tasks says nothing).
    #[arg(long, default_value = "hyper::proto::h1::dispatch::Dispatcher")]
    above: String,
}

const WIDTH: f64 = 1200.0;
const ROW: f64 = 16.0;
const HEAD: f64 = 44.0;
/// Pixels of a letter.
const LETTER: f64 = 6.2;

/// A frame with what was called from it.
#[derive(Default)]
struct Node {
    samples: u64,
    calls: BTreeMap<String, Node>,
}

/// Reads standard input: `perf script -F comm,ip,sym,dso --no-inline`.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let root = read(&text, &options.above);
    if root.samples == 0 {
        return Err("there are no stacks in the input".into());
    }
    fs::write(&options.out, svg(&root, &options.title, options.least))?;
    Ok(())
}

fn read(text: &str, above: &str) -> Node {
    let mut root = Node::default();
    for sample in text.split("\n\n") {
        let lines = sample.lines().skip_while(|line| !line.starts_with(char::is_whitespace));
        let mut stack: Vec<String> = lines.filter_map(frame).collect();
        stack.reverse();
        let from = stack.iter().position(|name| name.contains(above)).unwrap_or(0);
        if !stack.is_empty() {
            root.add(stack.split_off(from).into_iter());
        }
    }
    root
}

/// `    55d0c0 name of the symbol (/path/of/the/program)`, as `name`; the kernel's are marked.
fn frame(line: &str) -> Option<String> {
    let (_, rest) = line.trim().split_once(' ')?;
    let (symbol, object) = rest.rsplit_once(" (")?;
    let kernel = if object.contains("kernel") || object.contains("vmlinux") { "[kernel] " } else { "" };
    let name = symbol.trim().trim_end_matches("::{{closure}}");
    Some(format!("{kernel}{}", without_generics(name)))
}

/// `a::B<C<D>>::e` as `a::B::e`; what stands in the brackets makes names long and says little. `<A as B>::c` is `A::c`.
fn without_generics(name: &str) -> String {
    let (mut short, mut depth) = (String::new(), 0_usize);
    let name = match name.strip_prefix('<').and_then(|rest| rest.split_once(" as ")) {
        Some((own, rest)) if !own.contains('<') => {
            format!("{own}{}", rest.rsplit_once(">::").map_or(String::new(), |(_, last)| format!("::{last}")))
        }
        _ => name.trim_start_matches('<').to_owned(),
    };
    for letter in name.chars() {
        match letter {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => short.push(letter),
            _ => {}
        }
    }
    short.replace("::::", "::")
}

impl Node {
    fn add(&mut self, mut stack: impl Iterator<Item = String>) {
        self.samples += 1;
        if let Some(name) = stack.next() {
            self.calls.entry(name).or_default().add(stack);
        }
    }

    fn depth(&self, least: f64) -> usize {
        let calls = self.calls.values().filter(|call| number(call.samples) >= least);
        calls.map(|call| 1 + call.depth(least)).max().unwrap_or(0)
    }
}

fn svg(root: &Node, title: &str, least: f64) -> String {
    let least = number(root.samples) * least / 100.0;
    let bottom = HEAD + ROW * number(root.depth(least) as u64);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"monospace\" \
         font-size=\"10\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"8\" y=\"18\" font-size=\"14\">{title}</text>\n<text x=\"8\" y=\"34\">{samples} samples; \
         orange: Inkan, blue: HTTP and runtime, green: cryptography and memory, grey: kernel, yellow: other</text>\n",
        height = bottom + 8.0,
        title = escaped(title),
        samples = root.samples,
    );
    draw(&mut text, root, (0.0, bottom), number(root.samples), least);
    text.push_str("</svg>\n");
    text
}

fn draw(text: &mut String, node: &Node, (left, bottom): (f64, f64), all: f64, least: f64) {
    let mut left = left;
    for (name, call) in &node.calls {
        let width = number(call.samples) / all * WIDTH;
        if number(call.samples) >= least {
            let (top, share) = (bottom - ROW, number(call.samples) / all * 100.0);
            // Writing into a `String` cannot fail.
            let _ = write!(
                text,
                "<g><title>{} {share:.1} %</title><rect x=\"{left:.1}\" y=\"{top:.0}\" width=\"{:.1}\" height=\"15\" \
                 fill=\"{}\"/>",
                escaped(name),
                (width - 0.5).max(0.3),
                colour(name)
            );
            let label = label(name, width);
            if !label.is_empty() {
                let _ = write!(
                    text,
                    "<text x=\"{:.1}\" y=\"{:.0}\">{}</text>",
                    left + 2.0,
                    top + 11.0,
                    escaped(&label)
                );
            }
            text.push_str("</g>\n");
            draw(text, call, (left, top), all, least);
        }
        left += width;
    }
}

/// As much of a name as there is room for, beginning with its last parts: the path before them says least.
fn label(name: &str, width: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
    let room = ((width - 4.0) / LETTER).max(0.0) as usize;
    if room < 4 {
        return String::new();
    }
    let mut rest = name;
    while rest.chars().count() > room {
        match rest.split_once("::") {
            Some((_, shorter)) => rest = shorter,
            None => break,
        }
    }
    rest.chars().take(room).collect()
}

fn colour(name: &str) -> &'static str {
    const RUNTIME: [&str; 8] = ["hyper", "tokio", "axum", "http", "tower", "futures", "mio", "bytes"];
    const TOOLS: [&str; 7] = ["aws_lc", "mi_", "_mi_", "sqlite", "argon2", "blake2", "__mem"];
    match name {
        _ if name.starts_with("[kernel]") => "#c8c8c8",
        _ if name.contains("inkan") => "#f4a152",
        _ if RUNTIME.iter().any(|part| name.starts_with(part)) => "#8fb8de",
        _ if TOOLS.iter().any(|part| name.contains(part)) => "#9ccf9c",
        _ => "#f0dc82",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[expect(clippy::cast_precision_loss, reason = "coordinates")]
const fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_are_added_up_from_the_first_frame_that_matters() {
        let sample =
            "inkan\n\t 1f leaf (/bin/x)\n\t 2f a::B<C>::call (/bin/x)\n\t 3f start_thread (/lib/libc)\n";
        let other = "inkan\n\t 1f tcp_ack ([kernel.kallsyms])\n\t 2f a::B<D>::call (/bin/x)\n";
        let root = read(&format!("{sample}\n{other}"), "a::B");
        let call = &root.calls["a::B::call"];
        assert_eq!((root.samples, call.samples), (2, 2));
        assert_eq!(call.calls.keys().collect::<Vec<_>>(), ["[kernel] tcp_ack", "leaf"]);
        assert!(svg(&root, "A & B", 0.1).contains("<title>a::B::call 100.0 %</title>"));
    }

    #[test]
    fn names_are_short() {
        for (long, short) in [
            ("a::B<C<D>>::e", "a::B::e"),
            ("<a::B as c::D<E>>::f", "a::B::f"),
            ("<a::B<C> as d::E>::f", "a::B as d::E::f"),
            ("a::<impl b::C>::d", "a::d"),
            ("plain", "plain"),
        ] {
            assert_eq!(without_generics(long), short, "{long}");
        }
    }
}
