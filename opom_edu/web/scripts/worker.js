// The page's engine, beside the page so that it stays alive: networks in ONNX Runtime, the loop of opom.js. Nothing is sent anywhere:
// every file comes from the folder of this site.

import * as ort from "../ort/ort.wasm.bundle.min.mjs";
import { LENGTH, SIZE, learn } from "./opom.js";

ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = { wasm: new URL("../ort/ort-wasm-simd-threaded.wasm", import.meta.url).href };
const BATCH = 10; // photos that a step takes
const sessions = new Map();
const stopped = new Set();

async function sum(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// A file of the site, with its progress; it must be the one that the list of files names.
async function fetched({ file, bytes, sha256 }, tell) {
  const answer = await fetch(new URL(`../${file}`, import.meta.url));
  if (!answer.ok) throw new Error(`${file} is not on this server (${answer.status}). Copy the whole folder of the site.`);
  const parts = [];
  let done = 0;
  for (const reader = answer.body.getReader(); ;) {
    const { done: over, value } = await reader.read();
    if (over) break;
    parts.push(value);
    tell(done += value.length);
  }
  const made = new Uint8Array(await new Blob(parts).arrayBuffer());
  // Browsers compute checksums on https and on this very machine only; elsewhere the length has to do.
  const whole = made.length === bytes && (!globalThis.crypto?.subtle || (await sum(made)) === sha256);
  if (!whole) throw new Error(`${file} is damaged or incomplete. Reload the page; if it happens again, copy the site anew.`);
  return made;
}

async function load({ files }, report) {
  const missing = files.filter(({ file }) => !sessions.has(file));
  const all = missing.reduce((total, { bytes }) => total + bytes, 0) || 1;
  const had = new Map();
  await Promise.all(missing.map(async (entry) => {
    const bytes = await fetched(entry, (done) => {
      had.set(entry.file, done);
      report({ share: [...had.values()].reduce((a, b) => a + b, 0) / all });
    });
    sessions.set(entry.file, await ort.InferenceSession.create(bytes));
  }));
}

const images = (photos, count) => new ort.Tensor("float32", photos, [count, 3, SIZE, SIZE]);

async function embed(file, photos, count) {
  return (await sessions.get(file).run({ images: images(photos, count) })).embeddings.data;
}

// Gradients of any number of photos: a step takes ten, so the last ones are filled up with the first.
async function gradients(file, photos, targets, count) {
  const width = targets.length / count;
  const made = new Float32Array(photos.length);
  for (let begin = 0; begin < count; begin += BATCH) {
    const [x, t] = [new Float32Array(BATCH * LENGTH), new Float32Array(BATCH * width)];
    for (let k = 0; k < BATCH; k += 1) {
      const from = begin + k < count ? begin + k : 0;
      x.set(photos.subarray(from * LENGTH, (from + 1) * LENGTH), k * LENGTH);
      t.set(targets.subarray(from * width, (from + 1) * width), k * width);
    }
    const given = { masked: images(x, BATCH), targets: new ort.Tensor("float32", t, [BATCH, width]) };
    const found = (await sessions.get(file).run(given)).gradient.data;
    made.set(found.subarray(0, Math.min(BATCH, count - begin) * LENGTH), begin * LENGTH);
  }
  return made;
}

const tasks = {
  load,
  // Several networks' embeddings of the same photos; each is reported as soon as it is there.
  async embed({ files, photos }, report) {
    for (const file of files) report({ file, embeddings: await embed(file, photos, photos.length / LENGTH) });
  },
  async run({ file, inputs }) {
    const given = Object.fromEntries(Object.entries(inputs).map(([name, [data, shape]]) => [name, new ort.Tensor("float32", data, shape)]));
    const found = await sessions.get(file).run(given);
    return Object.fromEntries(Object.entries(found).map(([name, { data, dims }]) => [name, { data, dims }]));
  },
  learn({ embedder, stepper, id, ...options }, report) {
    return learn({
      ...options,
      embed: (photos, count) => embed(embedder, photos, count),
      step: (photos, targets, count) => gradients(stepper, photos, targets, count),
      async onStep({ index, steps, delta }) {
        report({ index, share: (index + 1) / steps, delta: delta.slice() });
        await new Promise((go) => { setTimeout(go); }); // so that a stop is heard
        if (stopped.delete(id)) throw new Error("stopped");
      },
    });
  },
};

self.onmessage = async ({ data: { id, task, ...given } }) => {
  if (task === "stop") { stopped.add(given.which); return; }
  try {
    self.postMessage({ id, done: await tasks[task]({ ...given, id }, (report) => self.postMessage({ id, report })) });
  } catch (error) {
    self.postMessage({ id, error: String(error.message ?? error) });
  }
};
