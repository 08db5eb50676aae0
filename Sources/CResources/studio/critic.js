// The discriminator's view of a drawing: its logit, how each pixel changes it, and the training images that are nearest.
import { element, grouped, make, short } from "./studio.js";
import { latestWins, paint } from "./latent.js";

const nearestCount = 8;

export function setUpCritic(studio) {
  const pad = element("pad");
  let pixels = new Uint8Array(0);
  let [width, height, channels] = [28, 28, 1];
  let cursor = [14, 14];
  let isDrawing = false;

  const encoded = () => btoa(String.fromCharCode(...pixels));
  const chosenClass = () => (element("critic-class-label").hidden ? {} : { class: Number(element("critic-class").value) });

  const judge = latestWins(element("heat"), async () => {
    const answer = await studio.ask("opinion", { pixels: encoded(), ...chosenClass() });
    element("opinion").textContent = `Logit ${short(answer.logit)}: D classifies it as ${answer.is_real ? "real" : "generated"}`
      + (answer.step === null || answer.step === undefined ? "." : `, at step ${grouped(answer.step)}.`);
    showHeat(answer.gradient.map(Number));
  });

  const compare = latestWins(element("nearest"), async () => {
    const found = await studio.ask("nearest", { pixels: encoded(), count: nearestCount });
    paint(element("nearest"), found.pictures, 4);
    const labels = found.labels.filter(Boolean).join(" ");
    element("nearest-caption").textContent = `The nearest training images${labels ? `: ${labels}` : ""}; the first differs by ${short(found.distances[0])} of 255 a pixel`;
  });

  /** Orange where more brightness raises the logit, blue where it lowers it. */
  function showHeat(gradient) {
    const canvas = element("heat");
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    const sums = Array.from({ length: width * height }, (_, index) => {
      let sum = 0;
      for (let channel = 0; channel < channels; channel += 1) sum += gradient[index * channels + channel];
      return sum;
    });
    const most = Math.max(...sums.map(Math.abs), Number.MIN_VALUE);
    sums.forEach((sum, index) => {
      const strength = Math.sqrt(Math.abs(sum) / most);
      const ink = sum > 0 ? [213, 94, 0] : [0, 114, 178];
      for (let part = 0; part < 3; part += 1) image.data[4 * index + part] = 255 + (ink[part] - 255) * strength;
      image.data[4 * index + 3] = 255;
    });
    context.putImageData(image, 0, 0);
  }

  function show(isDone = true) {
    paint(pad, { width, height, channels, count: 1, pixels: encoded() });
    if (document.activeElement === pad && pad.matches(":focus-visible")) {
      const context = pad.getContext("2d");
      context.fillStyle = "#d55e00";
      context.fillRect(...cursor, 1, 1);
    }
    judge();
    if (isDone) compare();
  }

  /** A soft pen about two pixels wide. */
  function draw(x, y) {
    for (let row = Math.floor(y) - 1; row <= Math.floor(y) + 1; row += 1) {
      for (let column = Math.floor(x) - 1; column <= Math.floor(x) + 1; column += 1) {
        if (row < 0 || column < 0 || row >= height || column >= width) continue;
        const distance = Math.hypot(row + 0.5 - y, column + 0.5 - x);
        const light = Math.max(0, Math.min(255, 255 * (1.5 - distance)));
        for (let channel = 0; channel < channels; channel += 1) {
          const index = (row * width + column) * channels + channel;
          pixels[index] = Math.max(pixels[index], light);
        }
      }
    }
  }

  const place = (event) => {
    const box = pad.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * width, (event.clientY - box.top) / box.height * height];
  };
  pad.addEventListener("pointerdown", (event) => {
    isDrawing = true;
    pad.setPointerCapture(event.pointerId);
    draw(...place(event));
    show(false);
  });
  pad.addEventListener("pointermove", (event) => { if (isDrawing) { draw(...place(event)); show(false); } });
  pad.addEventListener("pointerup", () => { isDrawing = false; show(); });
  pad.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = moves[event.key];
    if (!move && event.key !== " ") return;
    event.preventDefault();
    if (move) cursor = [Math.max(0, Math.min(width - 1, cursor[0] + move[0])), Math.max(0, Math.min(height - 1, cursor[1] + move[1]))];
    if (event.key === " " || event.shiftKey) draw(cursor[0] + 0.5, cursor[1] + 0.5);
    show(event.key === " ");
  });

  /** Takes a picture from the clipboard, scaled to the size of a sample. */
  document.addEventListener("paste", async (event) => {
    const file = [...event.clipboardData.files].find((one) => one.type.startsWith("image/"));
    if (!file || studio.run.facts.makes_points) return;
    const canvas = make("canvas", { width, height });
    const context = canvas.getContext("2d");
    context.drawImage(await createImageBitmap(file), 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    for (let index = 0; index < width * height; index += 1) {
      const [red, green, blue] = data.subarray(4 * index, 4 * index + 3);
      if (channels === 3) pixels.set([red, green, blue], 3 * index);
      else pixels[index] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    }
    show();
  });

  element("clear").addEventListener("click", () => { pixels.fill(0); show(); });
  element("take").addEventListener("click", () => {
    if (!studio.sample) return;
    pixels = Uint8Array.from(atob(studio.sample.pixels), (letter) => letter.charCodeAt(0));
    show();
  });
  element("critic-class").addEventListener("change", () => show());

  let isVisible = false;
  new IntersectionObserver(([entry]) => {
    if (entry.isIntersecting && !isVisible) { isVisible = true; show(); }
    isVisible = entry.isIntersecting;
  }).observe(element("critic"));

  studio.listen((what) => {
    if (what !== "run") return;
    const { facts } = studio.run;
    element("critic").hidden = facts.makes_points;
    [width, height, channels] = [facts.width ?? 1, facts.height ?? 1, facts.channels ?? 1];
    cursor = [width >> 1, height >> 1];
    pixels = new Uint8Array(width * height * channels);
    element("critic-class-label").hidden = facts.classes.length === 0;
    element("critic-class").replaceChildren(...facts.classes.map((name, index) => make("option", { value: index }, name)));
    paint(pad, { width, height, channels, count: 1, pixels: encoded() });
    if (isVisible && !facts.makes_points) show();
  });
}
