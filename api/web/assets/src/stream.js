// The stream of what happened. Where there is no SharedWorker, this tab listens by itself.
const { stream: url, worker, cursor, user } = document.body.dataset;
const listeners = new Set();
const states = new Set();
let reached = Number(cursor);

export const onEvent = (listener) => listeners.add(listener);
export const onState = (listener) => states.add(listener);

function receive({ event, online }) {
  if (online !== undefined) for (const listener of states) listener(online);
  if (!event) return;
  reached = Math.max(reached, event.id);
  for (const listener of listeners) listener(event);
}

function shareStream() {
  const { port } = new SharedWorker(worker, { name: `firstring-${user}` });
  port.onmessage = ({ data }) => receive(data);
  port.postMessage({ url, after: reached });
  addEventListener("pagehide", () => port.postMessage({ bye: true }));
  addEventListener("pageshow", (event) => event.persisted && port.postMessage({ url, after: reached }));
}

function ownStream() {
  const source = new EventSource(`${url}?last_id=${reached}`);
  source.onopen = () => receive({ online: true });
  source.onmessage = ({ data }) => receive({ event: JSON.parse(data) });
  source.onerror = () => {
    receive({ online: false });
    if (source.readyState === EventSource.CLOSED) setTimeout(ownStream, 3000);
  };
}

if (url) (typeof SharedWorker === "undefined" ? ownStream : shareStream)();
