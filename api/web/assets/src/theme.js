// Runs before the first paint, so that a dark desk never flashes white.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const wanted = () => {
    const kept = localStorage.getItem("theme");
    return kept === "light" || kept === "dark" ? kept : system.matches ? "dark" : "light";
  };
  const apply = () => document.documentElement.setAttribute("data-bs-theme", wanted());
  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", apply);
  addEventListener("theme-chosen", apply);
})();
