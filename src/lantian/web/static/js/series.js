// The course of a place: panels on one axis of time, level bands behind, gaps where values are missing, coverage at the bottom. One canvas, so one picture.
//   <figure id="course" data-src="/places/1003A/course?range=3d" data-name="1003A">; what the address gives is made in web/pages/course.py.
import * as echarts from "../vendor/echarts.mjs";
import { download, token, word } from "./app.js";
import { LEVELS } from "./levels.js";
import { beijing } from "./live.js";

const SHANGHAI = 8 * 3_600_000;
const stamp = (iso) => (iso.length === 10 ? Date.parse(iso) : Date.parse(iso) + SHANGHAI);
const GAP = 30; // pixels between panels, room for the name of the next one
const LEFT = 46;
const WIDE = 900;
const STRIP = 9;
const DENSE = 120; // more bars than this stand without gaps and edges

const figure = document.querySelector("#course");
const canvas = figure?.querySelector(".canvas");

/** Two columns on a desk, one on a phone; panels share a column's height equally. */
function layoutOf(panels, width, height) {
  const columns = width >= WIDE ? 2 : 1;
  // Of an odd number the first, the index, lies across both columns.
  const across = columns === 2 && panels.length % 2;
  const rows = Math.ceil((panels.length - across) / columns);
  const each = (height - 22 - (rows + across) * GAP - STRIP - 8) / (rows + across);
  const wide = (width - columns * (LEFT + 14)) / columns;
  const grids = panels.map((_, index) => {
    if (across && !index) return { left: LEFT, top: GAP - 6, width: width - LEFT - 14, height: each, last: false };
    const place = index - across;
    const row = (place % rows) + across;
    return { left: LEFT + Math.floor(place / rows) * (wide + LEFT + 14), top: GAP - 6 + row * (each + GAP), width: wide, height: each, last: place % rows === rows - 1 };
  });
  const strips = grids.filter(({ last }) => last).map(({ left, top, width: w, height: h }) => ({ left, top: top + h + 24, width: w, height: STRIP }));
  return { grids, strips };
}

const bandsOf = (panel, dark) => ({
  silent: true,
  data: panel.bands.map(({ low, high, level }) => [{ yAxis: low, itemStyle: { color: `rgb(${LEVELS[level - 1].rgb.join(" ")} / ${dark ? 20 : 17}%)` } }, { yAxis: high ?? 1e6 }]),
});

function seriesOf(panel, index, times, width, dark) {
  const colours = [token("accent"), token("ink-2")];
  return panel.series.map((series, order) => {
    const common = { name: `${panel.key}.${order}`, xAxisIndex: index, yAxisIndex: index, animation: false, silent: true };
    const lines = order === 0 && { markArea: bandsOf(panel, dark) };
    if (series.kind === "arrow") return { ...common, ...arrows(series, panel, times, width) };
    if (series.kind === "line") {
      const colour = colours[order];
      return { ...common, ...lines, type: "line", connectNulls: false, showSymbol: times.length < 40, symbolSize: 4, lineStyle: { color: colour, width: 1.6 }, itemStyle: { color: colour }, data: times.map((time, at) => [time, series.values[at]]) };
    }
    const colour = (at) => (series.levels ? (series.levels[at] ? `rgb(${LEVELS[series.levels[at] - 1].rgb.join(" ")})` : token("rule")) : colours[0]);
    return { ...common, ...lines, type: "bar", barCategoryGap: times.length > DENSE ? "0%" : "15%", data: times.map((time, at) => ({ value: [time, series.values[at]], itemStyle: { color: colour(at), ...(times.length <= DENSE && edgeOf(series.levels?.[at])) } })) };
  });
}

/** Pale levels need an edge on white paper, as they have everywhere else. */
const edgeOf = (level) => level && { borderColor: `rgb(${LEVELS[level - 1].rgb.map((part) => Math.round(part * 0.6)).join(" ")})`, borderWidth: 0.5 };

