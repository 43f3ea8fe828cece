// Which photos carry the nearest point of their convex hull? Solved here, in the page, from inner products alone; see hulls.js.

// Inner products of the photos with the query `t` of the way from one embedding to another, brought back to length 1.
export function between(from, to, alike, t) {
  const length = Math.sqrt((1 - t) ** 2 + t ** 2 + 2 * t * (1 - t) * alike);
  return from.map((b, k) => ((1 - t) * b + t * to[k]) / length);
}

export function distance(gram, inner, weights) {
  const squared = 1 - 2 * inner.reduce((sum, b, k) => sum + weights[k] * b, 0)
    + weights.reduce((sum, w, i) => sum + w * gram[i].reduce((all, g, j) => all + g * weights[j], 0), 0);
  return Math.sqrt(Math.max(0, squared));
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  made.append(...children);
  return made;
}

function render({ model, el }) {
  const [gram, inner, alike, photos, ends] = ["gram", "inner", "alike", "photos", "ends"].map((name) => model.get(name));
  const cards = photos.map((source, k) => {
    const image = element("img", { src: source, alt: `photo ${k + 1}` });
    const box = element("input", { type: "checkbox", "aria-label": `photo ${k + 1} is in the hull` });
    const weight = element("output");
    const card = element("label", { class: "opom-card" }, element("span", { class: "opom-frame" }, image), element("span", {}, box, weight));
    box.addEventListener("change", () => {
      const kept = cards.map((one, i) => (one.box.checked ? i : -1)).filter((i) => i >= 0);
      if (kept.length) model.set("kept", kept); else box.checked = true; // one must stay
      model.save_changes();
    });
    return { image, box, weight, card };
  });
  const slider = element("input", { type: "range", min: 0, max: 1, step: 0.01, "aria-label": "from her photo to a stranger's" });
  slider.addEventListener("input", () => { model.set("place", Number(slider.value)); model.save_changes(); });
  const told = element("p", { class: "opom-told", "aria-live": "polite" });
  const query = element("div", { class: "opom-query" },
    element("img", { src: ends[0], alt: "a photo of hers that is not in the hull" }), slider, element("img", { src: ends[1], alt: "a stranger" }));
  const grid = element("div", { class: "opom-cards" }, ...cards.map(({ card }) => card));
  el.append(element("div", { class: "opom-hull-photos" }, query, told, grid));

  function draw() {
    const [kept, place] = [model.get("kept"), model.get("place")];
    const now = between(inner[0], inner[1], alike, place);
    const part = convexWeights(kept.map((i) => kept.map((j) => gram[i][j])), kept.map((i) => now[i]));
    const weights = photos.map((_, k) => (kept.includes(k) ? part[kept.indexOf(k)] : 0));
    cards.forEach(({ image, box, weight, card }, k) => {
      box.checked = kept.includes(k);
      image.style.transform = `scale(${(0.3 + 0.7 * Math.sqrt(weights[k])).toFixed(3)})`;
      weight.textContent = kept.includes(k) ? `${Math.round(100 * weights[k])} %` : "out";
      card.classList.toggle("opom-out", !kept.includes(k));
    });
    slider.value = place;
    const carrying = weights.filter((w) => w > 1e-6).length;
    const far = distance(gram, now, weights);
    told.textContent = `Distance to the hull of ${kept.length} photos: ${far.toFixed(3)}. ${carrying} ${carrying === 1 ? "carries" : "carry"} the nearest point.`;
    model.set("weights", weights);
  }

  ["kept", "place"].forEach((name) => model.on(`change:${name}`, draw));
  draw();
  return () => ["kept", "place"].forEach((name) => model.off(`change:${name}`, draw));
}

export default { render };
