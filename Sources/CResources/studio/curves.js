// Charts of losses, accuracies and quality, drawn as SVG, with the cursor of the sample slider and the run's events.
import { element, short, grouped } from "./studio.js";

const height = 170;
const mostPoints = 200;
const margin = { left: 46, right: 108, top: 24, bottom: 24 };

function draw(name, attributes = {}, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** The limits that show all but the extreme hundredth of the values at either end. */
function limits(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (!sorted.length) return [0, 1];
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  let [low, high] = [at(0.01), at(0.99)];
  // Values that are near enough are shown as well.
  const room = (high - low) * 0.5 || Math.abs(high) * 0.1 || 1;
  if (sorted[0] > low - room) low = sorted[0];
  if (sorted.at(-1) < high + room) high = sorted.at(-1);
  return high > low ? [low, high] : [low - room, high + room];
}

/** Three to five round numbers in a range. */
function ticks(low, high) {
  const raw = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-6; tick += step) found.push(Math.abs(tick) < step * 1e-6 ? 0 : tick);
  return found;
}

/**
 * A chart.
 * @param title what is drawn
 * @param curves each `{name, ink, points: [[step, value], ...]}`
 * @param steps the last step of the horizontal axis
 * @param range fixed limits; null for those of the values
 * @param width in pixels, so that text has its size on a phone as well
 */
export function chart(title, curves, steps, { range = null, cursor = 0, deeds = [], width = 560 } = {}) {
  const [low, high] = range ?? limits(curves.flatMap((curve) => curve.points.map((point) => point[1])));
  const [right, bottom] = [width - margin.right, height - margin.bottom];
  const x = (step) => margin.left + (right - margin.left) * step / Math.max(steps, 1);
  const y = (value) => bottom - (bottom - margin.top) * (value - low) / (high - low);
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  const latest = curves.filter((curve) => curve.points.length)
    .map((curve) => `${curve.name} ${short(curve.points.at(-1)[1])}`).join(", ");
  svg.append(draw("title", {}, `${title}: ${latest || "nothing yet"}`));
  let heading = title;
  for (const tick of ticks(low, high)) {
    svg.append(draw("line", { class: "grid", x1: margin.left, x2: right, y1: y(tick), y2: y(tick) }),
      draw("text", { class: "axis", x: margin.left - 6, y: y(tick) + 4, "text-anchor": "end" }, short(tick)));
  }
  for (const tick of ticks(0, steps).filter((tick) => tick === Math.round(tick))) {
    svg.append(draw("text", { class: "axis", x: x(tick), y: height - 6, "text-anchor": "middle" }, grouped(tick)));
  }
  for (const deed of deeds) {
    const line = draw("line", { class: "deed", x1: x(deed.step), x2: x(deed.step), y1: margin.top, y2: bottom });
    line.append(draw("title", {}, `step ${grouped(deed.step)}: ${deed.text}`));
    svg.append(line);
  }
  let cut = 0;
  const labels = [];
  for (const curve of curves) {
    let path = "";
    for (const [step, value] of curve.points) {
      const isOut = !Number.isFinite(value) || value < low || value > high;
      if (isOut) cut += 1;
      const shown = Number.isFinite(value) ? Math.max(low, Math.min(high, value)) : high;
      path += `${path ? "L" : "M"}${x(step).toFixed(1)} ${y(shown).toFixed(1)}`;
    }
    if (!path) continue;
    svg.append(draw("path", { class: curve.ink, d: path }));
    const last = curve.points.at(-1)[1];
    labels.push({ curve, y: y(Math.max(low, Math.min(high, Number.isFinite(last) ? last : high))) });
  }
  // Labels beside the ends of the curves, moved apart where they would overlap.
  labels.sort((a, b) => a.y - b.y);
  labels.forEach((label, index) => {
    if (index > 0) label.y = Math.max(label.y, labels[index - 1].y + 14);
  });
  const below = Math.max((labels.at(-1)?.y ?? 0) - bottom, 0);
  labels.forEach((label) => {
    label.y -= below;
    svg.append(draw("text", { class: label.curve.ink, x: right + 6, y: label.y + 4 },
      `${label.curve.name} ${short(label.curve.points.at(-1)[1])}`));
  });
  if (cut) heading += ` (${cut} ${cut === 1 ? "point is" : "points are"} cut off)`;
  svg.append(draw("text", { x: margin.left, y: 14, "font-weight": "bold" }, heading));
  if (cursor > 0) svg.append(draw("line", { class: "cursor", x1: x(cursor), x2: x(cursor), y1: margin.top, y2: bottom }));
  const box = document.createElement("div");
  box.className = "chart";
  box.append(svg);
  return box;
}

