//! AND, OR and NOT over leaves of any kind, evaluated with two truth values.
//!
//! Built from an [`Expr`] once, with everything that is already known folded away. Depth is
//! bounded by the parser.

use cim::Result;

use crate::query::Expr;

/// A condition whose tests are `L`.
#[derive(Debug)]
pub(crate) enum Tree<L> {
    Known(bool),
    Leaf(L),
    All(Box<[Tree<L>]>),
    Any(Box<[Tree<L>]>),
    Not(Box<Tree<L>>),
}

impl<L> Tree<L> {
    /// The tree of `expr`; `leaf` makes one of each test in it.
    pub(crate) fn build(
        expr: &Expr,
        leaf: &mut impl FnMut(&Expr) -> Result<Tree<L>>,
    ) -> Result<Self> {
        Ok(match expr {
            Expr::And(terms) => Self::join(terms, false, Tree::All, leaf)?,
            Expr::Or(terms) => Self::join(terms, true, Tree::Any, leaf)?,
            Expr::Not(inner) => match Self::build(inner, leaf)? {
                Tree::Known(known) => Tree::Known(!known),
                tree => Tree::Not(Box::new(tree)),
            },
            test => leaf(test)?,
        })
    }

    /// The terms joined; one that is known to be `decisive` determines the result, one known not
    /// to be is ignored.
    fn join(
        terms: &[Expr],
        decisive: bool,
        join: fn(Box<[Tree<L>]>) -> Tree<L>,
        leaf: &mut impl FnMut(&Expr) -> Result<Tree<L>>,
    ) -> Result<Self> {
        let mut open = Vec::with_capacity(terms.len());
        let mut decided = false;
        for term in terms {
            // All are built, so that an error in any of them is found.
            match Self::build(term, leaf)? {
                Tree::Known(known) => decided |= known == decisive,
                tree => open.push(tree),
            }
        }
        Ok(match (decided, open.len()) {
            (true, _) => Tree::Known(decisive),
            (false, 0) => Tree::Known(!decisive),
            (false, 1) => open.remove(0),
            (false, _) => join(open.into()),
        })
    }

    /// Whether the condition holds if `test` returns whether each leaf does.
    pub(crate) fn holds(&self, test: &impl Fn(&L) -> bool) -> bool {
        match self {
            Tree::Leaf(leaf) => test(leaf),
            Tree::Known(known) => *known,
            Tree::All(terms) => terms.iter().all(|t| t.holds(test)),
            Tree::Any(terms) => terms.iter().any(|t| t.holds(test)),
            Tree::Not(inner) => !inner.holds(test),
        }
    }

    /// The same where `test` may not know of a leaf: `None` where what is known settles nothing.
    pub(crate) fn decide(&self, test: &impl Fn(&L) -> Option<bool>) -> Option<bool> {
        match self {
            Tree::Leaf(leaf) => test(leaf),
            Tree::Known(known) => Some(*known),
            Tree::All(terms) => Self::settle(terms, false, test),
            Tree::Any(terms) => Self::settle(terms, true, test),
            Tree::Not(inner) => inner.decide(test).map(|holds| !holds),
        }
    }

    /// `decisive` where any of `terms` is so, the opposite where all are, else not known.
    fn settle(
        terms: &[Tree<L>],
        decisive: bool,
        test: &impl Fn(&L) -> Option<bool>,
    ) -> Option<bool> {
        let mut all_are_known = true;
        for term in terms {
            match term.decide(test) {
                Some(known) if known == decisive => return Some(decisive),
                Some(_) => {}
                None => all_are_known = false,
            }
        }
        all_are_known.then_some(!decisive)
    }

    /// Calls `visit` with each leaf.
    pub(crate) fn visit(&self, visit: &mut impl FnMut(&L)) {
        match self {
            Tree::Leaf(leaf) => visit(leaf),
            Tree::Known(_) => {}
            Tree::All(terms) | Tree::Any(terms) => terms.iter().for_each(|t| t.visit(visit)),
            Tree::Not(inner) => inner.visit(visit),
        }
    }
}
