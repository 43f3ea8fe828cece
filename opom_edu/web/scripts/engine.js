// What a page's labs share: the worker that computes, the people, and small parts of a page.

import { LENGTH, SIZE } from "./opom.js";

export const BASE = new URL("../", import.meta.url);

// A worker of the site's engine; each call is a promise. `stop` ends learning after its next step.
export class Engine {
  constructor() {
    this.open = new Map();
    this.count = 0;
    this.worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data: { id, done, report, error } }) => {
      const call = this.open.get(id);
      if (!call) return;
      if (report) { call.report(report); return; }
      this.open.delete(id);
      if (error === undefined) call.resolve(done); else call.reject(new Error(error));
    };
    this.worker.onerror = (event) => {
      event.preventDefault();
      const error = new Error("This browser cannot start the lab's engine. It needs module workers: Firefox 114, Chrome 80 or Safari 15, or newer.");
      for (const call of this.open.values()) call.reject(error);
      this.open.clear();
    };
  }

  call(task, given = {}, report = () => {}) {
    this.count += 1;
    const id = this.count;
    const promise = new Promise((resolve, reject) => { this.open.set(id, { resolve, reject, report }); });
    this.worker.postMessage({ id, task, ...given });
    return Object.assign(promise, { id });
  }

  stop(id) { this.worker.postMessage({ task: "stop", which: id }); }
}

export async function catalog() {
  if (typeof WebAssembly !== "object") throw new Error("This browser has no WebAssembly, or it is switched off. Use another browser, or the notebooks.");
  const answer = await fetch(new URL("site.json", BASE));
  if (!answer.ok) throw new Error(`site.json is not on this server (${answer.status}). Copy the whole folder of the site.`);
  return answer.json();
}

// The pixels of pictures, one after the other, as the networks want them.
export async function pixelsOf(sources) {
  const pictures = await Promise.all(sources.map(async (source) => createImageBitmap(await (await fetch(source)).blob())));
  const made = new Float32Array(pictures.length * LENGTH);
  pictures.forEach((picture, k) => made.set(fromCanvas(drawn(picture, SIZE, SIZE)), k * LENGTH));
  return made;
}

export function drawn(picture, width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d", { willReadFrequently: true }).drawImage(picture, 0, 0, width, height);
  return canvas;
}

export function fromCanvas(canvas) {
  const { data } = canvas.getContext("2d", { willReadFrequently: true }).getImageData(0, 0, canvas.width, canvas.height);
  const area = canvas.width * canvas.height;
  const made = new Float32Array(3 * area);
  for (let i = 0; i < area; i += 1) for (let c = 0; c < 3; c += 1) made[c * area + i] = data[4 * i + c] / 255;
  return made;
}

// Values from 0 to 1, `count` = 3 x 112 x 112 of them, on a canvas.
export function paint(canvas, values) {
  const area = SIZE * SIZE;
  const picture = new ImageData(SIZE, SIZE);
  for (let i = 0; i < area; i += 1) {
    for (let c = 0; c < 3; c += 1) picture.data[4 * i + c] = Math.round(255 * values[c * area + i]);
    picture.data[4 * i + 3] = 255;
  }
  Object.assign(canvas, { width: SIZE, height: SIZE }).getContext("2d").putImageData(picture, 0, 0);
  return canvas;
}

// Mean cosine of unit embeddings to others, as flat arrays.
export function alike(a, b, width = 128) {
  const sum = (flat) => { const made = new Float64Array(width); flat.forEach((v, i) => { made[i % width] += v; }); return made; };
  const [x, y] = [sum(a), sum(b)];
  return x.reduce((total, v, i) => total + v * y[i], 0) / ((a.length / width) * (b.length / width));
}

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

// A choice: a label and a drop-down.
export function choice(label, options, act, value = options[0][1]) {
  const select = make("select", { change: () => act(select.value) }, ...options.map(([name, own]) => make("option", { value: own, selected: own === value }, name)));
  return make("label", {}, `${label} `, select);
}
