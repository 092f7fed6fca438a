// The player: two-sided waveform from the server's peaks, speeds, keys; tells the transcript where it is.
import WaveSurfer from "wavesurfer.js";
import { followWords } from "./transcript.js";
import { clock } from "./words.js";

const SKIP = 5; // seconds an arrow key goes

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const faded = (name) => `color-mix(in srgb, ${colour(name)} 38%, ${colour("--paper")})`;

// Bars that grow from the axis between both sides: the manager's upwards, the customer's downwards.
const bars = (grows) => ([peaks], ctx) => {
  const { width, height } = ctx.canvas;
  const ratio = window.devicePixelRatio || 1;
  const [bar, gap] = [2 * ratio, 1.5 * ratio];
  const count = Math.floor(width / (bar + gap));
  for (let i = 0; i < count; i += 1) {
    const [from, until] = [Math.floor((i * peaks.length) / count), Math.max(Math.ceil(((i + 1) * peaks.length) / count), 1)];
    let peak = 0;
    for (let k = from; k < until; k += 1) peak = Math.max(peak, Math.abs(peaks[k] ?? 0));
    const size = Math.max(ratio, peak ** 0.7 * height * 0.98);
    const top = { up: height - size, down: 0, both: (height - size) / 2 }[grows];
    ctx.fillRect(i * (bar + gap), top, bar, size);
  }
};

const side = (grows, name, height) => ({ waveColor: faded(name), progressColor: colour(name), height, renderFunction: bars(grows) });

const channels = (peaks) =>
  peaks.length > 1
    ? { peaks: [peaks[1], peaks[0]], splitChannels: [side("up", "--accent", 33), side("down", "--customer", 33)] }
    : { peaks, ...side("both", "--accent", 54) };

async function fetchPeaks(address) {
  const answer = await fetch(address);
  if (!answer.ok) return [[0]];
  const { sides } = await answer.json();
  const loudest = sides.flat().reduce((most, value) => Math.max(most, value), 32); // silence stays flat
  return sides.map((values) => values.map((value) => value / loudest));
}

function drawWave(box, audio, peaks, seconds) {
  const media = new Audio();
  media.preload = "none";
  return WaveSurfer.create({
    container: box, media, url: audio, duration: seconds, cursorColor: colour("--ink"), cursorWidth: 1.5,
    dragToSeek: true, normalize: false, ...channels(peaks),
  });
}

function bindControls(root, wave, seconds) {
  const show = (at) => {
    root.querySelector("[data-at]").textContent = clock(at);
    const slider = root.querySelector("[data-wave]");
    slider.setAttribute("aria-valuenow", Math.round(at));
    slider.setAttribute("aria-valuetext", clock(at));
    for (const field of document.querySelectorAll("[data-second-of]")) if (field.dataset.secondOf === root.id) field.value = at.toFixed(1);
    for (const text of document.querySelectorAll("[data-second-shown]")) if (text.dataset.secondShown === root.id) text.textContent = clock(at);
  };
  const move = (by) => seek(wave, wave.getCurrentTime() + by, seconds);
  root.querySelector("[data-play]").addEventListener("click", () => wave.playPause());
  wave.on("play", () => root.classList.add("playing"));
  wave.on("pause", () => root.classList.remove("playing"));
  wave.on("timeupdate", show);
  for (const button of root.querySelectorAll("[data-speed]")) button.addEventListener("click", () => setSpeed(root, wave, button));
  document.addEventListener("keydown", (event) => onKey(event, root, wave, move));
  return show;
}

function setSpeed(root, wave, chosen) {
  wave.setPlaybackRate(Number(chosen.dataset.speed), true);
  for (const button of root.querySelectorAll("[data-speed]")) button.setAttribute("aria-pressed", button === chosen);
}

// Keys work inside the player, and on the whole page where it is the only one.
function onKey(event, root, wave, move) {
  const inside = root.contains(event.target);
  const free = event.target === document.body && document.querySelectorAll("[data-player]").length === 1;
  if ((!inside && !free) || event.ctrlKey || event.metaKey || event.altKey) return;
  const onButton = event.target.tagName === "BUTTON";
  const deeds = { ArrowLeft: () => move(-SKIP), ArrowRight: () => move(SKIP), " ": () => !onButton && wave.playPause() };
  if (!deeds[event.key] || (event.key === " " && onButton)) return;
  event.preventDefault();
  deeds[event.key]();
}

function seek(wave, to, seconds) {
  wave.setTime(Math.min(Math.max(0, to), Math.max(0, seconds - 0.05)));
}

export async function setUp(root) {
  const { audio, peaks, seconds } = root.dataset;
  const length = Number(seconds);
  const box = root.querySelector("[data-wave]");
  const drawn = await fetchPeaks(peaks);
  const wave = drawWave(box, audio, drawn, length);
  const show = bindControls(root, wave, length);
  const say = root.querySelector("[data-play-error]");
  wave.on("error", () => { say.hidden = false; });
  const follow = followWords(root.id);
  wave.on("timeupdate", follow);
  wave.on("timeupdate", () => { if (!root.isConnected) wave.destroy(); }); // its card was replaced: nothing plays unseen
  root.addEventListener("seek", ({ detail }) => { seek(wave, detail.at, length); show(detail.at); follow(detail.at); if (detail.play) wave.play(); });
  addEventListener("theme-chosen", () => setTimeout(() => wave.setOptions(channels(drawn))));
  root.dataset.ready = "";
  root.querySelector("[data-play]").disabled = false; // until here a click would be lost
}
