// What the strip does beside being shown: it is said aloud, the title of a hidden tab flashes, it rings, a notification appears.
import { ring, hush } from "./bell.js";
import { words } from "./words.js";

const strip = document.getElementById("strip");
const say = document.getElementById("say");
const title = document.title;
const notes = new Map(); // by the call's id
let known = new Set();
let flashing = null;

const ringing = () => [...strip.querySelectorAll("[data-ringing]")];

function notify({ say: text, name, href, ringing: id }) {
  if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
  const note = new Notification(name, { body: text, tag: `call-${id}`, requireInteraction: true });
  note.onclick = () => { window.focus(); location.href = href; note.close(); };
  notes.set(id, note);
}

function announce(call) {
  say.textContent = call.dataset.say;
  notify(call.dataset);
}

// A call that rings no more, for whatever reason, leaves no notification behind.
function withdraw(ids) {
  for (const [id, note] of notes) {
    if (ids.has(id)) continue;
    note.close();
    notes.delete(id);
  }
}

function flash() {
  const calls = ringing();
  if (!document.hidden || !calls.length) {
    clearInterval(flashing);
    flashing = null;
    document.title = title;
    return;
  }
  const more = calls.length > 1 ? ` +${calls.length - 1}` : "";
  const name = `${calls[0].dataset.name}${more} ${words.rings}`;
  document.title = document.title === name ? title : name;
}

function look() {
  const calls = ringing();
  const ids = new Set(calls.map((call) => call.dataset.ringing));
  for (const call of calls) if (!known.has(call.dataset.ringing)) announce(call);
  if (!ids.size) say.textContent = "";
  withdraw(ids);
  if (ids.size) ring();
  else hush();
  known = ids;
  if (calls.length && document.hidden && !flashing) {
    flash();
    flashing = setInterval(flash, 1000);
  }
  if (!calls.length && flashing) flash();
}

if (strip) {
  look();
  new MutationObserver(look).observe(strip, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-ringing"] });
  document.addEventListener("visibilitychange", () => { look(); flash(); });
  addEventListener("pagehide", () => { withdraw(new Set()); hush(); });
}
