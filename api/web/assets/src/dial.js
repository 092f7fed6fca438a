// Calls by a click: buttons that cannot work say why, and what was told can be closed.
import { whenAdded } from "./added.js";

const { dialOff, dialWhy } = document.body.dataset;

function sayOff() {
  const bar = document.getElementById("dial");
  const line = document.createElement("div");
  line.className = "dial-line bad";
  line.textContent = dialOff;
  bar.replaceChildren(line);
}

whenAdded("form[data-dial]", (form) => {
  if (!dialOff) return;
  const button = form.querySelector("button");
  button.setAttribute("aria-disabled", "true");
  button.title = dialOff;
  // Where nobody can call so, no list is full of signs that do nothing.
  if (dialWhy === "not_set_up" && button.matches(".only")) form.hidden = true;
});

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
