//! Which part of a list to read, where a page begins behind the last item of the page before.

use std::fmt::Display;
use std::str::FromStr;

use preloop_api::Page;
use uuid::Uuid;

use super::StoreError;
use super::dialect::Statement;
use super::row::findable;

/// A part of a list that is ordered by a column of type `K`, then by id.
#[derive(Clone, Debug)]
pub(crate) struct Part<K> {
    /// Key and id of the item before the first.
    pub(crate) after: Option<(K, Uuid)>,
    /// Most items; all of them where it is none.
    pub(crate) limit: Option<u32>,
}

/// What a list is ordered by: the names of two columns, and the direction.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    /// The smallest key first.
    Ascending(&'static str, &'static str),
    /// The largest key first.
    Descending(&'static str, &'static str),
}

impl<K> Part<K> {
    /// The whole list.
    pub(crate) const ALL: Self = Self { after: None, limit: None };

    /// One item more than asked for, by which it is known whether there is a next page.
    fn wanted(&self) -> Option<i64> {
        self.limit.map(|limit| i64::from(limit).saturating_add(1))
    }

    /// The page that the items are, of which there may be one more than it has.
    pub(super) fn page<T>(&self, mut items: Vec<T>, place: impl Fn(&T) -> (K, Uuid)) -> Page<T>
    where
        K: Display,
    {
        let most = self.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let has_more = items.len() > most;
        items.truncate(most);
        let last = items.last().filter(|_| has_more).map(place);
        Page { items, next_cursor: last.map(|(key, id)| format!("{key}.{id}")) }
    }
}

impl<K: FromStr> Part<K> {
    /// The place that a cursor names.
    pub(crate) fn place(cursor: &str) -> Option<(K, Uuid)> {
        let (key, id) = cursor.rsplit_once('.')?;
        Some((findable(key).parse().ok()?, id.parse().ok()?))
    }
}

impl<K> Part<K>
where
    K: Clone + for<'t> sqlx::Encode<'t, sqlx::Any> + sqlx::Type<sqlx::Any>,
{
    /// Ends a statement, which has a condition already, so that it reads this part alone.
    pub(super) fn narrow(&self, statement: &mut Statement, order: Order) -> Result<(), StoreError> {
        let (key, id, beyond, direction) = match order {
            Order::Ascending(key, id) => (key, id, " > ", ""),
            Order::Descending(key, id) => (key, id, " < ", " desc"),
        };
        if let Some((last, last_id)) = &self.after {
            statement.push(" and (").push(key).push(beyond).bind(last.clone())?;
            statement.push(" or (").push(key).push(" = ").bind(last.clone())?;
            statement.push(" and ").push(id).push(beyond).bind(last_id.to_string())?.push("))");
        }
        statement.push(" order by ").push(key).push(direction);
        statement.push(", ").push(id).push(direction);
        if let Some(limit) = self.wanted() {
            statement.push(" limit ").bind(limit)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_the_next_one_only_where_there_is_one() {
        let id = Uuid::from_u128(7);
        let part = Part::<i64> { after: None, limit: Some(2) };
        assert_eq!(part.wanted(), Some(3));
        let page = part.page(vec![1, 2, 3], |item| (*item, id));
        assert_eq!(page.items, [1, 2]);
        let cursor = page.next_cursor.unwrap();
        assert_eq!(Part::place(&cursor), Some((2, id)));
        assert_eq!(part.page(vec![1, 2], |item| (*item, id)).next_cursor, None);
    }

    #[test]
    fn names_with_dots_are_places_and_what_is_none_is_refused() {
        let id = Uuid::from_u128(7);
        let part = Part::<String> { after: None, limit: Some(1) };
        let names = vec!["a.b".to_owned(), "c".to_owned()];
        let cursor = part.page(names, |name| (name.clone(), id)).next_cursor.unwrap();
        assert_eq!(Part::place(&cursor), Some(("a.b".to_owned(), id)));
        for cursor in ["", ".", "1.", "x.00000000-0000-0000-0000-000000000007", "1.7"] {
            assert_eq!(Part::<i64>::place(cursor), None, "{cursor}");
        }
        assert_eq!(Part::<i64>::ALL.wanted(), None);
    }
}
