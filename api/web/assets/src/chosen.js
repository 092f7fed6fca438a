// Rows that are chosen for a change of many: one by one, a row of them with Shift, all on the page, or all that fit.
// While anything is chosen the list is not fetched anew: it would move under the hand.
import { hold, letGo } from "./refresh.js";

const list = () => document.getElementById("deal-list");
const boxes = () => [...document.querySelectorAll("input.pick")];
const form = () => document.querySelector("[data-bulk]");
let last = null;

function show() {
  const bulk = form();
  if (!bulk) return;
  const count = boxes().filter((box) => box.checked).length;
  const all = bulk.elements.all_that_fit.checked;
  bulk.toggleAttribute("data-any", count > 0 || all);
  const told = bulk.querySelector("[data-chosen-count]");
  told.textContent = told.dataset.one.replace("{count}", count);
  const every = document.querySelector("[data-choose-all]");
  if (every) Object.assign(every, { checked: count > 0 && count === boxes().length, indeterminate: count > 0 && count < boxes().length });
  if (count) hold(list());
  else letGo(list());
}

function chooseNone() {
  for (const box of boxes()) box.checked = false;
  form().elements.all_that_fit.checked = false;
  last = null;
  show();
}

document.addEventListener("click", ({ target, shiftKey }) => {
  if (target.matches?.("input.pick")) {
    const all = boxes();
    const [from, to] = [all.indexOf(last), all.indexOf(target)].sort((one, other) => one - other);
    if (shiftKey && from >= 0) for (const box of all.slice(from, to + 1)) box.checked = target.checked;
    last = target;
  } else if (target.matches?.("[data-choose-all]")) {
    for (const box of boxes()) box.checked = target.checked;
  } else if (target.closest?.("[data-choose-none]")) chooseNone();
  else if (!target.matches?.("[data-all-that-fit]")) return;
  show();
});

document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (!ctx?.sourceElement?.matches?.("[data-bulk]") || ctx.response?.status >= 400) return;
  chooseNone();
  scrollTo({ top: 0, behavior: "smooth" });
});

// The filters of this moment stand in the address; what carries them elsewhere takes them from there.
const filters = () => location.search.slice(1);
document.addEventListener("submit", ({ target }) => { for (const field of target.querySelectorAll("[data-here]")) field.value = filters(); }, true);
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-carries-filters]");
  if (link) link.href = link.dataset.carriesFilters + (filters() && `?${filters()}`);
}, true);
