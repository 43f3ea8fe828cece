// MTCNN in the page (Zhang et al. 2016): where the largest face is, upright in 112 pixels, and how to lay a mask back onto the photo.
// The networks are those of opom_edu/faces/mtcnn.py; so are the steps, with the browser's own way to resize.

import { LENGTH, SIZE } from "./opom.js";

const [SCAN, SMALLEST, STEP] = [640, 32, 0.709]; // pixels looked at, of the smallest face; from one size to the next
const SURE = { proposal: 0.6, refinement: 0.7, output: 0.9 };
// Where the eyes, the nose and the corners of the mouth lie in an aligned crop (that of ArcFace).
const TEMPLATE = [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]];

function part(canvas, [left, top, right, bottom], width, height) {
  const made = new OffscreenCanvas(width, height);
  const context = made.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(canvas, left, top, right - left, bottom - top, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

// Pixels as a network wants them: channels first, from -1 to 1, of several parts of the same size.
function stacked(parts, width, height) {
  const area = width * height;
  const made = new Float32Array(parts.length * 3 * area);
  parts.forEach((data, n) => {
    for (let i = 0; i < area; i += 1) for (let c = 0; c < 3; c += 1) made[(3 * n + c) * area + i] = (data[4 * i + c] - 127.5) / 128;
  });
  return [made, [parts.length, 3, height, width]];
}

const chance = (no, yes) => 1 / (1 + Math.exp(no - yes));

// The boxes that overlap no better one, best first.
function distinct(found, overlap, smaller = false) {
  const size = ({ box: [a, b, c, d] }) => (c - a + 1) * (d - b + 1);
  const kept = [];
  for (const one of [...found].sort((a, b) => b.score - a.score)) {
    const free = kept.every((other) => {
      const [w, h] = [0, 1].map((i) => Math.max(0, Math.min(one.box[i + 2], other.box[i + 2]) - Math.max(one.box[i], other.box[i]) + 1));
      const whole = smaller ? Math.min(size(one), size(other)) : size(one) + size(other) - w * h;
      return w * h <= overlap * whole;
    });
    if (free) kept.push(one);
  }
  return kept;
}

function squared([a, b, c, d]) {
  const half = Math.max(c - a, d - b) / 2;
  const [x, y] = [(a + c) / 2, (b + d) / 2];
  return [x - half, y - half, x + half, y + half];
}

const moved = ([a, b, c, d], shift, width, height) => [a + shift[0] * width, b + shift[1] * height, c + shift[2] * width, d + shift[3] * height];

async function proposals(canvas, run) {
  const all = [];
  for (let scale = 12 / SMALLEST; Math.min(canvas.width, canvas.height) * scale >= 12; scale *= STEP) {
    const [width, height] = [canvas.width, canvas.height].map((side) => Math.floor(side * scale + 1));
    const { head0, head1 } = await run("proposal", { pictures: stacked([part(canvas, [0, 0, canvas.width, canvas.height], width, height)], width, height) });
    const [, , rows, columns] = head0.dims;
    const area = rows * columns;
    const found = [];
    for (let i = 0; i < area; i += 1) {
      const score = chance(head0.data[i], head0.data[area + i]);
      if (score <= SURE.proposal) continue;
      const [x, y] = [2 * (i % columns) + 1, 2 * Math.floor(i / columns) + 1];
      found.push({ box: [x / scale, y / scale, (x + 11) / scale, (y + 11) / scale], score, shift: [0, 1, 2, 3].map((k) => head1.data[k * area + i]) });
    }
    all.push(...distinct(found, 0.5));
  }
  return distinct(all, 0.7).map(({ box, shift }) => squared(moved(box, shift, box[2] - box[0], box[3] - box[1])));
}

async function seen(canvas, boxes, run, name, side) {
  if (!boxes.length) return [];
  const { head0, head1, head2 } = await run(name, { pictures: stacked(boxes.map((box) => part(canvas, box, side, side)), side, side) });
  const found = boxes.map((box, n) => {
    const [width, height] = [box[2] - box[0] + 1, box[3] - box[1] + 1];
    const shift = head1.data.slice(4 * n, 4 * n + 4);
    const marks = head2 && [0, 1, 2, 3, 4].map((k) => [box[0] - 1 + head2.data[10 * n + k] * width, box[1] - 1 + head2.data[10 * n + 5 + k] * height]);
    return { box: head2 ? moved(box, shift, width, height) : box, better: moved(box, shift, width, height), score: chance(head0.data[2 * n], head0.data[2 * n + 1]), marks };
  });
  return distinct(found.filter(({ score }) => score > SURE[name]), 0.7, Boolean(head2));
}

// The similarity [a, -b, x; b, a, y] that brings landmarks closest to the template (least squares).
export function alignment(marks) {
  const mean = (points) => [0, 1].map((i) => points.reduce((sum, p) => sum + p[i], 0) / points.length);
  const [from, to] = [mean(marks), mean(TEMPLATE)];
  let [a, b, size] = [0, 0, 0];
  marks.forEach((p, k) => {
    const [x, y, u, v] = [p[0] - from[0], p[1] - from[1], TEMPLATE[k][0] - to[0], TEMPLATE[k][1] - to[1]];
    a += x * u + y * v;
    b += x * v - y * u;
    size += x * x + y * y;
  });
  [a, b] = [a / size, b / size];
  return [a, b, to[0] - a * from[0] + b * from[1], to[1] - b * from[0] - a * from[1]]; // x' = a x - b y + tx, y' = b x + a y + ty
}

// The largest face of a photo: its alignment, or null.
export async function findFace(canvas, run) {
  const share = Math.min(1, SCAN / Math.max(canvas.width, canvas.height));
  const small = new OffscreenCanvas(Math.max(12, Math.round(share * canvas.width)), Math.max(12, Math.round(share * canvas.height)));
  const context = small.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(canvas, 0, 0, small.width, small.height);
  const refined = await seen(small, await proposals(small, run), run, "refinement", 24);
  const faces = await seen(small, refined.map(({ better }) => squared(better)), run, "output", 48);
  const size = ({ box: [a, b, c, d] }) => (c - a) * (d - b);
  const largest = faces.reduce((best, face) => (!best || size(face) > size(best) ? face : best), null);
  return largest && { matrix: alignment(largest.marks.map(([x, y]) => [(x + 0.5) / share - 0.5, (y + 0.5) / share - 0.5])), faces: faces.length };
}

// The upright face, 3 x 112 x 112 values from 0 to 1.
export function crop(canvas, [a, b, x, y]) {
  const made = new OffscreenCanvas(SIZE, SIZE);
  const context = made.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.setTransform(a, b, -b, a, x + (a - b) / -2 + 0.5, y + (a + b) / -2 + 0.5); // pixel centers at whole numbers
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, SIZE, SIZE);
  const values = new Float32Array(LENGTH);
  for (let i = 0; i < SIZE * SIZE; i += 1) for (let c = 0; c < 3; c += 1) values[c * SIZE * SIZE + i] = data[4 * i + c] / 255;
  return values;
}

// A copy of the photo with the mask on its face: interpolated between the mask's pixels, at most `levels` of 255.
export function laid(canvas, [a, b, x, y], delta, levels) {
  const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const size = a * a + b * b;
  const back = (u, v) => [(a * (u - x) + b * (v - y)) / size, (a * (v - y) - b * (u - x)) / size];
  const corners = [[-1, -1], [SIZE, -1], [-1, SIZE], [SIZE, SIZE]].map(([u, v]) => back(u, v));
  const low = [0, 1].map((i) => Math.max(0, Math.floor(Math.min(...corners.map((p) => p[i])))));
  const high = [canvas.width, canvas.height].map((side, i) => Math.min(side - 1, Math.ceil(Math.max(...corners.map((p) => p[i])))));
  const [width, height] = [high[0] - low[0] + 1, high[1] - low[1] + 1];
  if (width < 1 || height < 1) return copy;
  const picture = context.getImageData(low[0], low[1], width, height);
  const at = (c, row, column) => (row < 0 || column < 0 || row >= SIZE || column >= SIZE ? 0 : delta[(c * SIZE + row) * SIZE + column]);
  for (let j = 0; j < height; j += 1) {
    for (let i = 0; i < width; i += 1) {
      const [u, v] = [a * (low[0] + i) - b * (low[1] + j) + x, b * (low[0] + i) + a * (low[1] + j) + y];
      if (u <= -1 || v <= -1 || u >= SIZE || v >= SIZE) continue;
      const [column, row] = [Math.floor(u), Math.floor(v)];
      const [s, t] = [u - column, v - row];
      for (let c = 0; c < 3; c += 1) {
        const change = (1 - t) * ((1 - s) * at(c, row, column) + s * at(c, row, column + 1)) + t * ((1 - s) * at(c, row + 1, column) + s * at(c, row + 1, column + 1));
        const whole = Math.max(-levels, Math.min(levels, Math.round(255 * change)));
        picture.data[4 * (j * width + i) + c] = Math.max(0, Math.min(255, picture.data[4 * (j * width + i) + c] + whole));
      }
    }
  }
  context.putImageData(picture, low[0], low[1]);
  return copy;
}