/** The width of a chart inside an element. */
export const widthInside = (parent) => Math.max(280, Math.min(560, parent.clientWidth || 560));

/** Means over equally many points, where there are more than can be told apart. */
function smoothed(points) {
  const size = Math.ceil(points.length / mostPoints);
  if (size < 2) return points;
  const means = [];
  for (let start = 0; start < points.length; start += size) {
    const part = points.slice(start, start + size);
    means.push([part.at(-1)[0], part.reduce((sum, point) => sum + point[1], 0) / part.length]);
  }
  return means;
}

const curve = (name, ink, rows, value) => ({ name, ink, points: smoothed(rows.map((row) => [row.step, Number(value(row))])) });

/** The metrics that are drawn, where an evaluation has them. */
const quality = [
  { title: "Distance to the real images (fid), lower is better", names: ["fid"], range: null },
  { title: "Precision and recall", names: ["precision", "recall"], range: [0, 1] },
  { title: "Coverage", names: ["coverage", "high_quality"], range: [0, 1] },
];
const inks = ["blue", "orange", "green", "purple"];

function charts(run, cursor) {
  const { points, scores, deeds, facts } = run;
  // A run that has just begun fills the chart as well.
  const steps = Math.max(Math.min(facts.steps, Math.ceil(run.step * 1.1)), run.step, 10);
  const options = { cursor, deeds, width: widthInside(element("curves")) };
  const made = [
    chart("Losses", [curve("D loss", "orange", points, (p) => p.d_loss), curve("G loss", "blue", points, (p) => p.g_loss)], steps, options),
  ];
  // Of a loss that is relative, only differences between outputs mean something.
  if (!facts.is_relative) made.push(
    chart("Accuracy of D, and of G", [
      curve("real", "green", points, (p) => p.d_acc_real), curve("generated", "purple", points, (p) => p.d_acc_fake),
      curve("G accuracy", "blue", points, (p) => p.g_acc)], steps, { ...options, range: [0, 1] }));
  for (const { title, names, range } of quality) {
    const present = names.filter((name) => scores.some((score) => score.metrics[name] !== undefined));
    if (!present.length || (names[0] === "coverage" && !scores.some((score) => score.metrics.high_quality !== undefined))) continue;
    const curves = present.flatMap((name, index) => {
      const rows = scores.filter((score) => score.metrics[name] !== undefined);
      const own = [curve(name, inks[index], rows, (score) => score.metrics[name])];
      if (rows.some((score) => score.real[name] !== undefined)) {
        const real = rows.at(-1).real[name];
        own.push({ name: names.length > 1 ? `real ${name}` : "real", ink: "grey", points: [[0, real], [steps, real]] });
      }
      return own;
    });
    made.push(chart(title, names.length > 1 ? curves.filter((one) => one.ink !== "grey") : curves, steps, { ...options, range }));
  }
  return made;
}

/** Milliseconds between two drawings while a run trains: they take the time of its processors. */
const interval = 3000;

export function setUpCurves(studio) {
  let [waiting, drawn, timer] = [false, 0, 0];
  function show() {
    [waiting, drawn] = [false, Date.now()];
    element("curves").replaceChildren(...charts(studio.run, studio.step));
  }
  /** Once for all news of a frame. */
  function request() {
    clearTimeout(timer);
    timer = 0;
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(show);
  }
  studio.listen((what) => {
    const { facts, state } = studio.run;
    const trains = facts.is_live && !state.is_over && !state.is_paused;
    const early = what === "news" && trains ? drawn + interval - Date.now() : 0;
    if (early <= 0) request();
    else if (!timer) timer = setTimeout(request, early);
  });
}
