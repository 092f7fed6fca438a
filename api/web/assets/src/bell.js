// A soft double tone while somebody's phone rings, for who wants it: kept in this browser, and one tab rings for all.
import { whenAdded } from "./added.js";

const EVERY = 3000;
const TONES = [[659, 0], [784, 0.22]]; // Hz, and when each begins in seconds
let context = null;
let ringing = null;

export const wanted = () => localStorage.getItem("bell") === "on";

function tone([hertz, after]) {
  const [oscillator, volume] = [context.createOscillator(), context.createGain()];
  const at = context.currentTime + after;
  oscillator.frequency.value = hertz;
  volume.gain.setValueAtTime(0.0001, at);
  volume.gain.exponentialRampToValueAtTime(0.12, at + 0.03);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.2);
  oscillator.connect(volume).connect(context.destination);
  oscillator.start(at);
  oscillator.stop(at + 0.22);
}

function play() {
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume().catch(() => null); // a browser may want a click on the page first
  if (context.state === "running") TONES.forEach(tone);
}

// Whoever holds the lock rings until the call is over; the other tabs wait for it, and one of them goes on if this one closes.
function ringOn(stopped) {
  play();
  const again = setInterval(play, EVERY);
  return new Promise((done) => stopped.addEventListener("abort", () => { clearInterval(again); done(); }));
}

export function ring() {
  if (ringing || !wanted()) return;
  ringing = new AbortController();
  const { signal } = ringing;
  if (!navigator.locks) { ringOn(signal); return; }
  navigator.locks.request("firstring-bell", { signal }, () => ringOn(signal)).catch(() => null);
}

// Once, where one tab of several comes first.
export function chime() {
  if (!wanted()) return;
  if (!navigator.locks) { play(); return; }
  navigator.locks.request("firstring-chime", { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    play();
    await new Promise((done) => { setTimeout(done, 1000); });
  });
}

export function hush() {
  ringing?.abort();
  ringing = null;
}

whenAdded("[data-bell]", (button) => {
  const show = () => button.setAttribute("aria-pressed", wanted());
  button.addEventListener("click", () => {
    localStorage.setItem("bell", wanted() ? "off" : "on");
    if (wanted()) play();
    else hush();
    dispatchEvent(new Event("bell-chosen"));
  });
  addEventListener("bell-chosen", show);
  show();
});
