//! Circles in a graph, and an order without them.
//!
//! Input is the number of nodes and the edges between them; output is the nodes in groups, each after
//! the groups that it leads to. A group of several nodes is a circle. It knows nothing of files.

use std::collections::BTreeSet;

/// The strongly connected components of the graph, those without edges to others first.
pub(super) fn groups(nodes: usize, edges: &BTreeSet<(usize, usize)>) -> Vec<Vec<usize>> {
    let reached: Vec<BTreeSet<usize>> = (0..nodes).map(|it| reachable(it, edges)).collect();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for node in 0..nodes {
        match groups.iter_mut().find(|it| {
            let other = it[0];
            reached[node].contains(&other) && reached[other].contains(&node)
        }) {
            Some(group) => group.push(node),
            None => groups.push(vec![node]),
        }
    }
    // Whatever a node leads to reaches fewer nodes than it does itself.
    groups.sort_by_key(|it| reached[it[0]].len());
    groups
}

/// `start` and every node that it leads to.
fn reachable(start: usize, edges: &BTreeSet<(usize, usize)>) -> BTreeSet<usize> {
    let (mut found, mut open) = (BTreeSet::from([start]), vec![start]);
    while let Some(node) = open.pop() {
        let targets = edges.range((node, 0)..=(node, usize::MAX)).map(|&(_, to)| to);
        open.extend(targets.filter(|&it| found.insert(it)).collect::<Vec<_>>());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_one_group_and_comes_after_what_it_leads_to() {
        let edges = BTreeSet::from([(0, 1), (1, 2), (2, 1), (2, 3), (4, 4)]);
        let groups = groups(5, &edges);
        assert!(groups.contains(&vec![1, 2]) && groups.contains(&vec![4]));
        let place = |node| groups.iter().position(|it| it.contains(&node)).unwrap();
        assert!(place(3) < place(1) && place(1) < place(0), "{groups:?}");
    }
}
