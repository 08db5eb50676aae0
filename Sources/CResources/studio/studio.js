// The page of a studio. It knows of every run what the stream of events has told it, and asks for the rest.
import { setUpCurves } from "./curves.js";
import { setUpSamples } from "./samples.js";
import { setUpLatent } from "./latent.js";
import { setUpSteering } from "./steering.js";
import { setUpCritic } from "./critic.js";
import { setUpLayers } from "./layers.js";
import { setUpPoints } from "./points.js";
import { setUpSides } from "./sides.js";

/** The element with an id. */
export const element = (id) => document.getElementById(id);

/** An element with attributes and content: text is never read as HTML. */
export function make(name, attributes = {}, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...content);
  return made;
}

export const grouped = (number) => Math.round(number).toLocaleString("en-US");
export const short = (number) =>
  typeof number !== "number" ? String(number)
    : number === 0 ? "0"
      : Math.abs(number) >= 1e5 || Math.abs(number) < 1e-3 ? number.toExponential(1) : String(Number(number.toPrecision(3)));

const listeners = [];

/** What all parts of the page share. */
export const studio = {
  runs: [],
  /** The run in view. */
  current: 0,
  /** The step that the sample slider is at. */
  step: 0,
  get run() { return this.runs[this.current]; },
  /** Calls back when a run has news, when another run comes into view, and when the step changes. */
  listen(callback) { listeners.push(callback); },
  tell(what) { for (const callback of listeners) callback(what); },
  /** Sends a command and returns the answer. A refusal is shown, and thrown. */
  async ask(verb, body, run = this.current) {
    const answer = await fetch(`runs/${run}/${verb}`, {
      method: "POST", body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "X-Ganymede": "1" },
    });
    const found = await answer.json();
    if (!answer.ok) {
      this.complain(found.error);
      throw new Error(found.error);
    }
    this.complain(null);
    return found;
  },
  complain(text) {
    element("fault").hidden = !text;
    element("fault").textContent = text ?? "";
  },
  async loadFacts() {
    const facts = await (await fetch("runs")).json();
    for (const fact of facts) {
      this.runs[fact.index] ??= { points: [], scores: [], deeds: [], samples: [], findings: [], step: 0, generation: -1, state: {} };
      this.runs[fact.index].facts = fact;
    }
    showRuns();
  },
};

function showRuns() {
  element("runs").replaceChildren(...studio.runs.map((run, index) =>
    make("button", { type: "button", "aria-current": index === studio.current ? "true" : "false",
      onclick: () => { studio.current = index; studio.step = 0; showRuns(); studio.tell("run"); } }, run.facts.name)));
}

function showStatus() {
  const { facts, points, state, step } = studio.run;
  const last = points.at(-1);
  const how = state.fault ? `ended with an error: ${state.fault}` : !state.is_there ? "the folder is gone" : !facts.is_live ? "not trained here"
    : state.is_over ? "finished" : state.is_paused ? "paused" : "training";
  const rate = last && facts.is_live && !state.is_over && !state.is_paused
    ? `, ${grouped(last.images_per_second)} ${facts.makes_points ? "points" : "images"} a second` : "";
  element("status").textContent = `step ${grouped(step)} of ${grouped(facts.steps)}, ${how}${rate}`;
  document.title = `${facts.name}: step ${grouped(step)}`;
}

function showHealth() {
  const findings = studio.run.findings;
  const list = findings.map((finding) => {
    const verdict = finding.verdict;
    return make("div", { class: finding.is_current ? "finding" : "finding past" },
      make("strong", {}, finding.is_current ? verdict.finding : `Earlier, up to step ${grouped(verdict.step)}: ${verdict.finding}`),
      make("div", { class: "hint" }, `Since step ${grouped(finding.since)}. What usually helps: ${verdict.advice}`),
      make("ul", {}, ...verdict.evidence.map((text) => make("li", {}, text))));
  });
  element("health").replaceChildren(...(list.length ? list
    : [make("p", { class: "fine" }, studio.run.measured === undefined
      ? "Not measured yet: the first measurement comes after a fiftieth of the steps, and a hundred at least."
      : `No complaint at step ${grouped(studio.run.measured)}.`)]));
}

function take(message) {
  const run = studio.runs[message.run];
  if (!run) { studio.loadFacts(); return; }
  const news = message.news;
  if (news) {
    if (news.generation !== run.generation) [run.points, run.scores, run.deeds] = [[], [], []];
    run.generation = news.generation;
    run.step = news.step;
    const seen = run.points.at(-1)?.step ?? -1;
    run.points.push(...news.points.filter((point) => point.step > seen));
    const scored = run.scores.at(-1)?.step ?? -1;
    run.scores.push(...news.scores.filter((score) => score.step > scored));
    const done = run.deeds.at(-1)?.step ?? -1;
    run.deeds.push(...news.deeds.filter((deed) => deed.step > done));
  }
  if (message.samples) run.samples = message.samples;
  if (message.findings) run.findings = message.findings;
  if (message.measured !== undefined) run.measured = message.measured;
  if (message.state) run.state = message.state;
  if (message.run === studio.current) {
    showStatus();
    if (message.findings || message.measured !== undefined || !element("health").hasChildNodes()) showHealth();
  }
  studio.tell("news");
}

function connect() {
  const events = new EventSource("events");
  events.onmessage = (event) => take(JSON.parse(event.data));
  events.onopen = () => { element("connection").textContent = ""; };
  events.onerror = () => {
    element("connection").textContent = "The studio does not answer: is its command still running? Trying again.";
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  };
}

studio.listen((what) => { if (what === "run") { showStatus(); showHealth(); } });
await studio.loadFacts();
for (const setUp of [setUpSteering, setUpSamples, setUpCurves, setUpLatent, setUpCritic, setUpPoints, setUpLayers, setUpSides]) setUp(studio);
studio.tell("run");
connect();
