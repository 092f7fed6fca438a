// Requests that have just come: said aloud, a notification where the tab is hidden, one tone for who wants the bell.
import { chime } from "./bell.js";

const strip = document.getElementById("fresh-requests");
const say = document.getElementById("say");
const ids = () => new Set([...strip.querySelectorAll("[data-fresh]")].map((one) => one.dataset.fresh));
let known = strip ? ids() : new Set(); // those that stood there when the page came are no news

function notify({ name, say: text, href, fresh }) {
  if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
  const note = new Notification(name, { body: text, tag: `request-${fresh}` });
  note.onclick = () => { window.focus(); location.href = href; note.close(); };
}

function look() {
  for (const one of strip.querySelectorAll("[data-fresh]")) {
    if (known.has(one.dataset.fresh)) continue;
    say.textContent = one.dataset.say;
    notify(one.dataset);
    chime();
  }
  known = ids();
}

if (strip) new MutationObserver(look).observe(strip, { childList: true, subtree: true });
