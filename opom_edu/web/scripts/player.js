// The mask player: learn a mask, then move through its steps.

import { Engine, alike, catalog, choice, make, paint, pixelsOf } from "./engine.js";
import { LENGTH, METHODS, apply } from "./opom.js";

const root = document.getElementById("lab");
const status = make("p", { class: "opom-status", role: "status" });
const progress = make("progress", { max: 1, value: 0, "aria-label": "progress" });
const fail = (error) => { root.append(make("p", { class: "opom-alert", role: "alert" }, error.message)); status.textContent = "stopped"; };
const state = { method: "convex", person: "Ada", steps: [], photo: null };

try { await begin(); } catch (error) { fail(error); }

async function begin() {
  const site = await catalog();
  const engine = new Engine();
  const [surrogate, other] = [site.recognizers[0], site.recognizers.find(({ name }) => name === "mobilefacenet-softmax")];
  const canvases = ["photo with the mask", "mask, 8 times as strong"].map((name) => make("canvas", { role: "img", "aria-label": name }));
  const slider = make("input", { class: "opom-wide opom-step", type: "range", min: 0, max: 16, value: 0, disabled: true, input: draw, "aria-label": "step" });
  const told = make("p", { class: "opom-told", "aria-live": "polite" });
  const curve = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  curve.setAttribute("class", "opom-histogram");
  curve.setAttribute("viewBox", "0 0 640 240");
  curve.setAttribute("role", "img");
  curve.setAttribute("aria-label", "Similarities by step: nothing is learned yet");
  const button = make("button", { class: "opom-learn", click: () => run().catch(fail) }, "Learn");
  root.append(
    make("div", { class: "opom-controls" },
      choice("person", Object.keys(site.people).map((name) => [name, name]), (name) => { state.person = name; }, state.person),
      choice("method", METHODS.map((name) => [name === "fi-uap" ? "FI-UAP" : `OPOM ${name}`, name]), (name) => { state.method = name; }), button),
    status, progress,
    make("div", { class: "opom-controls" }, make("label", {}, "step ", slider)),
    make("div", { class: "opom-columns" }, make("div", { class: "opom-pictures" }, ...canvases.map((canvas) => make("figure", {}, canvas, make("figcaption", {}, canvas.getAttribute("aria-label"))))), curve), told);
  status.textContent = "loading two recognizers";
  await engine.call("load", { files: [surrogate.embed, surrogate.step, other.embed] }, ({ share }) => { progress.value = share; });
  progress.hidden = true;
  root.dataset.opomState = "ready";
  status.textContent = "Ready. Predict: after how many steps is the similarity below the line?";

  async function run() {
    root.dataset.opomState = "learning";
    button.disabled = true;
    progress.hidden = false;
    const { photos, train } = site.people[state.person];
    const pixels = await pixelsOf(photos.map((file) => new URL(`../${file}`, location.href)));
    const [own, test] = [pixels.slice(0, train * LENGTH), pixels.slice(train * LENGTH)];
    state.photo = test.slice(3 * LENGTH, 4 * LENGTH);
    state.steps = [new Float32Array(LENGTH)];
    try {
      await engine.call("learn", { photos: own, method: state.method, embedder: surrogate.embed.file, stepper: surrogate.step.file },
        ({ index, share, delta }) => { state.steps.push(delta); progress.value = share / 2; status.textContent = `step ${index + 1}`; });
      state.similar = new Map();
      for (const recognizer of [surrogate, other]) {
        const embedded = async (images) => { let found; await engine.call("embed", { files: [recognizer.embed.file], photos: images }, ({ embeddings }) => { found = embeddings; }); return found; };
        const enrolled = await embedded(own);
        const found = [];
        for (const delta of state.steps) {
          found.push(alike(await embedded(apply(test, delta)), enrolled));
          progress.value += 0.5 / (2 * state.steps.length);
        }
        state.similar.set(recognizer, found);
      }
    } finally {
      button.disabled = false;
      progress.hidden = true;
    }
    slider.disabled = false;
    slider.max = state.steps.length - 1;
    slider.value = slider.max;
    draw();
    root.dataset.opomState = "done";
    status.textContent = `Learned on ${surrogate.name}; ${other.name} had no part in it.`;
  }

  function draw() {
    const step = Number(slider.value);
    const delta = state.steps[step];
    paint(canvases[0], apply(state.photo, delta));
    paint(canvases[1], Float32Array.from(delta, (value) => Math.min(1, Math.max(0, 0.5 + 8 * value))));
    const [x, y] = [(k) => 40 + (k / (state.steps.length - 1)) * 580, (v) => 20 + (1 - Math.max(-0.2, v)) * (190 / 1.2)];
    const colors = ["var(--accent)", "var(--match)"];
    const lines = [...state.similar].map(([recognizer, found], k) => `<polyline fill="none" stroke="${colors[k]}" stroke-width="3" points="${found.map((v, i) => `${x(i)},${y(v)}`).join(" ")}"/>
      <line x1="40" x2="620" y1="${y(recognizer.threshold)}" y2="${y(recognizer.threshold)}" stroke="${colors[k]}" stroke-dasharray="4 4"/>
      <circle class="opom-now" cx="${x(step)}" cy="${y(found[step])}" r="6" fill="${colors[k]}"/><text x="${k ? 330 : 60}" y="16" fill="${colors[k]}" font-size="14">${recognizer.name}${k ? " (black box)" : " (white box)"}</text>`);
    const marks = [0, 0.5, 1].map((v) => `<text x="4" y="${y(v) + 5}" fill="currentColor" font-size="13">${v}</text><line x1="36" x2="620" y1="${y(v)}" y2="${y(v)}" stroke="var(--edge)"/>`);
    curve.innerHTML = marks.join("") + lines.join("") + `<text x="280" y="236" fill="currentColor" font-size="13">step of learning</text>`;
    const said = [...state.similar].map(([{ name, threshold }, found]) => `${name}: ${found[step].toFixed(3)}, ${found[step] < threshold ? "below" : "above"} its threshold ${threshold.toFixed(3)}`);
    told.textContent = `Mean similarity of ten unseen photos after step ${step}. ${said.join("; ")}.`;
    curve.setAttribute("aria-label", told.textContent);
  }
}
