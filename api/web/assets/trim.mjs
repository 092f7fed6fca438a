// Of Tabler's stylesheet only the rules stay whose classes our templates and scripts name: a tenth of it.
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

const CLASS = /\.(-?[a-z_][\w-]*(?:\\.[\w-]*)*)/gi;

// Every word in our templates and scripts: a class written nowhere cannot be on any element.
export async function wordsIn(...folders) {
  const words = new Set();
  for (const folder of folders) {
    for (const file of await readdir(folder, { recursive: true })) {
      if (!/\.(html|js)$/.test(file)) continue;
      for (const word of (await readFile(path.join(folder, file), "utf8")).matchAll(/[\w-]+/g)) words.add(word[0]);
    }
  }
  return words;
}

// `{` and `}` within strings (drawn pictures) do not open or close a rule.
function endOfBlock(css, from) {
  let depth = 0;
  for (let at = from; at < css.length; at += 1) {
    if (css[at] === '"' || css[at] === "'") at = css.indexOf(css[at], at + 1);
    else if (css[at] === "{") depth += 1;
    else if (css[at] === "}" && --depth === 0) return at;
  }
  return css.length;
}

// The commas between selectors, not those inside :is(…).
function selectors(text) {
  const parts = [""];
  let depth = 0;
  for (const sign of text) {
    if (sign === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += sign;
    depth += { "(": 1, ")": -1 }[sign] ?? 0;
  }
  return parts;
}

// A class within :not(…) is one that the element need not have.
const needed = (selector) => selector.replace(/:not\((?:[^()]|\([^()]*\))*\)/g, "");
const isUsed = (selector, words) => [...needed(selector).matchAll(CLASS)].every(([, name]) => words.has(name));

function rule(head, body, words) {
  if (/^@(media|supports|container|layer)/.test(head)) {
    const inside = trim(body, words);
    return inside && `${head}{${inside}}`;
  }
  if (head.startsWith("@")) return `${head}{${body}}`;
  const used = selectors(head).filter((selector) => isUsed(selector, words));
  return used.length ? `${used.join(",")}{${body}}` : "";
}

export function trim(css, words) {
  let kept = "";
  for (let at = 0; at < css.length; ) {
    const open = css.indexOf("{", at);
    if (open < 0) break;
    const head = css.slice(at, open).trim();
    const statements = head.lastIndexOf(";") + 1; // @charset "utf-8"; before the first rule
    const end = endOfBlock(css, open);
    kept += rule(head.slice(statements).trim(), css.slice(open + 1, end), words);
    at = end + 1;
  }
  return kept;
}
