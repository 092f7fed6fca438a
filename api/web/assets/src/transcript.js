// Words light up in step with the player; a word, a time or a tag leads to its second.
const seekTo = (player, at, play = true) =>
  document.getElementById(player)?.dispatchEvent(new CustomEvent("seek", { detail: { at, play } }));

const playerOf = (element) => element.closest("[data-words-of]")?.dataset.wordsOf ?? element.dataset.of;

// The last word that begins at or before `at`, if it has not ended long ago.
function wordAt(spans, starts, at) {
  let [low, high] = [0, starts.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= at) low = middle + 1;
    else high = middle - 1;
  }
  const span = spans[high];
  return span && at <= Number(span.dataset.e) + 0.35 ? span : null;
}

// The words of a player, looked up again at most once a second: a transcript may arrive while it plays.
function wordsOf(player) {
  let [spans, starts, until] = [[], [], 0];
  return () => {
    if (performance.now() > until) {
      spans = [...document.querySelectorAll(`[data-words-of="${player}"] .w`)];
      starts = spans.map((span) => Number(span.dataset.s));
      until = performance.now() + 1000;
    }
    return [spans, starts];
  };
}

export function followWords(player) {
  const words = wordsOf(player);
  let lit = null;
  return (at) => {
    const now = wordAt(...words(), at);
    if (now === lit) return;
    lit?.classList.remove("now");
    now?.classList.add("now");
    lit = now;
  };
}

function showQuote({ segment, from, to, of }) {
  for (const span of document.querySelectorAll(".w.shown")) span.classList.remove("shown");
  const words = document.querySelectorAll(`[data-words-of="${of}"] [data-segment="${segment}"] .w`);
  const quote = [...words].slice(Number(from), Number(to) + 1);
  for (const span of quote) span.classList.add("shown");
  quote[0]?.scrollIntoView({ block: "center", behavior: "smooth" });
}

document.addEventListener("click", (event) => {
  const word = event.target.closest(".w");
  if (word) return seekTo(playerOf(word), Number(word.dataset.s));
  const button = event.target.closest("[data-seek]");
  if (!button) return undefined;
  if (button.dataset.segment) showQuote(button.dataset);
  return seekTo(playerOf(button), Number(button.dataset.seek));
});
