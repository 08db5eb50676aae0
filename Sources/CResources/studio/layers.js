// The layers of a network, each with what it makes of one sample.
import { element, grouped, make } from "./studio.js";

/** The maps of a layer side by side, eight in a row. */
function maps(layer) {
  const bytes = Uint8Array.from(atob(layer.maps), (letter) => letter.charCodeAt(0));
  const columns = Math.min(layer.shown, 8);
  // Long vectors are drawn in rows.
  const isFlat = layer.height === 1 && layer.shown === 1;
  const width = isFlat ? Math.min(layer.width, 64) : layer.width;
  const height = isFlat ? Math.ceil(layer.width / width) : layer.height;
  const canvas = make("canvas", { width: width * columns, height: height * Math.ceil(layer.shown / columns), role: "img",
    "aria-label": `Output of ${layer.name}` });
  const context = canvas.getContext("2d");
  for (let map = 0; map < layer.shown; map += 1) {
    const image = context.createImageData(width, height);
    for (let index = 0; index < width * height; index += 1) {
      const value = bytes[map * layer.width * layer.height + index] ?? 0;
      image.data.set([value, value, value, 255], 4 * index);
    }
    context.putImageData(image, (map % columns) * width, Math.floor(map / columns) * height);
  }
  return canvas;
}

export function setUpLayers(studio) {
  element("layers-show").addEventListener("click", async () => {
    const button = element("layers-show");
    button.disabled = true;
    try {
      const { layers } = await studio.ask("layers", { network: element("network").value, seed: Math.max(0, Number(element("layer-seed").value) || 0) });
      const head = ["Layer", "Output", "Parameters", "Share of a step", "What it makes"].map((text) => make("th", { scope: "col" }, text));
      const rows = layers.map((layer) => {
        const bar = make("span", { class: "bar" });
        bar.style.width = `${Math.round((layer.share ?? 0) * 100)}px`;
        const count = layer.channels > layer.shown ? `${layer.shown} of ${layer.channels} channels` : "";
        return make("tr", {},
          make("th", { scope: "row" }, `${layer.name} (${layer.type})`), make("td", {}, layer.shape),
          make("td", { class: "number" }, grouped(layer.parameters)),
          make("td", {}, bar, ` ${((layer.share ?? 0) * 100).toFixed(1)} %`),
          make("td", {}, maps(layer), count));
      });
      element("layers-table").replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows)));
    } catch { /* The reason is shown. */ }
    button.disabled = false;
  });
  studio.listen((what) => { if (what === "run") element("layers-table").replaceChildren(); });
}
