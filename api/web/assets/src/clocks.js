// Clocks tick here: the server says since when, never each second.
import { clock } from "./words.js";

const ahead = Date.now() - Number(document.body.dataset.now || Date.now()); // this machine's clock against the server's

const tick = () => {
  for (const element of document.querySelectorAll("[data-since]")) {
    const text = clock((Date.now() - ahead - Number(element.dataset.since)) / 1000);
    if (element.textContent !== text) element.textContent = text;
  }
};
tick();
setInterval(tick, 1000);
document.addEventListener("htmx:after:swap", tick);
document.addEventListener("visibilitychange", tick);
