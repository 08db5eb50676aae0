// The latent space: an arc between two seeds, directions, classes. Requests wait for each other, and the last one wins.
import { element, grouped, make } from "./studio.js";

const directions = 4;
const samplesOnArc = 9;
const millisecondsOfFollowing = 1500;

/** Draws pictures side by side on a canvas, a pixel for each of theirs. */
export function paint(canvas, { width, height, channels, count, pixels }, columns = count) {
  const bytes = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
  const rows = Math.ceil(count / columns);
  canvas.width = width * columns;
  canvas.height = height * rows;
  const context = canvas.getContext("2d");
  for (let place = 0; place < count; place += 1) {
    const image = context.createImageData(width, height);
    for (let index = 0; index < width * height; index += 1) {
      for (let channel = 0; channel < 3; channel += 1) {
        image.data[4 * index + channel] = bytes[(place * width * height + index) * channels + (channels === 3 ? channel : 0)];
      }
      image.data[4 * index + 3] = 255;
    }
    context.putImageData(image, (place % columns) * width, Math.floor(place / columns) * height);
  }
}

/** Runs `work` now, or after what runs already; of what waits only the last is kept. `shown` is marked as busy meanwhile. */
export function latestWins(shown, work) {
  let running = false;
  let again = false;
  return async function run() {
    if (running) { again = true; return; }
    running = true;
    shown.setAttribute("aria-busy", "true");
    try { await work(); } catch (error) { console.info(error.message); }
    running = false;
    if (again) { again = false; run(); } else shown.removeAttribute("aria-busy");
  };
}

export function setUpLatent(studio) {
  let offsets = new Array(directions).fill(0);
  let number = null;
  const seed = (id) => Math.max(0, Math.floor(Number(element(id).value) || 0));

  const show = latestWins(element("latent-image"), async () => {
    if (studio.run.facts.makes_points) return;
    const body = { from: seed("from"), to: seed("to"), offsets };
    if (number !== null) body.class = number;
    const at = Number(element("at").value);
    const started = performance.now();
    const one = await studio.ask("images", { ...body, at });
    const milliseconds = performance.now() - started;
    paint(element("latent-image"), one);
    studio.sample = one;
    element("latent-caption").textContent =
      `${one.step === null || one.step === undefined ? "" : `Step ${grouped(one.step)}, `}${Math.round(milliseconds)} ms`;
    paint(element("arc"), await studio.ask("images", { ...body, count: samplesOnArc }));
  });

  function setClasses() {
    const { classes } = studio.run.facts;
    number = null;
    element("classes").hidden = classes.length === 0;
    const buttons = classes.map((name, index) => make("button", { type: "button", "aria-pressed": "false", onclick: (event) => {
      number = number === index ? null : index;
      for (const button of buttons) button.setAttribute("aria-pressed", String(number !== null && button === event.currentTarget));
      show();
    } }, name));
    element("classes").replaceChildren(make("legend", {}, "Class"), make("div", { class: "row" }, ...buttons));
  }

  const sliders = offsets.map((_, place) => make("input", { type: "range", min: -3, max: 3, step: 0.1, value: 0,
    oninput: (event) => { offsets[place] = Number(event.currentTarget.value); show(); } }));
  element("directions").append(...sliders.map((slider, place) =>
    make("label", { class: "wide" }, `${place + 1} `, slider)));

  for (const id of ["from", "to", "at"]) element(id).addEventListener("input", show);
  element("again").addEventListener("click", () => {
    offsets = offsets.map(() => 0);
    for (const slider of sliders) slider.value = 0;
    element("at").value = 0;
    show();
  });

  // The newest weights, while somebody looks at this part of the page.
  let isVisible = false;
  new IntersectionObserver(([entry]) => {
    isVisible = entry.isIntersecting;
    if (isVisible) show();
  }).observe(element("latent"));
  setInterval(() => {
    const { facts, state } = studio.run;
    if (isVisible && !document.hidden && element("follow").checked && facts.is_live && !state.is_over && !state.is_paused) show();
  }, millisecondsOfFollowing);

  studio.listen((what) => {
    if (what !== "run") return;
    element("latent").hidden = studio.run.facts.makes_points;
    setClasses();
    if (isVisible) show();
  });
}
