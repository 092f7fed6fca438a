// Small controls: theme, menus that close, copying, notifications, forms that fold or ask first.
import { whenAdded } from "./added.js";
import { words } from "./words.js";

const YEAR = 365 * 24 * 3600;
const chosenTheme = () => document.cookie.match(/(?:^|; )theme=(light|dark)/)?.[1] ?? "auto";

whenAdded("[data-theme-choice]", (button) => {
  const show = () => button.setAttribute("aria-pressed", chosenTheme() === button.dataset.themeChoice);
  button.addEventListener("click", () => {
    document.cookie = `theme=${button.dataset.themeChoice}; path=/; max-age=${YEAR}; samesite=lax`;
    dispatchEvent(new Event("theme-chosen"));
  });
  addEventListener("theme-chosen", show);
  show();
});

const closeMenus = (except) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) if (!menu.contains(except)) menu.open = false;
};
document.addEventListener("click", (event) => closeMenus(event.target));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details[data-menu][open]");
  closeMenus(null);
  open?.querySelector("summary").focus();
});

whenAdded("[data-copy]", (button) => {
  const label = button.querySelector("[data-label]");
  const before = label.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent);
    label.textContent = words.copied;
    setTimeout(() => (label.textContent = before), 1600);
  });
});

whenAdded("[data-ask-notifications]", (button) => {
  const asked = "Notification" in window && Notification.permission === "default";
  button.hidden = !asked;
  button.addEventListener("click", async () => {
    await Notification.requestPermission();
    button.hidden = true;
  });
});

// A filter left empty has no place in the address.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "get") return;
  for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
  setTimeout(() => { for (const field of event.target.elements) field.disabled = false; });
});

whenAdded("[data-opens-form]", (button) => {
  button.addEventListener("click", () => button.setAttribute("aria-expanded", button.form.classList.toggle("opened")));
});

whenAdded("form[data-confirm]", (form) => {
  form.addEventListener("submit", (event) => { if (!window.confirm(form.dataset.confirm)) event.preventDefault(); });
});

// What was sent is on the card now: the field is free for the next.
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  const form = ctx?.sourceElement?.closest?.("form");
  const status = ctx.response?.status;
  if (form && status === 409) form.closest("details[data-menu]")?.removeAttribute("open"); // why not stands on the card
  if (!form || status >= 400) return;
  if (form.matches("[data-clear]")) form.reset();
  form.closest("details[data-menu]")?.removeAttribute("open");
});

// A form that stands open is what somebody fills in: it is not fetched anew under his hands until he sends it. So it also keeps
// what stood in its fields when he opened it, and the server can tell what somebody else has changed since.
document.addEventListener("toggle", ({ target }) => {
  if (target.matches?.("details[data-draft]")) target.toggleAttribute("hx-morph-skip", target.open);
}, true);
document.addEventListener("input", ({ target }) => target.closest?.("form[data-draft]")?.setAttribute("hx-morph-skip", ""));
document.addEventListener("submit", ({ target }) => {
  for (let draft = target.closest("[hx-morph-skip]"); draft; draft = draft.parentElement?.closest("[hx-morph-skip]")) draft.removeAttribute("hx-morph-skip");
}, true);
