//! Pages of lists that are whole in memory, ordered by a text such as a name.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use preloop_api::Page;

/// A part of a list that is ordered by a text; the cursor of a page is the text of its last item, encoded.
#[derive(Clone, Debug)]
pub(crate) struct NamedPart {
    /// The text of the item before the first.
    pub(crate) after: Option<String>,
    /// Most items.
    pub(crate) limit: usize,
}

impl NamedPart {
    /// The text that a cursor means.
    pub(crate) fn place(cursor: &str) -> Option<String> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        (!text.is_empty()).then_some(text)
    }

    /// The page of these items, of which only those are shown that `show` shows; what is not on the page is not asked.
    pub(super) fn page<T, S>(
        &self,
        items: impl IntoIterator<Item = T>,
        name: impl Fn(&T) -> String,
        mut show: impl FnMut(T) -> Option<S>,
    ) -> Page<S> {
        let mut behind: Vec<(String, T)> = items
            .into_iter()
            .map(|item| (name(&item), item))
            .filter(|(name, _)| self.after.as_ref().is_none_or(|after| name > after))
            .collect();
        behind.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut shown = behind.into_iter().filter_map(|(name, item)| Some((name, show(item)?)));
        let mut page = Page { items: Vec::new(), next_cursor: None };
        let mut last = None;
        for (name, item) in shown.by_ref().take(self.limit) {
            page.items.push(item);
            last = Some(name);
        }
        let has_more = shown.next().is_some();
        page.next_cursor = last.filter(|_| has_more).map(|name| URL_SAFE_NO_PAD.encode(name));
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_every_shown_item_once_in_order() {
        let items = ["d", "a", "hidden", "c", "b", "ä/ö"];
        let mut asked = 0;
        let mut part = NamedPart { after: None, limit: 2 };
        let mut seen = Vec::new();
        loop {
            let page = part.page(
                items,
                |item| (*item).to_owned(),
                |item| {
                    asked += 1;
                    (item != "hidden").then_some(item)
                },
            );
            seen.push(page.items);
            let Some(cursor) = page.next_cursor else { break };
            part.after = Some(NamedPart::place(&cursor).unwrap());
        }
        assert_eq!(seen, [vec!["a", "b"], vec!["c", "d"], vec!["ä/ö"]]);
        assert_eq!(asked, 3 + 4 + 2, "one item more than the page, and what is hidden between");
        assert_eq!((NamedPart::place("no cursor!"), NamedPart::place("")), (None, None));
    }
}
