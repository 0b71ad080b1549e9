// Sort, filter and export of a server-written table; what is seen stands in the URL, so a link reproduces it.
//   <table data-table="cities"> with <th data-sort="num|text">; a cell may carry data-value where its text is not what is sorted and exported.
import { csvLine, download, token, word } from "./app.js";

const text = (cell) => (cell ? cell.dataset.value ?? cell.textContent.trim() : "");

const compare = (kind, down) => (a, b) => {
  const [x, y] = kind === "num" ? [parseFloat(a.key), parseFloat(b.key)] : [a.key, b.key];
  // What is missing stands last, whichever way the rest is sorted.
  const gone = (v) => (kind === "num" ? Number.isNaN(v) : v === "");
  if (gone(x) || gone(y)) return gone(x) - gone(y);
  const order = kind === "num" ? x - y : x.localeCompare(y, "zh-CN");
  return down ? -order : order;
};

/** Bring one table to life. */
export function awaken(table) {
  const name = table.dataset.table;
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  const rows = [...table.tBodies[0].rows];
  const param = (key) => (document.querySelectorAll("table[data-table]").length > 1 ? `${name}.${key}` : key);
  const asked = new URLSearchParams(location.search);
  const state = { sort: asked.get(param("sort")) ?? "", q: asked.get(param("q")) ?? "" };

  const tools = document.createElement("div");
  tools.className = "table-tools no-print";
  tools.innerHTML = '<input type="search"><span class="count" role="status"></span>' +
    '<button type="button" class="button tiny" data-do="csv"></button><button type="button" class="button tiny" data-do="png"></button>';
  const [search, count, csv, png] = tools.children;
  search.placeholder = word("Filter");
  search.setAttribute("aria-label", word("Filter"));
  csv.textContent = word("Csv");
  png.textContent = word("Png");
  (table.closest(".scroll") ?? table).before(tools);

  heads.forEach((head, column) => {
    if (!head.dataset.sort) return;
    const button = document.createElement("button");
    button.className = "sort";
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      state.sort = state.sort === `${column}` ? `-${column}` : state.sort === `-${column}` ? "" : `${column}`;
      show(true);
    });
  });
  search.value = state.q;
  search.addEventListener("input", () => {
    state.q = search.value;
    show(true);
  });
  csv.addEventListener("click", () => download(`${name}.csv`, [heads, ...visible().map((row) => [...row.cells])].map((cells) => csvLine(cells.map(text))).join("")));
  png.addEventListener("click", async () => download(`${name}.png`, await picture(table)));

  const visible = () => [...table.tBodies[0].rows].filter((row) => !row.hidden);

  function show(remember) {
    const column = Math.abs(parseInt(state.sort, 10));
    const down = state.sort.startsWith("-");
    const sorted = heads[column]?.dataset.sort
      ? rows.map((row) => ({ row, key: text(row.cells[column]) })).sort(compare(heads[column].dataset.sort, down)).map(({ row }) => row)
      : rows;
    heads.forEach((head, index) => {
      if (index === column && head.dataset.sort) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) row.hidden = !words.every((part) => row.textContent.toLowerCase().includes(part));
    table.tBodies[0].append(...sorted);
    count.textContent = word("Rows").replace("{shown}", visible().length).replace("{all}", rows.length);
    if (remember) {
      const url = new URL(location.href);
      for (const key of ["sort", "q"]) state[key] ? url.searchParams.set(param(key), state[key]) : url.searchParams.delete(param(key));
      history.replaceState(history.state, "", url);
    }
  }
  show(false);
}

/** Draw a table as it stands on a canvas: the same words at the same places, so a picture for a report needs no other program. */
async function picture(table) {
  const box = table.getBoundingClientRect();
  const canvas = Object.assign(document.createElement("canvas"), { width: box.width * 2, height: box.height * 2 });
  const pen = canvas.getContext("2d");
  pen.scale(2, 2);
  pen.fillStyle = token("sheet");
  pen.fillRect(0, 0, box.width, box.height);
  // A sticky head is drawn where it belongs, above the first row, not where it floats.
  const head = table.tHead.getBoundingClientRect();
  const lifted = (element) => (table.tHead.contains(element) ? box.top : null);
  for (const element of table.querySelectorAll("th, td, .level")) {
    if (element.closest("tr").hidden) continue;
    const style = getComputedStyle(element);
    const at = element.getBoundingClientRect();
    const top = lifted(element) === null ? at.top - box.top : at.top - head.top;
    if (style.backgroundColor !== "rgba(0, 0, 0, 0)") {
      pen.fillStyle = style.backgroundColor;
      pen.fillRect(at.left - box.left, top, at.width, at.height);
    }
    if (element.matches("th, td")) {
      pen.fillStyle = token("rule");
      pen.fillRect(at.left - box.left, top + at.height - 1, at.width, 1);
    }
  }
  const walker = document.createTreeWalker(table, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const holder = node.parentElement;
    if (!node.textContent.trim() || holder.closest("[hidden], .visually-hidden")) continue;
    range.selectNodeContents(node);
    const at = range.getBoundingClientRect();
    const style = getComputedStyle(holder);
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    pen.fillStyle = style.color;
    pen.textBaseline = "middle";
    pen.fillText(node.textContent.trim(), at.left - box.left, at.top - (lifted(holder) === null ? box.top : head.top) + at.height / 2);
  }
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