/** Where the wind goes, one arrow for every so many hours, at the top of the panel. */
function arrows(series, panel, times, width) {
  const every = Math.ceil(times.length / (width / 20));
  const top = Math.max(1, ...panel.series[0].values.map((value) => value ?? 0)) * 1.25;
  const data = times.flatMap((time, at) => (at % every || series.values[at] == null ? [] : [{ value: [time, top], symbolRotate: 180 - series.values[at] }]));
  return { type: "scatter", symbol: "path://M0,-10 L5,6 L0,2.5 L-5,6 Z", symbolSize: [7, 11], itemStyle: { color: token("ink-2") }, data };
}

function axesOf(panel, grid, index, day) {
  const ink = token("ink-2");
  const values = panel.series.filter(({ kind }) => kind !== "arrow").flatMap((series) => series.values.filter((value) => value != null));
  const roof = Math.max(...values, 0);
  const wind = panel.series.some(({ kind }) => kind === "arrow");
  // Bands never stretch the axis: it ends a little above the data.
  const scale = scaleOf(panel, roof, wind);
  const x = {
    type: "time", gridIndex: index, axisLine: { lineStyle: { color: token("rule-strong") } }, axisTick: { show: grid.last }, splitLine: { show: !day, lineStyle: { color: token("rule"), type: "dotted" } },
    axisLabel: { show: grid.last, color: ink, fontSize: 11, hideOverlap: true, formatter: { year: "{yyyy}", month: "{M}-{d}", day: "{M}-{d}", hour: "{HH}:{mm}" } }, minInterval: day ? 86_400_000 : 10_800_000, axisPointer: { label: { show: false } },
  };
  const y = { type: "value", gridIndex: index, ...scale, splitNumber: 3, axisLabel: { color: ink, fontSize: 11, formatter: (value) => (wind && value > roof * 1.2 ? "" : `${Math.round(value * 10) / 10}`) }, splitLine: { lineStyle: { color: token("rule") } } };
  return { x, y };
}

/** The name above a panel; where two lines share it, each in its line's colour. */
function nameOf(panel) {
  const lines = panel.series.filter(({ kind }) => kind === "line");
  const names = lines.length > 1 ? lines.map(({ name }, order) => `{${"ab"[order]}|${name}}`).join("  ") : `{n|${panel.name}}`;
  return panel.unit ? `${names}  {u|${panel.unit}}` : names;
}

/** Where an axis ends, in at most five even steps; temperatures, which go below zero, are left to ECharts. */
function scaleOf(panel, roof, wind) {
  const least = { aqi: 100, rain: 1, wind_speed: 2 }[panel.key] ?? panel.bands[0]?.high;
  if (!least) return {};
  const wanted = Math.max(roof * (wind ? 1.45 : 1.05), least);
  const power = 10 ** Math.floor(Math.log10(wanted / 5));
  const interval = [1, 2, 5, 10].map((unit) => unit * power).find((step) => wanted / step <= 5);
  return { interval, max: Math.min(Math.ceil(wanted / interval) * interval, panel.key === "aqi" ? 500 : Infinity) };
}

