// OPOM in the page: one person, one mask (arXiv 2205.11981). The loop of opom_edu/masks, number for number, with the same random
// numbers. Photos are Float32Arrays of `count` times 3 x 112 x 112 values from 0 to 1, one channel after the other.

import { mix, solver } from "./hulls.js";

export const SIZE = 112;
export const LENGTH = 3 * SIZE * SIZE;
export const METHODS = ["convex", "affine", "center", "fi-uap"];

const clamp = (value, low, high) => (value < low ? low : value > high ? high : value);

// Random numbers from 0 to 1 as torch.Generator().manual_seed(seed) and torch.rand give them: MT19937, 24 bits of each draw.
export class Random {
  constructor(seed) {
    this.state = new Uint32Array(624);
    this.state[0] = seed >>> 0;
    for (let i = 1; i < 624; i += 1) {
      const last = this.state[i - 1] ^ (this.state[i - 1] >>> 30);
      this.state[i] = Math.imul(1812433253, last) + i;
    }
    this.next = 624;
  }

  renew() {
    const s = this.state;
    for (let i = 0; i < 624; i += 1) {
      const mixed = (s[i] & 0x80000000) | (s[(i + 1) % 624] & 0x7fffffff);
      s[i] = s[(i + 397) % 624] ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
    }
    this.next = 0;
  }

  uniform() {
    if (this.next === 624) this.renew();
    let y = this.state[this.next];
    this.next += 1;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return (y & 0xffffff) / 0x1000000;
  }
}

function mirrored(image) {
  const made = new Float32Array(image.length);
  for (let row = 0; row < image.length; row += SIZE) for (let x = 0; x < SIZE; x += 1) made[row + x] = image[row + SIZE - 1 - x];
  return made;
}

// Photos with a mask, as a saved photo holds them: each value one of 256 levels, unless `exact`.
export function apply(photos, delta, share = 1, exact = false) {
  const made = new Float32Array(photos.length);
  for (let i = 0; i < photos.length; i += 1) {
    const value = clamp(photos[i] + share * delta[i % LENGTH], 0, 1);
    made[i] = exact ? value : Math.round(value * 255) / 255;
  }
  return made;
}

export function rowsOf(flat, count) {
  const width = flat.length / count;
  return Array.from({ length: count }, (_, k) => Array.from(flat.subarray(k * width, (k + 1) * width)));
}

// The mean over the photos of what each may change, within eps; see project() in opom_edu/masks/loop.py.
function project(photos, count, velocity, masked, stepSize, eps) {
  const delta = new Float32Array(LENGTH);
  for (let k = 0; k < count; k += 1) {
    for (let i = 0, at = k * LENGTH; i < LENGTH; i += 1, at += 1) {
      delta[i] += (clamp(masked[at] + stepSize * Math.sign(velocity[i]), 0, 1) - photos[at]) / count;
    }
  }
  return delta.map((value) => clamp(value, -eps, eps));
}

// Learn one mask.
//   embed(photos, count) gives their unit embeddings; step(masked, targets, count) the gradient of each photo's squared distance to
//   its target: promises of Float32Arrays. method: of METHODS. onStep({ index, steps, delta }) may be a promise; it throws to stop.
export async function learn({
  photos, embed, step, method = "convex", eps = 8 / 255, steps = 16, stepSize = 1 / 255, momentum = 0, warmup = 5, flip = 0,
  seed = 0, onStep = () => {},
}) {
  const count = photos.length / LENGTH;
  if (!Number.isInteger(count) || count < 1) throw new Error("learn() wants at least one photo of 3 x 112 x 112 values");
  if (!METHODS.includes(method)) throw new Error(`unknown method ${method}; choose one of ${METHODS.join(", ")}`);
  const clean = await embed(photos, count);
  const features = rowsOf(clean, count);
  const [center, hull] = [solver("center", features), method === "fi-uap" ? null : solver(method, features)];
  const random = new Random(seed);
  let masked = photos.map((value) => clamp(value + Math.fround(eps * (2 * random.uniform() - 1)), 0, 1));
  let velocity = new Float32Array(LENGTH);
  let delta = new Float32Array(LENGTH);
  for (let index = 0; index < steps; index += 1) {
    const turned = Array.from({ length: count }, () => flip > 0 && random.uniform() < flip);
    const seen = masked.slice();
    turned.forEach((is, k) => { if (is) seen.set(mirrored(masked.subarray(k * LENGTH, (k + 1) * LENGTH)), k * LENGTH); });
    let targets = clean;
    if (hull) {
      const now = method === "affine" || index >= warmup ? hull : center;
      const steady = now === center || method === "center"; // the center needs no embeddings
      const points = steady ? features : rowsOf(await embed(seen, count), count);
      targets = Float32Array.from(points.flatMap((point) => mix(now(point), features)));
    }
    const gradients = await step(seen, targets, count);
    const mean = new Float32Array(LENGTH);
    turned.forEach((is, k) => {
      const own = gradients.subarray(k * LENGTH, (k + 1) * LENGTH);
      (is ? mirrored(own) : own).forEach((value, i) => { mean[i] += value / count; });
    });
    const strength = mean.reduce((sum, value) => sum + Math.abs(value), 0) / LENGTH || 1;
    velocity = velocity.map((value, i) => momentum * value + mean[i] / strength);
    delta = project(photos, count, velocity, masked, stepSize, eps);
    masked = apply(photos, delta, 1, true);
    await onStep({ index, steps, delta });
  }
  return delta;
}
