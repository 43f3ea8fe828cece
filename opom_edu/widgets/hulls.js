// The nearest points of hulls in any number of dimensions, in double precision. Held against opom_edu.hulls by a test.

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

const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);
const minus = (a, b) => a.map((v, i) => v - b[i]);

// The directions in which features differ from their mean, at right angles: one-sided Jacobi (Hestenes 1958). Differences of a size
// that float32 rounds away are no directions.
function axes(features) {
  const center = features[0].map((_, i) => features.reduce((sum, f) => sum + f[i], 0) / features.length);
  const rows = features.map((f) => minus(f, center));
  const turns = rows.map((_, k) => rows.map((__, j) => (j === k ? 1 : 0)));
  for (let sweep = 0, turned = true; turned && sweep < 60; sweep += 1) {
    turned = false;
    for (let a = 0; a < rows.length; a += 1) {
      for (let b = a + 1; b < rows.length; b += 1) {
        const [p, q, r] = [dot(rows[a], rows[a]), dot(rows[b], rows[b]), dot(rows[a], rows[b])];
        if (Math.abs(r) <= 1e-15 * Math.sqrt(p * q)) continue;
        turned = true;
        const half = (q - p) / (2 * r);
        const t = (half < 0 ? -1 : 1) / (Math.abs(half) + Math.sqrt(1 + half * half));
        const c = 1 / Math.sqrt(1 + t * t);
        for (const both of [rows, turns]) {
          const kept = both[a];
          both[a] = kept.map((v, i) => c * (v - t * both[b][i]));
          both[b] = kept.map((v, i) => c * (t * v + both[b][i]));
        }
      }
    }
  }
  const least = (10 * 2 ** -23 * Math.max(...features.map((f) => dot(f, f))) ** 0.5) ** 2;
  return { center, along: rows.map((row, k) => [row, turns[k], dot(row, row)]).filter(([, , size]) => size > least) };
}

// For a hull ("center", "affine" or "convex") of features, a function from a point to the weights of the hull's nearest point.
export function solver(name, features) {
  const equal = features.map(() => 1 / features.length);
  if (name === "center") return () => equal;
  const { center, along } = axes(features);
  if (name === "affine") {
    return (x) => {
      const away = minus(x, center);
      return along.reduce((w, [row, turn, size]) => { const t = dot(away, row) / size; return w.map((v, k) => v + t * turn[k]); }, equal);
    };
  }
  const scale = Math.max(...features.map((f) => dot(f, f))) || 1;
  const spread = features.map((f) => minus(f, center));
  const gram = spread.map((a) => spread.map((b) => dot(a, b) / scale));
  return (x) => { const away = minus(x, center); return convexWeights(gram, spread.map((s) => dot(s, away) / scale)); };
}

export const mix = (weights, features) => features[0].map((_, i) => weights.reduce((sum, w, k) => sum + w * features[k][i], 0));
