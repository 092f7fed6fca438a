// Calls `setUp` once for each element that is on the page or arrives later.
export function whenAdded(selector, setUp) {
  const known = new WeakSet();
  const take = (root) => {
    const found = root.matches?.(selector) ? [root] : [];
    for (const element of [...found, ...root.querySelectorAll(selector)]) {
      if (known.has(element)) continue;
      known.add(element);
      setUp(element);
    }
  };
  take(document);
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) if (node.nodeType === 1) take(node);
  }).observe(document.body, { childList: true, subtree: true });
}
