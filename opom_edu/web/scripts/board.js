// A row per recognizer: name, bar with the threshold's line, number, verdict, and perhaps whom it finds first.

import { make } from "./engine.js";

const TOP = 1; // similarity at the bar's right end

// Fills `place`; gives a function that shows one recognizer's similarity, and a picture and a name of whom it finds.
export function board(place, rows) {
  const shown = new Map();
  place.replaceChildren(...rows.map(({ name, threshold, role }) => {
    const bar = make("span", { class: "opom-bar" });
    const number = make("span", { class: "opom-number" });
    const says = make("span", { class: "opom-says" });
    const face = make("span", { class: "opom-first" });
    const track = make("span", { class: "opom-track", title: `threshold ${threshold.toFixed(3)}` }, bar, make("span", { class: "opom-line", style: `left: ${(100 * threshold) / TOP}%` }));
    const row = make("div", { class: "opom-score", "data-recognizer": name }, make("span", { class: "opom-name" }, name, make("small", {}, role)), track, number, says, face);
    shown.set(name, (similarity, first) => {
      row.dataset.similarity = String(similarity);
      const match = similarity >= threshold;
      row.classList.toggle("opom-match", match);
      bar.style.width = `${Math.max(0, Math.min(1, similarity / TOP)) * 100}%`;
      number.textContent = similarity.toFixed(3);
      says.textContent = match ? "same person" : "not the same";
      if (first) face.replaceChildren(first.picture ? make("img", { src: first.picture, alt: "", width: 28, height: 28 }) : "", make("small", {}, first.name));
    });
    return row;
  }));
  return (name, similarity, first = null) => shown.get(name)(similarity, first);
}
