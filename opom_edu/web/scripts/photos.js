// What happens to photos after they are saved, and how much they differ.

import { LENGTH, SIZE } from "./opom.js";
import { drawn, fromCanvas, make, paint } from "./engine.js";

// Decibel between two photos; infinite where they are equal.
export function psnr(a, b) {
  const mean = a.reduce((sum, v, i) => sum + (v - b[i]) ** 2, 0) / a.length;
  return -10 * Math.log10(mean);
}

// Saved as JPEG by the browser, and opened again.
export async function compressed(photos, quality) {
  const made = new Float32Array(photos.length);
  for (let at = 0; at < photos.length; at += LENGTH) {
    const canvas = paint(make("canvas"), photos.subarray(at, at + LENGTH));
    const file = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", quality); });
    made.set(fromCanvas(drawn(await createImageBitmap(file), SIZE, SIZE)), at);
  }
  return made;
}

// A blur of one pixel's standard deviation, over rows and then over columns; borders are mirrored.
export function blurred(photos, sigma = 1) {
  const reach = Math.ceil(3 * sigma);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-((k - reach) ** 2) / (2 * sigma ** 2)));
  const whole = kernel.reduce((a, b) => a + b);
  const fold = (i) => (i < 0 ? -i : i >= SIZE ? 2 * SIZE - 2 - i : i);
  const pass = (given, along) => given.map((_, at) => {
    const [x, y, start] = [at % SIZE, Math.floor(at / SIZE) % SIZE, at - (at % (SIZE * SIZE))];
    return kernel.reduce((sum, w, k) => sum + w * given[start + (along ? y * SIZE + fold(x + k - reach) : fold(y + k - reach) * SIZE + x)], 0) / whole;
  });
  return pass(pass(photos, true), false);
}
