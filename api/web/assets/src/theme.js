// Runs before the first paint, so that a dark desk never flashes white.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => document.cookie.match(/(?:^|; )theme=(light|dark)/)?.[1] ?? (system.matches ? "dark" : "light");
  const apply = () => document.documentElement.setAttribute("data-bs-theme", chosen());
  apply();
  system.addEventListener("change", apply);
  addEventListener("theme-chosen", apply);
})();
