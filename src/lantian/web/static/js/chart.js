// One theme for every chart: ink lines on paper, level bands behind, missing data as gaps with coverage under the axis, export of picture and numbers.
// <figure class="chart" data-chart="name"><script type="application/json">SPEC</script></figure>, or data-src="/api/v1/..." for the same SPEC:
//   { title, unit, decimals, series: [{ name, points: [[iso, number|null], ...], kind: "line"|"bar", axis: 0|1, dashed }],
//     ranges: [{ name, points: [[iso, low, high], ...] }] drawn as areas, bands: [{ low, high, level }], coverage: { name, points: [[iso, 0..1], ...] }, limit: { name, value }, now: iso, unit2 }
// Times are ISO 8601 with zone and are shown in Beijing time; a plain date is a day.
import * as echarts from "../vendor/echarts.mjs";
import { csvLine, download, specOf, token, word } from "./app.js";
import { LEVELS } from "./levels.js";
import { beijing } from "./live.js";

const SHANGHAI = 8 * 3_600_000;
// ECharts knows browser time or UTC; Beijing has no summer time, so its hours are UTC hours moved by eight.
const stamp = (iso) => (iso.length === 10 ? Date.parse(iso) : Date.parse(iso) + SHANGHAI);

/** Bands of the AQI itself, for charts of an index. */
export const AQI_BANDS = LEVELS.map(({ low, high, number }) => ({ low, high, level: number }));

function lineOf(series, index, spec) {
  const colours = [token("accent"), token("ink"), token("ink-3")];
  const colour = colours[index % colours.length];
  const bar = series.kind === "bar";
  return {
    name: series.name,
    type: bar ? "bar" : "line",
    yAxisIndex: series.axis ?? 0,
    data: series.points.map(([time, value]) => [stamp(time), value]),
    connectNulls: false, // a gap is a gap
    showSymbol: series.points.length < 60,
    symbolSize: 5,
    barMaxWidth: 14,
    itemStyle: { color: colour },
    lineStyle: { color: colour, width: index ? 1.4 : 2, type: series.dashed || index > 2 ? "dashed" : "solid" },
    emphasis: { disabled: true },
    ...(index === 0 && { markArea: bandsOf(spec), markLine: linesOf(spec) }),
  };
}

/** An area between two lines: what lies below it is stacked unseen. */
function rangesOf({ ranges = [] }) {
  const line = (name, points, pick, area) => ({
    name, type: "line", stack: "range", symbol: "none", silent: true, connectNulls: false, lineStyle: { width: 0 }, itemStyle: { color: token("accent") },
    ...(area && { areaStyle: { color: token("accent"), opacity: 0.16 } }), data: points.map((point) => [stamp(point[0]), pick(point)]), tooltip: { show: false },
  });
  return ranges.flatMap(({ name, points }) => [
    line(`${name} ↓`, points, ([, low]) => low, false),
    line(name, points, ([, low, high]) => (low == null ? null : high - low), true),
  ]);
}

function bandsOf({ bands = [] }) {
  const fill = (level) => `rgb(${LEVELS[level - 1].rgb.join(" ")} / 16%)`;
  return { silent: true, data: bands.map(({ low, high, level }) => [{ yAxis: low, itemStyle: { color: fill(level) } }, { yAxis: high ?? Number.MAX_SAFE_INTEGER }]) };
}

function linesOf({ limit, now }) {
  const label = { color: token("ink-2"), fontSize: 11, position: "insideEndTop" };
  const style = { color: token("ink-2"), type: "dashed", width: 1 };
  const data = [];
  if (limit) data.push({ yAxis: limit.value, label: { ...label, formatter: `${limit.name} ${limit.value}` }, lineStyle: style });
  if (now) data.push({ xAxis: stamp(now), label: { show: false }, lineStyle: { ...style, type: "solid" } });
  return { silent: true, symbol: "none", animation: false, data };
}

