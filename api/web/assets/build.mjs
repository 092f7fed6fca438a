// Bundles styles, scripts, fonts and the icon sprite into ../static/dist under hashed names, and writes manifest.json.
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { icons } from "./icons.mjs";
import { trim, wordsIn } from "./trim.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(here, "../static/dist");
const fresh = `${dist}.new`;
const hash = (text) => createHash("sha256").update(text).digest("hex").slice(0, 10).toUpperCase();

// Tabler draws ticks and arrows with data: addresses, which `default-src 'self'` refuses; here they become files.
const dataToFiles = {
  name: "data-to-files",
  setup(build) {
    build.onResolve({ filter: /^data:image\/svg\+xml/ }, ({ path: address }) => {
      const drawn = decodeURIComponent(address.slice(address.indexOf(",") + 1));
      return { path: `${hash(drawn)}.svg`, namespace: "drawn", pluginData: drawn };
    });
    build.onLoad({ filter: /.*/, namespace: "drawn" }, ({ pluginData }) => ({ contents: pluginData, loader: "file" }));
  },
};

const onlyWhatIsUsed = {
  name: "only-what-is-used",
  setup(build) {
    build.onLoad({ filter: /tabler\.min\.css$/ }, async ({ path: file }) => {
      const words = await wordsIn(path.join(here, "../templates"), path.join(here, "src"));
      const css = (await readFile(file, "utf8")).replace(/\/\*[^]*?\*\//g, "");
      return { contents: trim(css, words), loader: "css" };
    });
  },
};

const shared = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  target: ["es2022", "safari16"],
  outdir: fresh,
  entryNames: "[name]-[hash]",
  assetNames: "files/[hash]",
  chunkNames: "part-[hash]",
  metafile: true,
  logLevel: "warning",
  legalComments: "linked",
};

const BUNDLES = [
  { entryPoints: ["src/main.js"], format: "esm", splitting: true },
  { entryPoints: ["src/theme.js", "src/stream-worker.js"], format: "iife" },
  { entryPoints: ["src/main.css"], loader: { ".woff2": "file" }, plugins: [dataToFiles, onlyWhatIsUsed] },
];

async function sprite() {
  const folder = path.join(here, "node_modules/@tabler/icons/icons");
  const symbol = async ([name, file]) => {
    const svg = await readFile(path.join(folder, `${file}.svg`), "utf8");
    const inside = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>")).trim();
    return `<symbol id="${name}" viewBox="0 0 24 24">${inside}</symbol>`;
  };
  const symbols = await Promise.all(Object.entries(icons).map(symbol));
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

function entries({ metafile }) {
  const outputs = Object.entries(metafile.outputs).filter(([, output]) => output.entryPoint);
  return outputs.map(([file, output]) => [path.basename(output.entryPoint), path.basename(file)]);
}

await rm(fresh, { recursive: true, force: true });
await mkdir(fresh, { recursive: true });
const built = await Promise.all(BUNDLES.map((bundle) => esbuild.build({ ...shared, ...bundle })));
const manifest = Object.fromEntries(built.flatMap(entries));
for (const [name, drawn] of [["icons", await sprite()], ["mark", await readFile(path.join(here, "src/mark.svg"), "utf8")]]) {
  manifest[`${name}.svg`] = `${name}-${hash(drawn)}.svg`;
  await writeFile(path.join(fresh, manifest[`${name}.svg`]), drawn);
}
await writeFile(path.join(fresh, "manifest.json"), JSON.stringify(manifest, null, 1));
// The finished folder takes the old one's place at once, so a running server never sees half a build.
await rm(dist, { recursive: true, force: true });
await rename(fresh, dist);
