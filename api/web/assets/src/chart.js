// A line that grows day by day beside an even plan. Every figure of it stands in a table, too.
import uPlot from "uplot";

const DAY = 86400;
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function optionsFor(element, plan) {
  const language = document.documentElement.lang;
  const number = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" });
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px Inter Variable, Inter, sans-serif" };
  const series = [
    { label: element.dataset.day, value: (_, at) => (at == null ? "" : day.format(at * 1000)) },
    { label: element.dataset.fact, stroke: colour("--accent"), width: 2.5, points: { show: false }, value: (_, value) => (value == null ? "—" : number.format(value)) },
  ];
  if (plan) series.push({ label: element.dataset.plan, stroke: colour("--faint"), width: 1.5, dash: [5, 5], points: { show: false }, value: (_, value) => (value == null ? "—" : number.format(value)) });
  return {
    width: element.clientWidth, height: 260, series, padding: [12, 14, 0, 0],
    axes: [
      { ...axis, grid: { show: false }, values: (_, moments) => moments.map((at) => day.format(at * 1000)), space: 64, incrs: [1, 2, 5, 7, 14, 30].map((days) => days * DAY) },
      { ...axis, size: 58, values: (_, values) => values.map((value) => (Number.isInteger(value) || value > 10 ? number.format(value) : "")) },
    ],
    scales: { x: { time: false }, y: { range: (_, least, most) => [Math.min(0, least ?? 0), (most || 1) * 1.08] } },
    cursor: { points: { size: 7 } }, legend: { live: true },
  };
}

export function setUp(element) {
  const { first, fact, plan } = JSON.parse(element.dataset.chart);
  const began = Date.parse(first) / 1000;
  const moments = fact.map((_, number) => began + number * DAY);
  const data = plan ? [moments, fact, plan] : [moments, fact];
  let drawn = null;
  const draw = () => {
    drawn?.destroy();
    drawn = new uPlot(optionsFor(element, plan), data, element);
  };
  draw();
  const themes = new MutationObserver(draw);
  themes.observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  const sizes = new ResizeObserver(() => {
    if (element.isConnected) drawn.setSize({ width: element.clientWidth, height: 260 });
    else [themes, sizes].forEach((watch) => watch.disconnect());
  });
  sizes.observe(element);
}
