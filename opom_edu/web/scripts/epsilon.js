// The epsilon lab: learn a mask in the page, slide epsilon, see what every recognizer makes of the test photos.

import { board } from "./board.js";
import { Engine, alike, catalog, choice, make, paint, pixelsOf } from "./engine.js";
import { LENGTH, METHODS, apply } from "./opom.js";
import { blurred, compressed, psnr } from "./photos.js";

const LEVELS = 8; // gray levels of epsilon
const root = document.getElementById("lab");
const state = { method: "convex", photo: 3, change: "none", delta: null, learning: 0 };
const status = make("p", { class: "opom-status", role: "status" });
const progress = make("progress", { max: 1, value: 0, "aria-label": "progress" });
const alert = make("p", { class: "opom-alert", role: "alert", hidden: true });
const say = (text) => { status.textContent = text; };
const fail = (error) => { alert.textContent = error.message; alert.hidden = false; say("stopped"); progress.hidden = true; };
const enter = (name) => { root.dataset.opomState = name; };

try {
  await begin();
} catch (error) {
  root.append(alert);
  fail(error);
}

async function begin() {
  const site = await catalog();
  // Two where there is a second core: each has some of the networks.
  const engines = Array.from({ length: navigator.hardwareConcurrency > 1 ? 2 : 1 }, () => new Engine());
  const recognizers = site.recognizers.map((own, k) => ({ ...own, engine: engines[k % engines.length] }));
  const steppers = recognizers.filter((own) => own.step);
  state.surrogate = recognizers[0];
  state.person = Object.keys(site.people)[0];
  const first = new URL(location.href).searchParams.get("person");
  state.person = first && site.people[first] ? first : Object.keys(site.people).find((name) => name === "Ada") ?? state.person;

  const pictures = ["photo", "mask, 8 times as strong", "protected"].map((name) => {
    const canvas = make("canvas", { role: "img", "aria-label": name });
    return { canvas, figure: make("figure", {}, canvas, make("figcaption", {}, name)) };
  });
  const slider = make("input", { class: "opom-epsilon", type: "range", min: 0, max: LEVELS, step: 0.5, value: LEVELS, input: () => rescore(), "aria-label": "epsilon, in gray levels" });
  const levels = make("output", {});
  const quality = make("p", { class: "opom-quality" });
  const learnButton = make("button", { class: "opom-learn", click: () => learnMask().catch(fail) }, "Learn the mask");
  const stopButton = make("button", { class: "opom-stop", hidden: true, click: () => state.surrogate.engine.stop(state.learning) }, "Stop");
  const transfer = make("input", { type: "checkbox", change: () => forget().catch(fail), title: "Learn with momentum and random mirror images: it often helps against other recognizers." });
  const place = make("div", { class: "opom-board" });
  const anew = (name) => (value) => { state[name] = value; forget().catch(fail); };
  root.append(
    make("div", { class: "opom-controls" },
      choice("person", Object.keys(site.people).map((name) => [name, name]), (name) => { state.person = name; open().catch(fail); }, state.person),
      choice("photo", Array.from({ length: 10 }, (_, k) => [String(k), String(k)]), (k) => { state.photo = Number(k); rescore(); }, String(state.photo)),
      choice("method", METHODS.map((name) => [name === "fi-uap" ? "FI-UAP" : `OPOM ${name}`, name]), anew("method")),
      choice("white box", steppers.map(({ name }) => [name, name]), (name) => { state.surrogate = recognizers.find((own) => own.name === name); ready().then(drawBoard).then(forget).catch(fail); }),
      make("label", {}, transfer, " momentum and flips"), learnButton, stopButton),
    make("div", { class: "opom-controls" }, make("label", {}, "epsilon ", slider), levels,
      choice("then", [["nothing", "none"], ["JPEG 75", "jpeg"], ["blur", "blur"]], (value) => { state.change = value; rescore(); })),
    status, progress, alert,
    make("div", { class: "opom-columns" }, make("div", {}, make("div", { class: "opom-pictures" }, ...pictures.map(({ figure }) => figure)), quality), place));

  let show = board(place, []);
  let faces = null;
  let busy = false;
  let again = false;

  function drawBoard() {
    show = board(place, recognizers.map(({ name, threshold }) => ({ name, threshold, role: name === state.surrogate.name ? "white box" : "black box" })));
  }

  // Another choice makes the mask void: what is shown is the unprotected photo.
  async function forget() {
    state.delta = null;
    learnButton.disabled = true;
    enter("loading");
    await scored();
    learnButton.disabled = false;
    enter("ready");
    say(`Ready. These are ${state.person}'s photos without a mask.`);
  }

  // All networks that are needed now: each engine loads its own.
  async function ready() {
    const need = (engine) => recognizers.filter((own) => own.engine === engine).flatMap((own) => (own === state.surrogate ? [own.embed, own.step] : [own.embed]));
    const shares = engines.map(() => 0);
    await Promise.all(engines.map((engine, k) => engine.call("load", { files: need(engine) }, ({ share }) => {
      shares[k] = share;
      progress.value = shares.reduce((a, b) => a + b) / shares.length;
    })));
  }

  async function open() {
    const { photos, train } = site.people[state.person];
    const pixels = await pixelsOf(photos.map((file) => new URL(`../${file}`, location.href)));
    state.train = pixels.slice(0, train * LENGTH);
    state.test = pixels.slice(train * LENGTH);
    state.enrolled = new Map();
    await embedAll(state.train, (name, embeddings) => state.enrolled.set(name, embeddings));
    await forget();
  }

  function embedAll(photos, each) {
    return Promise.all(engines.map((engine) => {
      const own = recognizers.filter((one) => one.engine === engine);
      return engine.call("embed", { files: own.map((one) => one.embed.file), photos }, ({ file, embeddings }) => each(own.find((one) => one.embed.file === file).name, embeddings));
    }));
  }

  async function rescore() {
    if (!state.test) return;
    again = true;
    if (busy) return;
    busy = true;
    try {
      while (again) { again = false; await score(); }
    } catch (error) { fail(error); }
    busy = false;
  }

  async function score() {
    const level = Number(slider.value);
    levels.value = `${level} of 255 levels`;
    const own = (photos) => photos.subarray(state.photo * LENGTH, (state.photo + 1) * LENGTH);
    const share = level / LEVELS;
    const saved = state.delta ? apply(state.test, state.delta, share) : state.test;
    const changed = state.change === "jpeg" ? await compressed(saved, 0.75) : state.change === "blur" ? blurred(saved) : saved;
    paint(pictures[0].canvas, own(state.test));
    paint(pictures[1].canvas, Float32Array.from({ length: LENGTH }, (_, i) => Math.min(1, Math.max(0, 0.5 + 8 * share * (state.delta?.[i] ?? 0)))));
    paint(pictures[2].canvas, own(changed));
    const difference = psnr(own(state.test), own(changed));
    quality.textContent = state.delta ? `PSNR ${Number.isFinite(difference) ? `${difference.toFixed(1)} dB` : "infinite: nothing is changed"}` : "No mask yet.";
    await embedAll(changed, (name, embeddings) => {
      const enrolled = state.enrolled.get(name);
      const width = enrolled.length / (state.train.length / LENGTH);
      show(name, alike(embeddings, enrolled, width), foundFirst(name, embeddings.subarray(state.photo * width, (state.photo + 1) * width), enrolled.subarray(0, width)));
    });
    root.dataset.opomLevel = String(level);
  }

  function foundFirst(name, probe, enrolled) {
    const gallery = faces.embeddings.get(name);
    const width = probe.length;
    let [best, who] = [probe.reduce((sum, v, i) => sum + v * enrolled[i], 0), -1];
    for (let k = 0; k < gallery.length / width; k += 1) {
      let sum = 0;
      for (let i = 0; i < width; i += 1) sum += probe[i] * gallery[k * width + i];
      if (sum > best) [best, who] = [sum, k];
    }
    return who < 0 ? { name: `finds ${state.person}` } : { name: `finds stranger ${who}`, picture: faces.picture(who) };
  }

  async function learnMask() {
    alert.hidden = true;
    progress.hidden = stopButton.hidden = false;
    learnButton.disabled = true;
    enter("learning");
    try {
      const call = state.surrogate.engine.call("learn", {
        photos: state.train, method: state.method, momentum: Number(transfer.checked), flip: transfer.checked ? 0.5 : 0, embedder: state.surrogate.embed.file, stepper: state.surrogate.step.file,
      }, ({ index, share, delta }) => {
        progress.value = share;
        say(`step ${index + 1} of 16`);
        paint(pictures[1].canvas, Float32Array.from(delta, (value) => Math.min(1, Math.max(0, 0.5 + 8 * value))));
      });
      state.learning = call.id;
      state.delta = await call;
      await scored();
      say(`${state.person}'s mask is learned on ${state.surrogate.name}. Move the slider.`);
      enter("done");
    } catch (error) {
      if (error.message !== "stopped") throw error;
      await forget();
      say("Stopped: nothing is kept.");
    } finally {
      learnButton.disabled = false;
      progress.hidden = stopButton.hidden = true;
    }
  }

  // All scores are those of what is chosen now.
  async function scored() {
    await rescore();
    while (busy) await new Promise((go) => { setTimeout(go, 5); });
  }

  say("loading the recognizers");
  enter("loading");
  const [, gallery] = await Promise.all([ready(), galleryOf(site, recognizers)]);
  faces = gallery;
  drawBoard();
  say("loading the photos");
  progress.hidden = true;
  await open();
}

// Strangers' pictures and embeddings.
async function galleryOf(site, recognizers) {
  const bytes = async ({ file }) => (await fetch(new URL(`../${file}`, location.href))).arrayBuffer();
  const pictures = await bytes(site.strangers);
  const embeddings = new Map(await Promise.all(recognizers.map(async ({ name, gallery }) => [name, halves(await bytes(gallery))])));
  const kept = new Map();
  return {
    embeddings,
    picture(k) {
      if (!kept.has(k)) kept.set(k, URL.createObjectURL(new Blob([pictures.slice(k ? site.strangers.ends[k - 1] : 0, site.strangers.ends[k])], { type: "image/jpeg" })));
      return kept.get(k);
    },
  };
}

// Half-precision numbers, as the files hold them.
function halves(buffer) {
  return Float32Array.from(new Uint16Array(buffer), (half) => {
    const [sign, exponent, rest] = [half & 0x8000 ? -1 : 1, (half >> 10) & 31, half & 1023];
    return exponent ? sign * 2 ** (exponent - 15) * (1 + rest / 1024) : sign * 2 ** -14 * (rest / 1024);
  });
}
