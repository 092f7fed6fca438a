// A quote is played where it was said: in the recording's player if it stands on the page, else by itself.

let sound = null;

const stop = () => {
  sound?.audio.pause();
  sound?.button.removeAttribute("aria-pressed");
  sound = null;
};

function playAlone(button, recording, at) {
  const audio = new Audio(`/api/v1/recordings/${encodeURIComponent(recording)}/audio`);
  sound = { audio, button };
  audio.addEventListener("loadedmetadata", () => { audio.currentTime = at; }, { once: true });
  audio.addEventListener("ended", stop);
  button.setAttribute("aria-pressed", "true");
  audio.play().catch(() => { if (sound?.audio === audio) stop(); });
}

function playInPlayer(player, at) {
  player.closest("details")?.setAttribute("open", "");
  player.dispatchEvent(new CustomEvent("seek", { detail: { at, play: true } }));
  player.scrollIntoView({ block: "center", behavior: "smooth" });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-quote-of]");
  if (!button) return;
  const again = sound?.button === button;
  stop();
  if (again) return;
  const { quoteOf, quoteAt } = button.dataset;
  const player = document.getElementById(`player-${quoteOf}`);
  if (player?.hasAttribute("data-ready")) playInPlayer(player, Number(quoteAt));
  else playAlone(button, quoteOf, Number(quoteAt));
});
