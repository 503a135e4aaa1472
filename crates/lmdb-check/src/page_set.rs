//! A set of pages of one file: one bit for each page, so its size depends on the file's length
//! alone.

#[derive(Clone)]
pub(crate) struct PageSet(Vec<u64>);

impl PageSet {
    /// An empty set for a file of `length` pages.
    pub(crate) fn new(length: u64) -> Self {
        PageSet(vec![0; length.div_ceil(64) as usize])
    }

    pub(crate) fn contains(&self, page: u64) -> bool {
        let bits = usize::try_from(page / 64).ok().and_then(|at| self.0.get(at));
        bits.is_some_and(|bits| bits >> (page % 64) & 1 == 1)
    }

    /// Adds a page. Returns whether it is new; a page past the end of the file is not.
    pub(crate) fn insert(&mut self, page: u64) -> bool {
        let bit = 1 << (page % 64);
        match usize::try_from(page / 64).ok().and_then(|at| self.0.get_mut(at)) {
            Some(bits) if *bits & bit == 0 => {
                *bits |= bit;
                true
            }
            _ => false,
        }
    }

    /// Adds all pages of `other`, a set for the same file.
    pub(crate) fn extend(&mut self, other: &PageSet) {
        self.0.iter_mut().zip(&other.0).for_each(|(bits, more)| *bits |= more);
    }

    /// The pages that are in both sets, in ascending order.
    pub(crate) fn common(&self, other: &PageSet) -> impl Iterator<Item = u64> {
        let pages = 0..self.0.len() as u64 * 64;
        pages.filter(|&page| self.contains(page) && other.contains(page))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_new_once() {
        let mut set = PageSet::new(70);
        assert!(set.insert(69) && !set.insert(69) && set.contains(69));
        assert!(!set.insert(128) && !set.contains(128));
        assert!(!set.insert(u64::MAX) && !set.contains(u64::MAX));
    }

    #[test]
    fn common_pages_are_found_in_every_word() {
        let (mut a, mut b) = (PageSet::new(200), PageSet::new(200));
        a.insert(3);
        b.insert(4);
        assert_eq!(a.common(&b).count(), 0);
        a.insert(130);
        b.insert(130);
        b.extend(&a);
        assert!(a.common(&b).eq([3, 130]));
    }
}
