// Copies what the browser needs from node_modules to src/lantian/web/static/vendor (git-ignored).
// Idempotent: a file that is already the same is left alone, and what is no longer on the list is removed.
import { copyFile, mkdir, readFile, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const vendor = join(root, "src/lantian/web/static/vendor");

// Name in vendor/ -> path in node_modules/. The licence of each package travels with it.
const FILES = {
  "htmx.js": "htmx.org/dist/htmx.esm.min.js",
  "htmx.LICENSE": "htmx.org/LICENSE",
  "maplibre-gl.mjs": "maplibre-gl/dist/maplibre-gl.mjs",
  "maplibre-gl-worker.mjs": "maplibre-gl/dist/maplibre-gl-worker.mjs",
  "maplibre-gl.css": "maplibre-gl/dist/maplibre-gl.css",
  "maplibre-gl.LICENSE": "maplibre-gl/LICENSE.txt",
  "echarts.mjs": "echarts/dist/echarts.esm.min.mjs",
  "echarts.LICENSE": "echarts/LICENSE",
  "echarts.NOTICE": "echarts/NOTICE",
};

const same = async (a, b) => {
  try {
    return (await readFile(a)).equals(await readFile(b));
  } catch {
    return false;
  }
};

await mkdir(vendor, { recursive: true });
for (const [name, path] of Object.entries(FILES)) {
  const from = join(root, "node_modules", path);
  const to = join(vendor, name);
  if (!(await same(from, to))) await copyFile(from, to);
}
for (const name of await readdir(vendor)) {
  if (!(name in FILES)) await rm(join(vendor, name), { recursive: true });
}
console.log(`vendor: ${Object.keys(FILES).length} files in ${vendor}`);
