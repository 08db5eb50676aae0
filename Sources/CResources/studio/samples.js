// The grid of fixed seeds with every saved step under one slider, and real images beside it.
import { element, grouped } from "./studio.js";

const millisecondsOfPicture = 120;

export function setUpSamples(studio) {
  const slider = element("slider");
  const play = element("play");
  let timer = null;
  // Stay at the newest picture until the reader moves away from it.
  let follows = true;
  let shown = null;

  function show(index) {
    const { samples, facts } = studio.run;
    const step = samples[index];
    if (step === undefined) return;
    shown = step;
    slider.value = index;
    slider.setAttribute("aria-valuetext", `step ${grouped(step)}`);
    element("sample").src = `runs/${facts.index}/samples/${step}.png`;
    element("sample").alt = `Samples after ${grouped(step)} steps`;
    element("sample-caption").textContent = `Step ${grouped(step)}`;
    studio.step = step;
    studio.tell("step");
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
  }

  slider.addEventListener("input", () => {
    follows = Number(slider.value) === studio.run.samples.length - 1;
    show(Number(slider.value));
  });

  play.addEventListener("click", () => {
    if (timer) return stop();
    play.textContent = "Pause";
    play.setAttribute("aria-pressed", "true");
    let index = Number(slider.value) >= studio.run.samples.length - 1 ? 0 : Number(slider.value);
    timer = setInterval(() => {
      show(index);
      index += 1;
      if (index >= studio.run.samples.length) { follows = true; stop(); }
    }, millisecondsOfPicture);
  });

  studio.listen((what) => {
    const run = studio.run;
    if (what === "run") {
      stop();
      follows = true;
      shown = null;
      element("real-figure").hidden = true;
      element("sample").removeAttribute("src");
    }
    if (what === "step") return;
    // Real samples are saved before the first generated ones.
    if (run.samples.length && element("real-figure").hidden) {
      element("real-figure").hidden = false;
      element("real").src = `runs/${run.facts.index}/samples/real.png`;
    }
    const newest = Math.max(run.samples.length - 1, 0);
    slider.max = newest;
    if (follows && !timer && run.samples[newest] !== shown) show(newest);
  });
}
