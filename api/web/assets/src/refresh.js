// An element that says `data-refresh="/address" data-refresh-on="call_* my:party_* deal:12"` is fetched anew when such an event
// is told: a kind (`*` at its end matches any rest), one that is about the reader himself, or a noun with its id. At most four
// times a second each, however many events name it. What says `data-refresh-at-once` goes first and right away: somebody's phone
// rings. The rest follows a moment later, and less often where a fetch takes long.
import htmx from "./htmx.js";
import { onEvent, onState } from "./stream.js";

const SECOND = 1000;
const EVERY = SECOND / 4;
const REST = 5; // times as long as a fetch took: a list that is told of all the time is not fetched all the time
const LONGEST_REST = 2 * SECOND; // however slow the way is: nobody looks at what is older
const pending = new WeakMap();

const names = (event) => {
  const nouns = ["call", "contact", "deal", "task", "recording"];
  const about = event.mine ? [event.event, `my:${event.event}`] : [event.event];
  return [...about, ...nouns.filter((noun) => event[`${noun}_id`]).map((noun) => `${noun}:${event[`${noun}_id`]}`)];
};

const fits = (interest, name) => (interest.endsWith("*") ? name.startsWith(interest.slice(0, -1)) : interest === name);

const concerns = (element, event) =>
  event.event === "reload" || element.dataset.refreshOn.split(/\s+/).some((interest) => names(event).some((name) => fits(interest, name)));

async function fetchAnew(element) {
  await htmx.ajax("GET", element.dataset.refresh, { source: element, target: element, swap: element.dataset.refreshSwap || "outerMorph" });
}

const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// How long until it may be fetched again: what goes at once may do so four times in any second.
const begun = new WeakMap();
function waits(element, atOnce) {
  if (!atOnce) return EVERY;
  const now = performance.now();
  const recent = (begun.get(element) ?? []).filter((at) => now - at < SECOND);
  begun.set(element, recent);
  return recent.length < SECOND / EVERY ? 0 : recent[0] + SECOND - now;
}

// What goes at once is alone on its way: a list fetched beside it would make a ringing phone wait.
const hasty = new Set();
const outOfTheWay = () => hasty.size && Promise.race([Promise.all(hasty), sleep(SECOND)]);

async function fetchInTurn(element) {
  const atOnce = element.hasAttribute("data-refresh-at-once");
  const wait = waits(element, atOnce);
  if (wait > 0) await sleep(wait);
  if (!atOnce) await outOfTheWay();
  const turn = pending.get(element);
  if (turn.again) turn.upto = turn.next ?? 0;
  turn.again = false; // whatever was told until now is in what is fetched now
  const began = performance.now();
  begun.get(element)?.push(began);
  const fetched = fetchAnew(element).catch(() => null);
  if (atOnce) hasty.add(fetched);
  await fetched;
  hasty.delete(fetched);
  if (!atOnce) await sleep(Math.min(REST * (performance.now() - began), LONGEST_REST) - EVERY);
  pending.delete(element);
  if (turn.again && element.isConnected) refresh(element, { upto: turn.next });
}

export function refresh(element, event = {}) {
  if (element.querySelector("[data-more-shown]")) return; // a list continued by hand stays as it is
  if (held.has(element)) {
    held.set(element, true);
    return;
  }
  if (element.hasAttribute("data-refresh-shown") && !element.checkVisibility()) {
    unseen.add(element);
    return;
  }
  const running = pending.get(element);
  if (!running) {
    pending.set(element, { again: false, upto: event.upto ?? 0 });
    fetchInTurn(element);
  } else if (!(event.id <= running.upto)) { // else it was told together with what is being fetched
    running.again = true;
    running.next = event.upto ?? 0;
  }
}

// Whatever a hand holds (a card that is being dragged) is not taken from it: what was told meanwhile is fetched when it is let go.
const held = new Map();
export const hold = (element) => held.has(element) || held.set(element, false);
export function letGo(element) {
  const again = held.get(element);
  held.delete(element);
  if (again && element.isConnected) refresh(element);
}

// Of the menu and the tab bar a screen shows one: the other is fetched when the window becomes wide or narrow enough for it.
const unseen = new Set();
addEventListener("resize", () => {
  for (const element of unseen) {
    if (element.isConnected && !element.checkVisibility()) continue;
    unseen.delete(element);
    if (element.isConnected) refresh(element);
  }
});

const wanted = () => document.querySelectorAll("[data-refresh]");

onEvent((event) => { for (const element of wanted()) if (concerns(element, event)) refresh(element, event); });

// What grows old without an event (how long somebody waits for a call back, an exchange that fell silent) says how often, in seconds.
const fetchedAt = new WeakMap();
setInterval(() => {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("[data-refresh-every]")) {
    const last = fetchedAt.get(element) ?? fetchedAt.set(element, Date.now()).get(element);
    if (Date.now() - last < Number(element.dataset.refreshEvery) * 1000) continue;
    fetchedAt.set(element, Date.now());
    refresh(element);
  }
}, 5000);

let wasOffline = false;
onState((online) => {
  for (const note of document.querySelectorAll("[data-cut-off]")) note.hidden = online;
  if (online && wasOffline) for (const element of wanted()) refresh(element);
  wasOffline = !online;
});

// An error page must not take the place of a fragment that will be fetched again anyway.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (!ctx?.sourceElement?.matches?.("[data-refresh]")) return;
  if (ctx.response?.status >= 400) event.preventDefault();
  if (held.has(ctx.sourceElement)) { // it was on its way already
    held.set(ctx.sourceElement, true);
    event.preventDefault();
  }
});
