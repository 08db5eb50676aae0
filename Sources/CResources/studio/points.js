// For points: what the discriminator classifies as real, the generator's samples, and points of one's own.
import { element, grouped } from "./studio.js";
import { latestWins } from "./latent.js";

const millisecondsOfFollowing = 700;
const pointsOfPress = 6;
const leastPoints = 64;

export function setUpPoints(studio) {
  const canvas = element("plane-canvas");
  let plane = null;
  let painted = [];
  let isPainting = false;

  function show() {
    if (!plane) return;
    const scale = 3;
    const side = plane.side * scale;
    [canvas.width, canvas.height] = [side, side];
    const context = canvas.getContext("2d");
    const bytes = Uint8Array.from(atob(plane.probabilities), (letter) => letter.charCodeAt(0));
    const image = context.createImageData(plane.side, plane.side);
    bytes.forEach((value, index) => {
      const strength = Math.abs(value - 127.5) / 127.5 * 0.5;
      const ink = value > 127.5 ? [86, 180, 233] : [240, 160, 75];
      for (let part = 0; part < 3; part += 1) image.data[4 * index + part] = 255 + (ink[part] - 255) * strength;
      image.data[4 * index + 3] = 255;
    });
    const small = new OffscreenCanvas(plane.side, plane.side);
    small.getContext("2d").putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, side, side);
    const at = (value) => (value + plane.reach) / (2 * plane.reach) * side;
    const draw = (numbers, paintOne) => {
      for (let index = 0; index + 1 < numbers.length; index += 2) paintOne(at(numbers[index]), side - at(numbers[index + 1]));
    };
    const dot = (radius) => (x, y) => { context.beginPath(); context.arc(x, y, radius, 0, 7); context.fill(); };
    context.strokeStyle = "#00507d";
    draw(plane.real, (x, y) => { context.beginPath(); context.arc(x, y, 4, 0, 7); context.stroke(); });
    context.fillStyle = "#8a2f00";
    draw(plane.generated, dot(2.5));
    context.fillStyle = "#00674c";
    draw(painted, dot(3.5));
    element("paint-count").textContent = painted.length ? `${grouped(painted.length / 2)} points of your own` : "";
    element("paint-train").disabled = painted.length / 2 < leastPoints;
  }

  const load = latestWins(canvas, async () => {
    plane = await studio.ask("plane", {});
    show();
  });

  function paint(event) {
    if (!plane) return;
    const box = canvas.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width * 2 - 1) * plane.reach;
    const y = (1 - (event.clientY - box.top) / box.height * 2) * plane.reach;
    for (let point = 0; point < pointsOfPress; point += 1) {
      const angle = 2 * Math.PI * Math.random();
      const radius = plane.reach * 0.03 * Math.sqrt(-2 * Math.log(1 - Math.random()));
      painted.push(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
    }
    show();
  }
  canvas.addEventListener("pointerdown", (event) => { isPainting = true; canvas.setPointerCapture(event.pointerId); paint(event); });
  canvas.addEventListener("pointermove", (event) => { if (isPainting) paint(event); });
  canvas.addEventListener("pointerup", () => { isPainting = false; });
  element("paint-clear").addEventListener("click", () => { painted = []; show(); });
  element("paint-train").addEventListener("click", async () => {
    try {
      const { run } = await studio.ask("paint", { points: painted });
      painted = [];
      await studio.loadFacts();
      studio.current = run;
      await studio.loadFacts();
      studio.tell("run");
    } catch { /* The reason is shown. */ }
  });

  setInterval(() => {
    const { facts, state } = studio.run;
    if (facts.makes_points && !document.hidden && facts.is_live && !state.is_over && !state.is_paused) load();
  }, millisecondsOfFollowing);
  studio.listen((what) => {
    if (what !== "run") return;
    element("plane").hidden = !studio.run.facts.makes_points;
    plane = null;
    if (studio.run.facts.makes_points) load();
  });
}
