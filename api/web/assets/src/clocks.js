// Clocks tick here: the server says since when, never each second.
// Cut off from the server nobody knows whether a call still goes on: the clocks stand until the page is live again.
import { onState } from "./stream.js";
import { clock } from "./words.js";

const ahead = Date.now() - Number(document.body.dataset.now || Date.now()); // this machine's clock against the server's

let live = true;

const tick = () => {
  if (!live) return;
  for (const element of document.querySelectorAll("[data-since]")) {
    const text = clock((Date.now() - ahead - Number(element.dataset.since)) / 1000);
    if (element.textContent !== text) element.textContent = text;
  }
};
tick();
setInterval(tick, 1000);
document.addEventListener("htmx:after:swap", tick);
document.addEventListener("visibilitychange", tick);
onState((online) => {
  live = online;
  document.body.classList.toggle("not-live", !online);
  tick();
});
