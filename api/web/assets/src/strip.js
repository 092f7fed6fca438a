// What the strip does beside being shown: it is said aloud, the title of a hidden tab flashes, a notification appears.
import { words } from "./words.js";

const strip = document.getElementById("strip");
const say = document.getElementById("say");
const title = document.title;
let known = new Set();
let flashing = null;

const ringing = () => [...strip.querySelectorAll("[data-ringing]")];

function announce(call) {
  const { say: text, name, href, ringing: id } = call.dataset;
  say.textContent = text;
  if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
  const note = new Notification(name, { body: text, tag: `call-${id}`, requireInteraction: true });
  note.onclick = () => { window.focus(); location.href = href; note.close(); };
  call.addEventListener("answered", () => note.close());
}

function flash() {
  const calls = ringing();
  if (!document.hidden || !calls.length) {
    clearInterval(flashing);
    flashing = null;
    document.title = title;
    return;
  }
  const name = `${calls[0].dataset.name} ${words.rings}`;
  document.title = document.title === name ? title : name;
}

function look() {
  const calls = ringing();
  const ids = new Set(calls.map((call) => call.dataset.ringing));
  for (const call of calls) if (!known.has(call.dataset.ringing)) announce(call);
  if (!ids.size) say.textContent = "";
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
}
