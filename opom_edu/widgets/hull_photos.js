// Which photos carry the nearest point of their convex hull? Solved here, in the page, from inner products alone.

// The weights w of the point of the convex hull nearest to a query: w >= 0, sum 1. `gram` holds the photos' inner products,
// `inner` those with the query. An active-set method (Lawson and Hanson 1974): add the photo that pulls most, drop what turns negative.
export function convexWeights(gram, inner) {
  const count = inner.length;
  const nearest = inner.reduce((best, _, k) => (gram[k][k] - 2 * inner[k] < gram[best][best] - 2 * inner[best] ? k : best), 0);
  let weights = inner.map((_, k) => (k === nearest ? 1 : 0));
  let support = [nearest];
  for (let round = 0; round < 20 * count + 20; round += 1) {
    const pull = inner.map((b, k) => b - gram[k].reduce((sum, g, j) => sum + g * weights[j], 0));
    const level = support.reduce((sum, k) => sum + weights[k] * pull[k], 0);
    const next = pull.reduce((best, p, k) => (support.includes(k) || p <= level + 1e-12 || (best >= 0 && p <= pull[best]) ? best : k), -1);
    if (next < 0) break;
    support = [...support, next];
    for (;;) {
      const wanted = onPlane(support.map((i) => support.map((j) => gram[i][j])), support.map((k) => inner[k]));
      if (!wanted) { support = support.filter((k) => k !== next); break; }
      const bad = wanted.map((w, i) => [w, i]).filter(([w]) => w < 1e-14);
      if (!bad.length) { weights = weights.map((_, k) => (support.includes(k) ? wanted[support.indexOf(k)] : 0)); break; }
      const shares = bad.map(([w, i]) => { const had = weights[support[i]]; return [had > w ? had / (had - w) : 0, i]; });
      const [share, first] = shares.reduce((least, one) => (one[0] < least[0] ? one : least));
      weights = weights.map((w, k) => (support.includes(k) ? w + share * (wanted[support.indexOf(k)] - w) : 0));
      weights[support[first]] = 0;
      support = support.filter((_, i) => i !== first);
    }
  }
  return weights;
}

// The point nearest to the query among all mixtures of the photos, negative weights allowed: their weights, by elimination.
function onPlane(gram, inner) {
  const n = inner.length;
  const rows = gram.map((row, i) => [...row, 1, inner[i]]);
  rows.push([...Array(n).fill(1), 0, 1]);
  for (let c = 0; c <= n; c += 1) {
    const top = rows.slice(c).reduce((best, row, r) => (Math.abs(row[c]) > Math.abs(rows[c + best][c]) ? r : best), 0) + c;
    if (Math.abs(rows[top][c]) < 1e-13) return null;
    [rows[c], rows[top]] = [rows[top], rows[c]];
    for (let r = 0; r <= n; r += 1) {
      if (r === c) continue;
      const by = rows[r][c] / rows[c][c];
      for (let k = c; k <= n + 1; k += 1) rows[r][k] -= by * rows[c][k];
    }
  }
  return rows.slice(0, n).map((row, i) => row[n + 1] / row[i]);
}

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
