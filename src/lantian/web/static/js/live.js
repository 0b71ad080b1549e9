// What happens on the server while a page is open, by server-sent events from /live, passed on as events of the document:
//   live:clock  the clock was set, paused, resumed, jumped or changed its speed; detail is its state
//   live:hour   the clock entered a new hour; pages that show values re-ask for them (hx-trigger="live:hour from:document")
//   live:jobs   jobs and their progress; detail is the list
// Only a visible page holds a connection: browsers allow six to a host, and a desk has more tabs than that.

const HOUR = 3_600_000;
const SHANGHAI = 8 * HOUR;
let source = null;
let clock = null;

const say = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));

/** Milliseconds of the clock at this moment, run on from the last word of the server. */
const reading = () => clock.at + (clock.paused ? 0 : (Date.now() - clock.heard) * clock.speed);

/** 2016-12-16 20:00 in Beijing, which keeps no summer time. */
export const beijing = (milliseconds) => new Date(milliseconds + SHANGHAI).toISOString().slice(0, 16).replace("T", " ");

/** The hour that the server wrote into the bar; undefined on a page without a clock. */
function hourWritten() {
  const time = document.querySelector("[data-live=clock]");
  return time ? Math.floor(Date.parse(time.dateTime) / HOUR) : undefined;
}

function tick() {
  if (!clock) return;
  const now = reading();
  for (const time of document.querySelectorAll("[data-live=clock]")) {
    const text = beijing(now);
    if (time.textContent !== text) time.textContent = text;
  }
  const hour = Math.floor(now / HOUR);
  if (clock.hour !== undefined && hour !== clock.hour) say("live:hour", { at: now });
  clock.hour = hour;
}

function hearClock(state) {
  const before = clock;
  // The page was written at some hour, too: if the clock moved on before the first word came, the page is told.
  clock = { ...state, at: Date.parse(state.now), heard: Date.now(), hour: before ? before.hour : hourWritten() };
  say("live:clock", state);
  // Controls in the bar show what state the clock is in, so they are written anew by the server.
  const bar = document.querySelector("#clock");
  if (bar && bar.dataset.state !== `${state.simulated} ${state.paused} ${state.speed}`) {
    fetch(bar.dataset.src).then((answer) => answer.text()).then((html) => {
      if (!bar.querySelector("details[open]")) bar.outerHTML = html;
    });
  }
  tick();
}

function connect() {
  if (source || document.hidden) return;
  source = new EventSource("/live");
  source.addEventListener("clock", (event) => hearClock(JSON.parse(event.data)));
  source.addEventListener("jobs", (event) => say("live:jobs", JSON.parse(event.data)));
  source.addEventListener("open", () => document.documentElement.removeAttribute("data-offline"));
  source.addEventListener("error", () => document.documentElement.setAttribute("data-offline", ""));
}

function disconnect() {
  source?.close();
  source = null;
}

/** Follow the server for as long as the page is looked at. */
export function followServer() {
  connect();
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
  window.addEventListener("pagehide", disconnect);
}
