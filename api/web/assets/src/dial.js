// Calls by a click: buttons that cannot work say why, and what was told can be closed.
import { whenAdded } from "./added.js";

const { dialOff } = document.body.dataset;

function sayOff() {
  const bar = document.getElementById("dial");
  const line = document.createElement("div");
  line.className = "dial-line bad";
  line.textContent = dialOff;
  bar.replaceChildren(line);
}

function mark(button) {
  button.setAttribute("aria-disabled", "true");
  button.title = dialOff;
}

if (dialOff) {
  whenAdded("form[data-dial]", (form) => mark(form.querySelector("button")));
  // A fragment that is fetched anew takes the mark off again.
  new MutationObserver((changes) => {
    for (const { target } of changes) if (!target.hasAttribute("aria-disabled") && target.matches("form[data-dial] button")) mark(target);
  }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["aria-disabled"] });
}

// Before htmx takes the form.
document.addEventListener("submit", (event) => {
  if (!dialOff || !event.target.matches("form[data-dial]")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  sayOff();
}, true);

// What was closed once does not come back with the next page.
const CLOSED = "dial-closed";
document.addEventListener("click", (event) => {
  const line = event.target.closest("[data-close-passing]")?.closest("[data-passing]");
  if (!line) return;
  if (line.dataset.passing) sessionStorage.setItem(CLOSED, line.dataset.passing);
  line.remove();
});
whenAdded("[data-passing]", (line) => {
  if (line.dataset.passing && sessionStorage.getItem(CLOSED) === line.dataset.passing) line.remove();
});