function optionOf(spec, width, height) {
  const dark = document.documentElement.dataset.look === "dark";
  const day = spec.times[0]?.length === 10;
  const times = spec.times.map(stamp);
  const { grids, strips } = layoutOf(spec.panels, width, height);
  const axes = spec.panels.map((panel, index) => axesOf(panel, grids[index], index, day));
  const ink = token("ink");
  const edge = { axisLabel: { show: false }, axisTick: { show: false }, axisLine: { show: false }, splitLine: { show: false } };
  const first = spec.panels.length;
  return {
    useUTC: true,
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.documentElement).fontFamily, fontSize: 12 },
    aria: { enabled: true, label: { description: figure.querySelector("h2").textContent } },
    title: spec.panels.map((panel, index) => ({ text: nameOf(panel), left: grids[index].left - 2, top: grids[index].top - 20, padding: 0, textStyle: { fontSize: 12, color: ink, rich: { a: { color: token("accent"), fontWeight: 600 }, b: { color: token("ink-2"), fontWeight: 600 }, n: { fontWeight: 600, color: ink }, u: { color: token("ink-2"), fontSize: 11 } } } })),
    grid: [...grids, ...strips].map(({ left, top, width: w, height: h }) => ({ left, top, width: w, height: h })),
    xAxis: [...axes.map(({ x }) => x), ...strips.map((_, at) => ({ type: "time", gridIndex: first + at, ...edge, axisPointer: { label: { show: false } } }))],
    yAxis: [...axes.map(({ y }) => y), ...strips.map((_, at) => ({ type: "value", gridIndex: first + at, min: 0, max: 1, ...edge }))],
    axisPointer: { link: [{ xAxisIndex: "all" }], lineStyle: { color: token("ink-2") } },
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: token("sheet"), borderColor: token("rule-strong"), padding: [8, 10], textStyle: { color: ink, fontSize: 12, lineHeight: 17 }, formatter: (items) => tooltip(items, spec, times, day) },
    series: [
      ...spec.panels.flatMap((panel, index) => seriesOf(panel, index, times, grids[index].width, dark)),
      ...strips.map((_, at) => ({ name: `coverage.${at}`, type: "bar", xAxisIndex: first + at, yAxisIndex: first + at, barWidth: "102%", animation: false, silent: true, itemStyle: { color: token("ink-3") }, backgroundStyle: { color: token("sunken") }, showBackground: true, data: times.map((time, i) => [time, spec.coverage[i]]) })),
    ],
  };
}

/** One box for the hour under the pointer, all panels in it. */
function tooltip(items, spec, times, day) {
  if (!items.length) return "";
  const at = times.indexOf(items[0].value[0]);
  if (at < 0) return "";
  const lines = spec.panels.flatMap((panel) => panel.series.map((series) => {
    const value = series.values[at];
    const unit = series.kind === "arrow" ? "°" : panel.unit;
    const level = series.levels?.[at] ? ` ${document.documentElement.lang.startsWith("zh") ? LEVELS[series.levels[at] - 1].zh : LEVELS[series.levels[at] - 1].en}` : "";
    return `${series.name}  ${value == null ? word("Missing") : `${value.toFixed(series.kind === "arrow" ? 0 : panel.decimals)} ${unit}`}${level}`;
  }));
  return [beijing(times[at] - SHANGHAI).slice(0, day ? 10 : 16), ...lines, `${figure.dataset.wordCoverage}  ${Math.round(spec.coverage[at] * 100)} %`].join("\n");
}

async function read() {
  const answer = await fetch(figure.dataset.src, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${figure.dataset.src}: ${answer.status}`);
  return answer.json();
}

if (figure) {
  let spec = await read();
  const chart = echarts.init(canvas, null, { renderer: "canvas" });
  const draw = () => {
    chart.resize();
    chart.setOption(optionOf(spec, canvas.clientWidth, canvas.clientHeight), true);
    figure.dataset.ready = `${spec.times.length}`;
  };
  draw();
  new ResizeObserver(draw).observe(canvas);
  // Spans that end now move on with the clock.
  if (figure.dataset.src.includes("range=")) {
    document.addEventListener("live:hour", async () => {
      spec = await read();
      draw();
    });
  }
  const button = Object.assign(document.createElement("button"), { type: "button", className: "button tiny", textContent: word("Png") });
  button.addEventListener("click", () => chart.getRenderedCanvas({ pixelRatio: 2, backgroundColor: token("sheet") }).toBlob((blob) => download(`${figure.dataset.name}.png`, blob)));
  figure.querySelector(".tools").append(button);
}
