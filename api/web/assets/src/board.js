// The board: cards are dragged, sent on by keys, or moved by the menu on each of them. All three post the form of the deal's card;
// a refusal puts the card back and shows what is missing.
import Sortable from "sortablejs";
import { whenAdded } from "./added.js";
import htmx from "./htmx.js";
import { hold, letGo, refresh } from "./refresh.js";

const dialog = document.getElementById("board-dialog");
const say = document.getElementById("board-say");
const board = () => document.getElementById("board");
const narrow = matchMedia("(max-width: 760px)");
const nameOf = (card) => card.querySelector(".t").textContent.trim();
const columnOf = (stage) => document.getElementById(`column-${stage}`);

let focused = null; // the card that has the keyboard, by its id: it keeps it wherever it goes
const focus = (card) => card?.querySelector("a.cover")?.focus();

function show(name, body) {
  dialog.querySelector("[data-name]").textContent = name;
  const asks = dialog.querySelector("[data-asks]");
  asks.replaceChildren(...(typeof body === "string" ? new DOMParser().parseFromString(body, "text/html").body.childNodes : [body]));
  htmx.process(asks);
  if (!dialog.open) dialog.showModal();
}

async function post(card, deed, fields) {
  const answer = await fetch(`/deals/${card.dataset.deal}/${deed}`, {
    method: "POST", body: new URLSearchParams({ ...fields, on: "board" }), headers: { "HX-Request": "true" },
  });
  const elsewhere = answer.headers.get("HX-Redirect");
  if (elsewhere) location.href = elsewhere;
  return answer;
}

// What the server says stands; until it has, nothing else is put on the board.
async function send(card, deed, fields, back = () => {}) {
  const [held, name] = [board(), nameOf(card)];
  hold(held);
  card.classList.add("on-its-way");
  const answer = await post(card, deed, fields).catch(() => null);
  card.classList.remove("on-its-way");
  if (!answer?.ok) back();
  letGo(held);
  refresh(held);
  if (answer && !answer.ok) show(name, await answer.text());
  return Boolean(answer?.ok);
}

async function move(card, stage, back) {
  const { moved } = board().dataset;
  const stageName = columnOf(stage)?.dataset.name ?? "";
  if (!(await send(card, "move", { stage, expected: card.dataset.stage }, back))) return;
  say.textContent = moved.replace("{name}", nameOf(card)).replace("{stage}", stageName);
}

// Dragging. The browser's own is not used: it neither scrolls the columns nor works by touch.
let dropped = 0;
document.addEventListener("click", (event) => { // letting a card go is no click on its link
  if (performance.now() - dropped < 250 && event.target.closest?.(".deal-card")) event.preventDefault();
}, true);

function onEnd({ item, from, to, oldIndex }) {
  dropped = performance.now();
  board().classList.remove("dragging");
  if (from === to) return letGo(board());
  return move(item, to.closest(".column").dataset.stage, () => from.insertBefore(item, from.children[oldIndex] ?? null));
}

whenAdded("[data-cards]", (list) => {
  const sortable = Sortable.create(list, {
    group: "deals", sort: false, draggable: ".deal-card", filter: "[data-moves]", preventOnFilter: false, animation: 130,
    forceFallback: true, fallbackOnBody: true, fallbackTolerance: 4, delay: 180, delayOnTouchOnly: true, touchStartThreshold: 6,
    emptyInsertThreshold: 60, scrollSensitivity: 90, scrollSpeed: 14, ghostClass: "place", fallbackClass: "in-hand",
    disabled: narrow.matches, // one column at a time: there is nowhere to drag to
    onStart: () => { hold(board()); board().classList.add("dragging"); },
    onEnd,
  });
  list.dataset.ready = "";
  narrow.addEventListener("change", () => { if (list.isConnected) sortable.option("disabled", narrow.matches); });
});

// The menu on each card.
function openMenu(card) {
  const menu = board().querySelector("[data-menu-of-stages]").content.cloneNode(true);
  const body = document.createElement("div");
  body.append(menu);
  const here = body.querySelector(`[name="stage"][value="${CSS.escape(card.dataset.stage)}"]`);
  if (here) Object.assign(here, { disabled: true }).setAttribute("aria-current", "true");
  body.addEventListener("submit", (event) => {
    event.preventDefault();
    dialog.close();
    const { submitter, target } = event;
    if (target.matches("[data-move-form]")) move(card, submitter.value);
    else send(card, "lose", Object.fromEntries(new FormData(target)));
  });
  show(nameOf(card), body);
  (here?.nextElementSibling ?? body.querySelector("button"))?.focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-moves]");
  if (button && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    openMenu(button.closest(".deal-card"));
  }
  if (event.target === dialog || event.target.closest?.("[data-closes]")) dialog.close();
});
dialog.addEventListener("close", () => { if (focused) focus(document.getElementById(focused)); });

// What the dialog asked for was given: it is done with.
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (!dialog.contains(ctx?.sourceElement) || ctx.response?.status !== 204) return;
  dialog.close();
  refresh(board());
});

// Keys: arrows go from card to card, with Shift they move the deal, M opens the menu.
const columns = () => [...board().querySelectorAll(".column")];
const cardsIn = (column) => [...column.querySelectorAll(".deal-card")];

function beside(card, step) {
  const all = columns();
  const here = card.closest(".column");
  const place = cardsIn(here).indexOf(card);
  for (let at = all.indexOf(here) + step; all[at]; at += step) {
    const cards = cardsIn(all[at]);
    if (cards.length) return cards[Math.min(place, cards.length - 1)];
  }
  return null;
}

function along(card, step) {
  const cards = cardsIn(card.closest(".column"));
  return cards[cards.indexOf(card) + step];
}

function moveBeside(card, step) {
  const all = columns();
  const next = all[all.indexOf(card.closest(".column")) + step];
  if (next && !card.classList.contains("on-its-way")) move(card, next.dataset.stage);
}

const DEEDS = {
  ArrowUp: (card) => focus(along(card, -1)), ArrowDown: (card) => focus(along(card, 1)),
  ArrowLeft: (card) => focus(beside(card, -1)), ArrowRight: (card) => focus(beside(card, 1)),
  "Shift+ArrowLeft": (card) => moveBeside(card, -1), "Shift+ArrowRight": (card) => moveBeside(card, 1),
  KeyM: openMenu,
};

document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.(".deal-card");
  if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.code === "KeyM" ? event.code : event.key; // by its place: with Russian letters it says another
  const deed = DEEDS[event.shiftKey ? `Shift+${key}` : key];
  if (!deed) return;
  event.preventDefault();
  deed(card);
});

document.addEventListener("focusin", (event) => {
  if (event.target.closest?.("dialog")) return;
  focused = event.target.closest?.(".deal-card")?.id ?? null;
});
document.addEventListener("htmx:after:swap", () => {
  if (focused && !dialog.open && document.activeElement === document.body) focus(document.getElementById(focused));
});

// On a phone one column fills the screen: it is swiped, or chosen by name.
whenAdded("[data-stage-picker]", (picker) => {
  const row = picker.closest(".board").querySelector("[data-columns]");
  picker.addEventListener("change", () => columnOf(picker.value).scrollIntoView({ inline: "start", block: "nearest", behavior: "smooth" }));
  row.addEventListener("scrollend", () => {
    const shown = columns().find((column) => Math.abs(column.getBoundingClientRect().left - row.getBoundingClientRect().left) < 40);
    if (shown && narrow.matches) picker.value = shown.dataset.stage;
  });
});
