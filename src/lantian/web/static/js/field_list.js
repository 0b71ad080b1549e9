// The queue on the page: how many wait, each item with its state, and what the inspector decides in a conflict.
import { forget, items, keep } from "./field_queue.js";

export const words = JSON.parse(document.getElementById("field-words").textContent);
export const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null && child !== undefined)); // what is not there is not shown
  return element;
}

const value = (entry, name) => entry.fields.find(([field]) => field === name)?.[1] ?? "";
const button = (text, act, kind = "") => make("button", { type: "button", className: `button ${kind}`, textContent: text, onclick: act });

/** A button that asks once more before it acts. */
function sure(text, question, act) {
  const element = button(text, () => {
    if (element.dataset.asked) return act();
    element.dataset.asked = "yes";
    element.textContent = question;
    return undefined;
  });
  return element;
}

/** The same item once more, knowing what the case looks like now; the server kept nothing of it yet, so its id stays. */
const onTop = (entry, changes) => {
  const fields = entry.fields.map(([name, old]) => [name, name in changes ? String(changes[name]) : old]);
  return keep({ ...entry, fields, state: "waiting", conflict: undefined });
};

function stateOf(entry) {
  return {
    waiting: () => say("waiting"),
    sending: () => say("sending"),
    sent: () => say("sent", { number: entry.number }),
    refused: () => say("refused", { why: entry.why }),
    conflict: () => say("conflict"),
    foreign: () => say("foreign", { account: entry.account }),
    editing: () => say("editing"),
  }[entry.state]();
}

/** Both versions side by side, and the three ways on. */
function conflictOf(entry, retry) {
  const { conflict } = entry;
  const verdict = value(entry, "verdict");
  const mine = make("div", { className: "version" },
    make("b", { textContent: say("mine") }),
    make("p", { textContent: words[verdict] ?? verdict }),
    make("p", { className: "small", textContent: value(entry, "reason") }),
    make("p", { className: "small muted", textContent: say("photos_n", { n: entry.photos.length }) }));
  const news = conflict.since.map((event) =>
    make("li", {}, make("span", { className: "small muted num", textContent: `${event.at} ${event.actor} ` }), `${event.what} ${event.reason}`));
  const theirs = make("div", { className: "version" },
    make("b", { textContent: say("theirs") }),
    make("p", { textContent: conflict.state }),
    make("p", { className: "small muted", textContent: say("since_you") }),
    make("ul", { className: "small" }, ...news));
  const ways = make("div", { className: "row" });
  if (conflict.moves.includes(verdict)) ways.append(button(say("again"), () => onTop(entry, { seen: conflict.events }).then(retry), "primary"));
  ways.append(button(say("as_note"), () => onTop(entry, { seen: conflict.events, verdict: "note" }).then(retry)));
  ways.append(sure(say("drop"), say("drop_sure"), () => forget(entry.id)));
  return make("div", { className: "stack" }, make("div", { className: "versions" }, mine, theirs), ways);
}

function lineOf(entry, { retry, edit }) {
  const line = make("li", { className: "queued" });
  line.dataset.state = entry.state;
  line.dataset.id = entry.id;
  line.append(
    make("p", {}, make("b", { textContent: entry.label }), make("span", { className: "small muted", textContent: ` ${new Date(entry.at).toLocaleString()}` })),
    make("p", { className: "small state-of", textContent: stateOf(entry) }));
  if (entry.state === "sent" && entry.far) line.append(make("p", { className: "note fault", textContent: say("far", { m: entry.far }) }));
  if (entry.state === "sent") line.append(make("div", { className: "row" }, button(say("clear"), () => forget(entry.id))));
  if (entry.state === "conflict") line.append(conflictOf(entry, retry));
  if (["waiting", "refused", "editing"].includes(entry.state)) {
    const change = entry.kind === "clear" ? null : button(say("edit"), () => edit(entry));
    line.append(make("div", { className: "row" }, change, sure(say("drop"), say("drop_sure"), () => forget(entry.id))));
  }
  return line;
}

/** Write the queue anew; `ways` = { retry, edit }. */
export async function show(section, ways) {
  const all = await items();
  const open = all.filter((entry) => entry.state !== "sent");
  section.hidden = all.length === 0;
  section.querySelector("[data-count]").textContent = open.length ? say("pending", { n: open.length }) : say("all_sent");
  section.querySelector("[data-send-all]").hidden = !open.some((entry) => ["waiting", "foreign"].includes(entry.state));
  section.querySelector("[data-items]").replaceChildren(...all.map((entry) => lineOf(entry, ways)));
}
