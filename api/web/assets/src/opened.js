// What only an opened menu or form needs is fetched when it opens: `data-fetch="/address"` in a `details`, around a shape of its
// height that stands there until it has come. Closed, the shape comes back, so each opening shows how things are now; words
// somebody has typed stay for him.
import { whenAdded } from "./added.js";
import htmx from "./htmx.js";

const shapes = new WeakMap();
const running = new WeakSet();
const typed = new WeakSet();
const awaits = (part) => part.querySelector(":scope > .awaited");
const partsOf = (details) => [...details.querySelectorAll("[data-fetch]")].filter((part) => part.closest("details") === details);

async function fetchInto(part) {
  if (running.has(part)) return;
  running.add(part);
  const shape = awaits(part);
  if (shape) shapes.set(part, shape);
  shape?.classList.remove("failed");
  shape?.querySelector(".could-not").toggleAttribute("hidden", true);
  part.setAttribute("aria-busy", "true");
  await htmx.ajax("GET", part.dataset.fetch, { source: part, target: part }).catch(() => null);
  part.removeAttribute("aria-busy");
  running.delete(part);
  typed.delete(part);
  awaits(part)?.classList.add("failed");
  awaits(part)?.querySelector(".could-not").removeAttribute("hidden");
}

document.addEventListener("toggle", ({ target }) => {
  if (!target.matches?.("details")) return;
  for (const part of partsOf(target)) {
    if (target.open && awaits(part)) fetchInto(part);
    if (!target.open && shapes.has(part) && !running.has(part) && !typed.has(part)) part.replaceChildren(shapes.get(part));
  }
}, true);
whenAdded(".awaited", (shape) => { if (shape.closest("details")?.open) fetchInto(shape.parentElement); });

document.addEventListener("input", ({ target }) => typed.add(target.closest?.("[data-fetch]") ?? target));
document.addEventListener("click", async ({ target }) => {
  const part = target.closest?.("[data-fetch-again]")?.closest("[data-fetch]");
  if (!part) return;
  await fetchInto(part);
  part.querySelector("input:not([type=hidden]), select, textarea, button")?.focus();
});

// A page of an error does not take the place of a form; one that was sent well and stays open shows how things are now.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (ctx?.sourceElement?.matches?.("[data-fetch]") && ctx.response?.status >= 400) event.preventDefault();
});
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  const part = ctx?.sourceElement?.closest?.("[data-fetch]");
  if (!part || part === ctx.sourceElement || !(ctx.response?.status < 400)) return;
  typed.delete(part);
  setTimeout(() => { if (part.isConnected && part.closest("details")?.open) fetchInto(part); });
});
