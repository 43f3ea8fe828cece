// Your own photos: find the face, learn a mask, lay it into the photos. All of it happens in this page.

import { Engine, alike, catalog, make, paint } from "./engine.js";
import { crop, findFace, laid } from "./finder.js";
import { LENGTH, apply } from "./opom.js";

const [LARGEST, LEVELS, ENOUGH] = [4096, 8, 10]; // pixels of a side that are kept; of epsilon; photos
const root = document.getElementById("lab");
const status = make("p", { class: "opom-status", role: "status" });
const progress = make("progress", { max: 1, value: 0, "aria-label": "progress" });
const alert = make("p", { class: "opom-alert", role: "alert", hidden: true });
const fail = (error) => { alert.textContent = error.message; alert.hidden = false; progress.hidden = true; status.textContent = "stopped"; root.dataset.opomState = "ready"; };
const list = make("ul", { class: "opom-thumbs" });
const results = make("div", {});
let shots = []; // { name, canvas, matrix, pixels }
let stream = null;

try { await begin(); } catch (error) { root.append(alert); fail(error); }

async function begin() {
  const site = await catalog();
  const engine = new Engine();
  const surrogate = site.recognizers[0];
  const files = make("input", { type: "file", multiple: true, accept: "image/*", class: "opom-files", disabled: true, change: () => take(files.files) });
  const camera = make("button", { class: "opom-quiet", disabled: true, click: () => film().catch(fail) }, "Use the camera");
  const shutter = make("button", { class: "opom-quiet", hidden: true, click: () => shoot() }, "Take a photo");
  const video = make("video", { hidden: true, muted: true, playsinline: true });
  const learnButton = make("button", { class: "opom-learn", disabled: true, click: () => protect().catch(fail) }, "Learn the mask and protect");
  const clear = make("button", { class: "opom-quiet", click: () => { shots = []; show(); results.replaceChildren(); alert.hidden = true; } }, "Remove all");
  root.append(make("div", { class: "opom-controls" }, make("label", {}, "photos ", files), camera, shutter, clear), video, list, make("div", { class: "opom-controls" }, learnButton), status, progress, alert, results);
  status.textContent = "loading the finder and the recognizers";
  root.dataset.opomState = "loading";
  const needed = [...Object.values(site.finder), ...site.recognizers.map((own) => own.embed), surrogate.step];
  await engine.call("load", { files: needed }, ({ share }) => { progress.value = share; });
  progress.hidden = true;
  files.disabled = camera.disabled = false;
  root.dataset.opomState = "ready";
  status.textContent = "Ready: from here on no network is needed.";
  const run = (name, inputs) => engine.call("run", { file: site.finder[name].file, inputs });

  async function take(chosen) {
    const told = [];
    for (const [number, file] of [...chosen].entries()) {
      status.textContent = `looking at ${file.name}`;
      progress.hidden = false;
      progress.value = number / chosen.length;
      try {
        await look(file.name, await opened(file));
      } catch (error) { told.push(`${file.name}: ${error.message}`); }
    }
    files.value = "";
    finish(told);
  }

  async function look(name, canvas) {
    const found = await findFace(canvas, run);
    if (!found) throw new Error("no face is found. Take a photo that shows the face from the front, larger and in more light.");
    shots.push({ name, canvas, ...found, pixels: crop(canvas, found.matrix) });
  }

  function finish(told) {
    progress.hidden = true;
    alert.hidden = !told.length;
    alert.textContent = told.join(" ");
    show();
  }

  function show() {
    list.replaceChildren(...shots.map(({ name, pixels }) => make("li", {}, paint(make("canvas", { role: "img", "aria-label": `face in ${name}` }), pixels), name)));
    learnButton.disabled = !shots.length;
    const few = shots.length < ENOUGH ? " More photos give a better mask: ten are good." : "";
    status.textContent = shots.length ? `${shots.length} faces.${few}` : "Ready: choose photos.";
  }

  async function film() {
    if (!navigator.mediaDevices?.getUserMedia) throw new Error("This page may not use a camera here: browsers allow it on https only. Choose photos instead.");
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } });
    } catch (error) { throw new Error("The camera was refused or is not there. Allow it beside the page's address, or choose photos instead."); }
    video.srcObject = stream;
    await video.play();
    video.hidden = shutter.hidden = false;
    camera.hidden = true;
  }

  async function shoot() {
    const canvas = make("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    try { await look(`camera ${shots.length + 1}`, canvas); finish([]); } catch (error) { finish([error.message]); }
    if (shots.length < ENOUGH) return;
    stream.getTracks().forEach((track) => track.stop());
    video.hidden = shutter.hidden = true;
    camera.hidden = false;
  }

  async function protect() {
    root.dataset.opomState = "learning";
    learnButton.disabled = true;
    progress.hidden = false;
    const photos = new Float32Array(shots.length * LENGTH);
    shots.forEach(({ pixels }, k) => photos.set(pixels, k * LENGTH));
    const delta = await engine.call("learn", { photos, embedder: surrogate.embed.file, stepper: surrogate.step.file, eps: LEVELS / 255 },
      ({ index, share }) => { progress.value = share; status.textContent = `learning: step ${index + 1} of 16`; });
    results.replaceChildren(make("h2", {}, "Protected copies"));
    const links = make("ul", { class: "opom-thumbs" });
    const after = new Float32Array(photos.length);
    for (const [k, { name, canvas, matrix }] of shots.entries()) {
      status.textContent = `writing ${name}`;
      const copy = laid(canvas, matrix, delta, LEVELS);
      after.set(crop(copy, matrix), k * LENGTH);
      const url = URL.createObjectURL(await new Promise((done) => { copy.toBlob(done, "image/png"); }));
      const file = `${name.replace(/\.[^.]*$/, "")}_protected.png`;
      links.append(make("li", {}, paint(make("canvas", { role: "img", "aria-label": `protected face in ${name}` }), after.subarray(k * LENGTH, (k + 1) * LENGTH)), make("a", { href: url, download: file, class: "opom-download" }, file)));
    }
    const table = make("tbody", {});
    for (const { name, embed, threshold } of site.recognizers) {
      status.textContent = `asking ${name}`;
      const asked = async (images) => { let found; await engine.call("embed", { files: [embed.file], photos: images }, ({ embeddings }) => { found = embeddings; }); return found; };
      const clean = await asked(photos);
      const [before, now] = [alike(clean, clean), alike(await asked(after), clean)];
      table.append(make("tr", { class: "opom-own-score", "data-recognizer": name, "data-before": before, "data-after": now }, make("td", {}, name), make("td", {}, before.toFixed(3)), make("td", {}, now.toFixed(3)), make("td", {}, now < threshold ? "not the same person" : "same person")));
    }
    results.append(links, make("table", {}, make("caption", {}, "Mean similarity to your photos. These recognizers know rendered people only."), make("thead", {}, make("tr", {}, ...["recognizer", "without", "with the mask", "says"].map((head) => make("th", { scope: "col" }, head)))), table));
    progress.hidden = true;
    learnButton.disabled = false;
    status.textContent = `${shots.length} protected copies. Click a name to save it. They are PNG: JPEG would weaken the mask a little.`;
    root.dataset.opomState = "done";
  }
}

// A photo on a canvas, upright, its longer side at most LARGEST pixels.
async function opened(file) {
  const heic = /\.hei[cf]$/i.test(file.name);
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch (error) {
    throw new Error(heic ? "this browser cannot open HEIC. Save it as JPEG, or set the phone's camera to \"most compatible\"." : "it cannot be opened: it is damaged or no photo.");
  }
  const share = Math.min(1, LARGEST / Math.max(picture.width, picture.height));
  const canvas = make("canvas", { width: Math.max(1, Math.round(share * picture.width)), height: Math.max(1, Math.round(share * picture.height)) });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("it is too large for this browser. Make it smaller first.");
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return canvas;
}
