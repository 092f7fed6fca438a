// One EventSource for all tabs of a user: browsers allow six streams a host over HTTP/1.1.
// Tabs that open later are given what was told since their page was made.
const KEPT = 300;
const RETRY = 3000;
const ports = new Set();
const told = [];
let source = null;
let address = null;
let online = null;

const tell = (message) => { for (const port of ports) port.postMessage(message); };

const state = (now) => {
  if (online === now) return;
  online = now;
  tell({ online });
};

function listen(after) {
  source = new EventSource(`${address}?last_id=${after}`);
  source.onopen = () => state(true);
  source.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    told.push(event);
    if (told.length > KEPT) told.shift();
    tell({ event });
  };
  source.onerror = () => {
    state(false);
    if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    setTimeout(() => listen(told.at(-1)?.id ?? after), RETRY);
  };
}

function join(port, { url, after }) {
  ports.add(port);
  for (const event of told) if (event.id > after) port.postMessage({ event });
  if (online !== null) port.postMessage({ online });
  if (source) return;
  address = url;
  listen(after);
}

const welcome = (port) => {
  port.onmessage = ({ data }) => (data.bye ? ports.delete(port) : join(port, data));
};

self.onconnect = ({ ports: [port] }) => welcome(port);
