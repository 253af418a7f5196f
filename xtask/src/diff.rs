//! Where two texts differ, for people.

/// The lines between the equal beginning and the equal end of both texts,
/// `-` old and `+` new, with where they are; `None` if the texts are equal.
#[must_use]
pub fn lines(old: &str, new: &str) -> Option<String> {
    if old == new {
        return None;
    }
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let end = old[start..]
        .iter()
        .rev()
        .zip(new[start..].iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let mut text = format!("@@ line {} @@\n", start + 1);
    for (sign, side) in [('-', &old), ('+', &new)] {
        for line in &side[start..side.len() - end] {
            text.push(sign);
            text.push_str(line);
            text.push('\n');
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn shows_only_what_differs() {
        assert_eq!(lines("a\nb\n", "a\nb\n"), None);
        assert_eq!(
            lines("a\nb\nc\n", "a\nx\ny\nc\n").as_deref(),
            Some("@@ line 2 @@\n-b\n+x\n+y\n")
        );
        assert_eq!(
            lines("a\na\n", "a\n").as_deref(),
            Some("@@ line 2 @@\n-a\n")
        );
        assert_eq!(lines("", "a\n").as_deref(), Some("@@ line 1 @@\n+a\n"));
        // Only the last line's end differs: no line to show, but not equal.
        assert_eq!(lines("a", "a\n").as_deref(), Some("@@ line 2 @@\n"));
    }
}