/** The ECharts option of a SPEC. Bands never stretch the value axis: it ends a little above the data. */
export function optionOf(spec) {
  const ink = token("ink-2");
  const rule = token("rule");
  const values = spec.series.flatMap(({ points, axis }) => (axis ? [] : points.map(([, v]) => v ?? 0)));
  const tops = (spec.ranges ?? []).flatMap(({ points }) => points.map(([, , high]) => high ?? 0));
  const top = Math.max(...values, ...tops, spec.limit?.value ?? 0, 1);
  const axis = (name, extra) => ({
    type: "value", name, nameTextStyle: { color: ink, align: "left" }, axisLabel: { color: ink, hideOverlap: true }, splitLine: { lineStyle: { color: rule } }, ...extra,
  });
  // Both grids span the same hours, half a step more at each end, so coverage stands exactly under its value.
  const stamps = [...new Set(spec.series.flatMap(({ points }) => points.map(([at]) => stamp(at))))].sort((a, b) => a - b);
  const step = Math.min(...stamps.slice(1).map((at, i) => at - stamps[i]), 86_400_000);
  const span = { min: stamps[0] - step / 2, max: stamps[stamps.length - 1] + step / 2 };
  const sides = { left: 52, right: spec.series.some((series) => series.axis === 1) ? 52 : 20 };
  const time = { type: "time", ...span, axisLine: { lineStyle: { color: ink } }, axisLabel: { color: ink, hideOverlap: true }, splitLine: { show: false } };
  const covered = Boolean(spec.coverage);
  return {
    useUTC: true,
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.documentElement).fontFamily, fontSize: 12 },
    aria: { enabled: true, label: { description: spec.title ?? "" } },
    legend: { show: spec.series.length > 1, data: [...spec.series, ...(spec.ranges ?? [])].map(({ name }) => name), top: 0, right: 4, icon: "roundRect", itemWidth: 14, itemHeight: 3, textStyle: { color: token("ink") } },
    grid: [{ ...sides, top: 34, bottom: covered ? 48 : 28 }, ...(covered ? [{ ...sides, height: 12, bottom: 6 }] : [])],
    xAxis: [time, ...(covered ? [{ ...time, gridIndex: 1, axisLabel: { show: false }, axisTick: { show: false } }] : [])],
    yAxis: [
      axis(spec.unit ?? "", { max: spec.bands ? Math.ceil((top * 1.08) / 10) * 10 : undefined }),
      axis(spec.unit2 ?? "", { show: spec.series.some((series) => series.axis === 1), splitLine: { show: false } }),
      ...(covered ? [axis("", { gridIndex: 1, min: 0, max: 1, splitLine: { show: false }, axisLabel: { show: false } })] : []),
    ],
    // Rich text is drawn on the canvas; an HTML tooltip would need inline styles, which the Content-Security-Policy forbids.
    tooltip: {
      trigger: "axis", renderMode: "richText", confine: true, backgroundColor: token("sheet"), borderColor: rule, textStyle: { color: token("ink"), fontSize: 12 },
      formatter: (items) => tooltip(items, spec),
    },
    series: [
      ...rangesOf(spec),
      ...spec.series.map((series, index) => lineOf(series, index, spec)),
      ...(covered ? [{ name: spec.coverage.name, type: "line", step: "middle", xAxisIndex: 1, yAxisIndex: 2, symbol: "none", silent: true, lineStyle: { width: 0 }, areaStyle: { color: token("ink-3"), opacity: 0.55 }, itemStyle: { color: token("ink-3") }, data: spec.coverage.points.map(([t, v]) => [stamp(t), v]) }] : []),
    ],
  };
}

function tooltip(items, spec) {
  if (!items.length) return "";
  const day = spec.series[0].points[0]?.[0].length === 10;
  const when = beijing(items[0].value[0] - SHANGHAI).slice(0, day ? 10 : 16);
  const lines = items.map(({ seriesName, value }) => {
    if (seriesName.endsWith(" ↓")) return null;
    const range = spec.ranges?.find(({ name }) => name === seriesName)?.points.find(([time]) => stamp(time) === value[0]);
    if (range) return range[1] == null ? null : `${seriesName}  ${range[1]}–${range[2]}`;
    if (seriesName === spec.coverage?.name) return `${seriesName}  ${value[1] == null ? "–" : `${Math.round(value[1] * 100)} %`}`;
    const series = spec.series.find(({ name }) => name === seriesName);
    const digits = series?.decimals ?? spec.decimals ?? 0;
    return `${seriesName}  ${value[1] == null ? word("Missing") : `${value[1].toFixed(digits)} ${series?.axis ? spec.unit2 ?? "" : spec.unit ?? ""}`}`;
  });
  return [when, ...lines.filter(Boolean)].join("\n");
}

function csvOf(spec) {
  const columns = [...spec.series, ...(spec.coverage ? [spec.coverage] : [])];
  const rows = new Map();
  columns.forEach((series, index) => series.points.forEach(([time, value]) => {
    if (!rows.has(time)) rows.set(time, Array(columns.length).fill(""));
    rows.get(time)[index] = value ?? "";
  }));
  const ranges = spec.ranges ?? [];
  const ends = ranges.map(({ points }) => new Map(points.map(([time, low, high]) => [time, [low ?? "", high ?? ""]])));
  const head = [...columns.map(({ name }) => name), ...ranges.flatMap(({ name }) => [`${name} ↓`, `${name} ↑`])];
  return csvLine(["time", ...head]) + [...rows].map(([time, cells]) => csvLine([time, ...cells, ...ends.flatMap((map) => map.get(time) ?? ["", ""])])).join("");
}

/** Bring one chart to life. */
export async function awaken(figure) {
  const name = figure.dataset.chart;
  const spec = await specOf(figure);
  const tools = Object.assign(document.createElement("div"), { className: "tools no-print" });
  const canvas = Object.assign(document.createElement("div"), { className: "canvas" });
  figure.append(tools, canvas);
  const chart = echarts.init(canvas, null, { renderer: "canvas" });
  chart.setOption(optionOf(spec));
  new ResizeObserver(() => chart.resize()).observe(canvas);
  const button = (label, act) => {
    const made = Object.assign(document.createElement("button"), { type: "button", className: "button tiny", textContent: label });
    made.addEventListener("click", act);
    tools.append(made);
  };
  button(word("Csv"), () => download(`${name}.csv`, csvOf(spec)));
  button(word("Png"), () => {
    const picture = chart.getRenderedCanvas({ pixelRatio: 2, backgroundColor: token("sheet") });
    picture.toBlob((blob) => download(`${name}.png`, blob));
  });
}
