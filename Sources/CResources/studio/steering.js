// Pause, single steps, and options that change while the run trains.
import { element, make } from "./studio.js";

/** Fills a list with the options that may change, the learning rates first. */
export function offerKeys(select, scalars) {
  const rank = (key) => (key.includes("learning_rate") ? 0 : 1);
  const keys = Object.keys(scalars).sort((a, b) => rank(a) - rank(b) || a.localeCompare(b, "en", { numeric: true }));
  const chosen = select.value;
  select.replaceChildren(...keys.map((key) => make("option", { value: key }, key.replace(/^gan\./, ""))));
  if (keys.includes(chosen)) select.value = chosen;
}

/** A value as a person types it: a number, true or false, or a name. */
export function parsed(text) {
  try { return JSON.parse(text); } catch { return text; }
}

export function setUpSteering(studio) {
  const send = async (body) => {
    try { await studio.ask("command", body); } catch { /* The reason is shown. */ }
  };
  const showValue = () => { element("value").value = JSON.stringify(studio.run.facts.scalars[element("key").value] ?? ""); };

  element("pause").addEventListener("click", () => send({ kind: studio.run.state.is_paused ? "resume" : "pause" }));
  for (const button of document.querySelectorAll("[data-command]")) {
    button.addEventListener("click", () => send({ kind: button.dataset.command }));
  }
  element("key").addEventListener("change", showValue);
  element("change").addEventListener("submit", async (event) => {
    event.preventDefault();
    await send({ kind: "set", key: element("key").value, value: parsed(element("value").value) });
    await studio.loadFacts();
  });

  studio.listen((what) => {
    const { facts, state } = studio.run;
    element("steering").hidden = !facts.is_live || state.is_over === true;
    element("pause").textContent = state.is_paused ? "Resume" : "Pause";
    if (what === "run") {
      offerKeys(element("key"), facts.scalars);
      showValue();
    }
  });
}
