// The threshold: two histograms of similarities, a line, and the two errors that it makes.

import { choice, make } from "./engine.js";

const root = document.getElementById("lab");
const [WIDE, HIGH] = [640, 260];
const answer = await fetch(new URL("../figures/similarities.json", location.href));
if (!answer.ok) root.append(make("p", { class: "opom-alert" }, "The similarities are not on this server. Copy the whole folder of the site."));
const recognizers = await answer.json();
let own = recognizers[0];
const chart = document.createElementNS("http://www.w3.org/2000/svg", "svg");
chart.setAttribute("viewBox", `0 0 ${WIDE} ${HIGH}`);
chart.setAttribute("class", "opom-histogram");
chart.setAttribute("role", "img");
const slider = make("input", { class: "opom-wide opom-threshold", type: "range", min: -1, max: 1, step: 0.01, value: 0.3, input: draw, "aria-label": "threshold" });
const told = make("p", { class: "opom-told", "aria-live": "polite" });
root.append(make("div", { class: "opom-controls" },
  choice("recognizer", recognizers.map(({ name }) => [name, name]), (name) => { own = recognizers.find((one) => one.name === name); draw(); }),
  make("label", {}, "threshold ", slider)), chart, told);

function draw() {
  const threshold = Number(slider.value);
  const bins = own.same.length;
  const x = (value) => ((value + 1) / 2) * WIDE;
  const shares = ["strangers", "same"].map((name) => { const all = own[name].reduce((a, b) => a + b); return own[name].map((count) => count / all); });
  const top = Math.max(...shares.flat());
  const from = Math.round(((threshold + 1) / 2) * bins);
  const bar = (share, k, kind) => (share ? `<rect class="opom-${kind}" x="${(k / bins) * WIDE}" width="${WIDE / bins}" y="${(HIGH - 24) * (1 - share / top)}" height="${(HIGH - 24) * (share / top)}" fill="${kind === "same" ? "var(--accent)" : "var(--match)"}" fill-opacity="${(kind === "same") === k >= from ? 0.45 : 1}"/>` : "");
  chart.innerHTML = shares[0].map((share, k) => bar(share, k, "strangers")).join("") + shares[1].map((share, k) => bar(share, k, "same")).join("")
    + `<line x1="${x(threshold)}" x2="${x(threshold)}" y1="0" y2="${HIGH - 22}" stroke="var(--ink)" stroke-width="3"/>`
    + [-1, -0.5, 0, 0.5, 1].map((v) => `<text x="${Math.min(WIDE - 26, Math.max(2, x(v) - 8))}" y="${HIGH - 6}" fill="currentColor" font-size="13">${v}</text>`).join("");
  const sum = (list) => list.reduce((a, b) => a + b, 0);
  const [falsely, missed] = [sum(shares[0].slice(from)), sum(shares[1].slice(0, from))];
  told.textContent = `Threshold ${threshold.toFixed(2)}: ${(100 * falsely).toFixed(2)} % of the pairs of strangers (red) pass as one person, and ${(100 * missed).toFixed(1)} % of the pairs of one person (blue) are not recognized.`;
  chart.setAttribute("aria-label", told.textContent);
  root.dataset.falseMatches = String(falsely);
}
draw();
root.dataset.opomState = "ready";
