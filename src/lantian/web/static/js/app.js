// Entry of every page. Pages stay usable without it: it only brings to life what the server already wrote.
//   [data-chart]  a figure whose JSON says what to draw      -> chart.js
//   [data-drawing]  a chart that the server drew            -> drawing.js
//   [data-map]    a map whose JSON says what to show         -> map.js
//   table[data-table]  sort, filter, export                  -> table.js
import "../vendor/htmx.js";
import { followServer } from "./live.js";

const PARTS = {
  "[data-chart]": () => import("./chart.js"),
  "[data-drawing]": () => import("./drawing.js"),
  "[data-map]": () => import("./map.js"),
  "table[data-table]": () => import("./table.js"),
};

/** Bring every part below `root` to life once; called again on what htmx swaps in. */
export async function awaken(root = document) {
  for (const [selector, load] of Object.entries(PARTS)) {
    const waiting = [...root.querySelectorAll(selector)].filter((element) => !element.dataset.awake);
    if (root.matches?.(selector) && !root.dataset.awake) waiting.push(root);
    if (!waiting.length) continue;
    waiting.forEach((element) => (element.dataset.awake = "yes"));
    const part = await load();
    waiting.forEach((element) => part.awaken(element));
  }
}

/** The JSON that the server wrote inside an element, or that its `data-src` names. */
export async function specOf(element) {
  if (element.dataset.src) {
    const answer = await fetch(element.dataset.src, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`${element.dataset.src}: ${answer.status} ${answer.statusText}`);
    return answer.json();
  }
  return JSON.parse(element.querySelector('script[type="application/json"]').textContent);
}

/** Hand a file to the reader. `content` is a Blob, or text that Excel shall read as UTF-8. */
export function download(name, content) {
  const blob = typeof content === "string" ? new Blob(["\ufeff", content], { type: "text/csv;charset=utf-8" }) : content;
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** One CSV line; text with commas, quotes or line breaks is quoted. */
export const csvLine = (cells) =>
  cells.map((cell) => (/[",\n\r]/.test(String(cell ?? "")) ? `"${String(cell).replaceAll('"', '""')}"` : String(cell ?? ""))).join(",") + "\r\n";

/** A word that the server put on <html data-word-NAME>. */
export const word = (name) => document.documentElement.dataset[`word${name}`] ?? name;

export const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

document.addEventListener("htmx:after:swap", (event) => awaken(event.detail?.ctx?.target ?? document));
// A menu closes when the reader clicks elsewhere or presses Escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.drop[open]")) if (!menu.contains(event.target)) menu.open = false;
  if (event.target.closest?.("[data-print]")) window.print();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.drop[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

awaken();
followServer();
