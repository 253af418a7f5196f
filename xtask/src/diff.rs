//! Where two texts differ, for people.

/// The changed lines, `-` old and `+` new, each group under its line number in
/// the new text; `None` if the texts are equal.
#[must_use]
pub fn lines(old: &str, new: &str) -> Option<String> {
    if old == new {
        return None;
    }
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    // common[i][j]: how many lines old[i..] and new[j..] can have in common.
    let mut common = vec![vec![0usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let mut text = String::new();
    let (mut i, mut j, mut in_group) = (0, 0, false);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j, in_group) = (i + 1, j + 1, false);
            continue;
        }
        if !in_group {
            text += &format!("@@ line {} @@\n", j + 1);
            in_group = true;
        }
        if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            text += &format!("-{}\n", old[i]);
            i += 1;
        } else {
            text += &format!("+{}\n", new[j]);
            j += 1;
        }
    }
    if text.is_empty() {
        text.push_str("only the ends of lines differ\n");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn shows_only_what_differs() {
        for (old, new, diff) in [
            ("a\nb\nc\n", "a\nx\ny\nc\n", "@@ line 2 @@\n-b\n+x\n+y\n"),
            ("a\na\n", "a\n", "@@ line 2 @@\n-a\n"),
            ("", "a\n", "@@ line 1 @@\n+a\n"),
            (
                "a\nb\nc\nd\n",
                "b\nc\ne\nd\n",
                "@@ line 1 @@\n-a\n@@ line 3 @@\n+e\n",
            ),
            ("a", "a\n", "only the ends of lines differ\n"),
        ] {
            assert_eq!(lines(old, new).as_deref(), Some(diff));
        }
        assert_eq!(lines("a\nb\n", "a\nb\n"), None);
    }
}
