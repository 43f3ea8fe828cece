// The start page: a photo, a mask and similarities that were computed before. No network is loaded.

import { board } from "./board.js";
import { apply, LENGTH } from "./opom.js";
import { paint, pixelsOf } from "./engine.js";

const start = JSON.parse(document.getElementById("start-data").textContent);
const root = document.getElementById("start");
const find = (name) => root.querySelector(name);
const [photo, coded] = await Promise.all([pixelsOf([start.photo]), pixelsOf([start.mask])]);
const delta = coded.map((value) => (Math.round(255 * value) - 128) / 255);
const rows = start.rows.map((row, k) => ({ ...row, role: k ? "black box" : "white box" }));
const show = board(find(".opom-board"), rows);
paint(find(".opom-before"), photo);

function draw() {
  const level = Number(find(".opom-epsilon").value);
  paint(find(".opom-after"), apply(photo, delta.subarray(0, LENGTH), level / 8));
  find(".opom-levels").value = level ? `${level} of 255 levels` : "no mask";
  rows.forEach((row) => show(row.name, row.similarity[level]));
  const fooled = rows.filter((row) => row.similarity[level] < row.threshold).length;
  find(".opom-told").textContent = `${fooled} of ${rows.length} recognizers no longer take these for photos of ${start.name}.`;
}
find(".opom-epsilon").addEventListener("input", draw);
draw();
root.dataset.opomState = "ready";
