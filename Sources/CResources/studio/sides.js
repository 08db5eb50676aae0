// Runs side by side: the options that differ, the losses, the samples nearest to the slider's step. And forks.
import { element, grouped, make } from "./studio.js";
import { chart, widthInside } from "./curves.js";
import { offerKeys, parsed } from "./steering.js";

const inks = ["blue", "orange", "green", "purple", "grey", "text"];

function differing(runs) {
  const keys = new Set(runs.flatMap((run) => Object.keys(run.facts.options)));
  // Where a run came from is no option that makes it another one.
  return [...keys].filter((key) => !/^(fork|milestones)\b/.test(key)).filter((key) => new Set(runs.map((run) => run.facts.options[key])).size > 1)
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

export function setUpSides(studio) {
  function show() {
    const { runs } = studio;
    if (runs.length < 2) {
      element("sides-grids").replaceChildren();
      element("sides-table").replaceChildren();
      return;
    }
    const keys = differing(runs);
    const head = ["Option", ...runs.map((run) => run.facts.name)].map((text) => make("th", { scope: "col" }, text));
    const rows = keys.map((key) => make("tr", {}, make("th", { scope: "row" }, key),
      ...runs.map((run) => make("td", {}, run.facts.options[key] ?? "-"))));
    const steps = Math.max(...runs.map((run) => Math.max(run.facts.steps, run.step)));
    const charts = [["D loss", "d_loss"], ["G loss", "g_loss"]].map(([title, key]) =>
      chart(title, runs.map((run, index) => ({ name: run.facts.name.slice(0, 10), ink: inks[index % inks.length],
        points: run.points.map((point) => [point.step, Number(point[key])]) })), steps, { cursor: studio.step, width: widthInside(element("sides-table")) }));
    element("sides-table").replaceChildren(
      make("table", {}, make("caption", {}, keys.length ? "Options that differ" : "All options are the same"),
        make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows)), ...charts);
    showGrids();
  }

  function showGrids() {
    if (studio.runs.length < 2) return;
    element("sides-grids").replaceChildren(...studio.runs.filter((run) => run.samples.length).map((run) => {
      const step = run.samples.findLast((one) => one <= studio.step) ?? run.samples[0];
      return make("figure", {}, make("img", { src: `runs/${run.facts.index}/samples/${step}.png`, alt: `Samples of ${run.facts.name} at step ${step}` }),
        make("figcaption", {}, `${run.facts.name}, step ${grouped(step)}`));
    }));
  }

  function offer() {
    const { facts } = studio.run;
    const chosen = element("fork-step").value;
    element("fork-step").replaceChildren(...facts.checkpoints.map((step) => make("option", { value: step }, grouped(step))));
    element("fork-step").value = facts.checkpoints.includes(Number(chosen)) && chosen !== "" ? chosen : facts.checkpoints.at(-1);
    offerKeys(element("fork-key"), facts.scalars);
    element("fork-value").value = JSON.stringify(facts.scalars[element("fork-key").value] ?? "");
  }

  element("fork-key").addEventListener("change", () => {
    element("fork-value").value = JSON.stringify(studio.run.facts.scalars[element("fork-key").value] ?? "");
  });
  element("fork-step").addEventListener("focus", async () => { await studio.loadFacts(); offer(); });
  element("fork").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await studio.ask("fork", { step: Number(element("fork-step").value), key: element("fork-key").value,
        value: JSON.stringify(parsed(element("fork-value").value)) });
      await studio.loadFacts();
      show();
    } catch { /* The reason is shown. */ }
  });

  let waiting = false;
  studio.listen((what) => {
    if (what === "run") offer();
    if (what === "step") return showGrids();
    if (waiting) return;
    waiting = true;
    // Tables and charts of all runs need not move as often as those of the run in view.
    setTimeout(() => { waiting = false; show(); }, 1000);
  });
}
