// Four hulls of one identity in the plane, side by side. Everything is computed here, in the page.
// Points are [x, y]. The geometry is pure and exported, and the tests hold it against opom_edu.hulls.

export const HULLS = ["center", "reduced", "convex", "affine"];
const TINY = 1e-12;
const minus = (a, b) => [a[0] - b[0], a[1] - b[1]];
const along = (a, b, t) => [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
const dot = (a, b) => a[0] * b[0] + a[1] * b[1];
const cross = (a, b) => a[0] * b[1] - a[1] * b[0];
const sum = (points, weights) => [0, 1].map((i) => points.reduce((total, p, k) => total + weights[k] * p[i], 0));

// The corners of a reduced hull: {at, weights}, some more than once. The farthest point of the hull in a direction has as much
// weight as allowed on the photos farthest that way; it changes only where two photos change order.
function corners(points, upper) {
  const turns = [0, Math.PI];
  points.forEach((a, i) => points.slice(0, i).forEach((b) => {
    const [x, y] = minus(a, b);
    if (x || y) turns.push((Math.atan2(x, -y) + 2 * Math.PI) % Math.PI);
  }));
  const half = turns.flatMap((t) => [t % Math.PI, (t % Math.PI) + Math.PI]).sort((a, b) => a - b);
  return half.map((turn, i) => {
    const middle = (turn + (half[i + 1] ?? half[0] + 2 * Math.PI)) / 2;
    const toward = [Math.cos(middle), Math.sin(middle)];
    const height = points.map((p) => dot(p, toward));
    const order = points.map((_, k) => k).sort((j, k) => height[k] - height[j]);
    const weights = points.map(() => 0);
    let left = 1;
    for (const k of order) left -= weights[k] = Math.min(upper, left);
    return { at: sum(points, weights), weights };
  });
}

// The convex polygon around corners, counterclockwise (Andrew's monotone chain).
function polygon(all) {
  const sorted = [...all].sort((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1]);
  const side = (row) => {
    const chain = [];
    const turnsRight = (a, b, c) => cross(minus(b.at, a.at), minus(c.at, a.at)) <= 0;
    for (const c of row) {
      while (chain.length > 1 && turnsRight(chain.at(-2), chain.at(-1), c)) chain.pop();
      chain.push(c);
    }
    return chain.slice(0, -1);
  };
  const round = [...side(sorted), ...side(sorted.reverse())];
  return round.length ? round : sorted.slice(0, 1);
}

function ontoPolygon(round, query) {
  const edges = round.map((a, i) => [a, round[(i + 1) % round.length]]);
  const inside = ([a, b]) => cross(minus(b.at, a.at), minus(query, a.at)) > TINY;
  if (round.length > 2 && edges.every(inside)) return { nearest: [...query], weights: null };
  const feet = edges.map(([a, b]) => {
    const edge = minus(b.at, a.at);
    const t = Math.min(Math.max(dot(minus(query, a.at), edge) / (dot(edge, edge) || 1), 0), 1);
    return { nearest: along(a.at, b.at, t), weights: a.weights.map((w, k) => w + t * (b.weights[k] - w)) };
  });
  const far = (foot) => Math.hypot(...minus(query, foot.nearest));
  return feet.reduce((best, foot) => (far(foot) < far(best) ? foot : best));
}

// The flat through all points: a point, a line or the plane; the weights are the shortest ones.
function affine(points, query) {
  const equal = points.map(() => 1 / points.length);
  const center = sum(points, equal);
  const spread = points.map((p) => minus(p, center));
  const longest = spread.reduce((a, b) => (dot(b, b) > dot(a, a) ? b : a));
  const length = Math.hypot(...longest);
  if (length < 1e-9) return { nearest: center, weights: equal, region: { kind: "point", at: center } };
  const axis = longest.map((v) => v / length);
  const offset = minus(query, center);
  const inertia = (u, v) => spread.reduce((total, s) => total + dot(s, u) * dot(s, v), 0);
  if (spread.every((s) => Math.abs(cross(s, axis)) < 1e-9)) {
    const t = dot(offset, axis);
    const weights = spread.map((s, k) => equal[k] + (dot(s, axis) * t) / inertia(axis, axis));
    return { nearest: sum([center, axis], [1, t]), weights, region: { kind: "line", at: center, axis } };
  }
  const [a, b, c] = [inertia([1, 0], [1, 0]), inertia([1, 0], [0, 1]), inertia([0, 1], [0, 1])];
  const solved = [c * offset[0] - b * offset[1], a * offset[1] - b * offset[0]].map((v) => v / (a * c - b * b));
  return { nearest: [...query], weights: spread.map((s, k) => equal[k] + dot(s, solved)), region: { kind: "plane" } };
}

// The nearest point of one hull. weights is null inside a polygon: there many weights give the same point.
export function project(name, points, query, upper = 1) {
  const equal = points.map(() => 1 / points.length);
  if (name === "center") {
    const at = sum(points, equal);
    return finish(query, { nearest: at, weights: equal, region: { kind: "point", at } });
  }
  if (name === "affine") return finish(query, affine(points, query));
  const photos = () => points.map((at, k) => ({ at, weights: points.map((_, j) => (j === k ? 1 : 0)) }));
  const round = polygon(name === "convex" ? photos() : corners(points, Math.max(upper, equal[0])));
  return finish(query, { ...ontoPolygon(round, query), region: { kind: "polygon", at: round.map((c) => c.at) } });
}

function finish(query, found) {
  const away = minus(query, found.nearest);
  const distance = Math.hypot(...away);
  const outside = distance > 1e-9;
  // The gradient of the distance: of length one outside, and nothing inside.
  return { ...found, distance: outside ? distance : 0, gradient: outside ? away.map((v) => v / distance) : [0, 0] };
}

// ---------------------------------------------------------------------------------------------------------------- the view

const [REACH, SIDE, STEP, ARROW, MOST] = [1.2, 240, 0.05, 0.26, 20];
const TITLES = { center: "class center", affine: "affine hull", convex: "convex hull", reduced: "reduced hull" };
const SAID = { point: "a point", line: "a line", plane: "the whole plane", polygon: "a polygon" };
const pixel = ([x, y]) => [((x + REACH) / (2 * REACH)) * SIDE, ((REACH - y) / (2 * REACH)) * SIDE];
const clamp = (value) => Math.round(Math.min(Math.max(value, -1), 1) * 1e4) / 1e4;

function make(kind, attributes = {}, parent = null, text = "") {
  const drawn = ["svg", "g", "circle", "line", "path", "rect", "text", "title"].includes(kind);
  const element = drawn ? document.createElementNS("http://www.w3.org/2000/svg", kind) : document.createElement(kind);
  put(element, attributes);
  if (text) element.textContent = text;
  parent?.append(element);
  return element;
}
function put(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}
// JupyterLab takes arrow keys and Delete for its cells, unless told that they are meant for the page.
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };
const segment = (element, a, b) => put(element, { x1: a[0], y1: a[1], x2: b[0], y2: b[1] });

function render({ model, el }) {
  const root = make("div", { class: "opom-playground" }, el);
  const bar = make("div", { class: "opom-controls", role: "group", "aria-label": "points" }, root);
  const button = (text, title, act, parent = bar) => {
    const made = make("button", { type: "button", title }, parent, text);
    made.addEventListener("click", act);
    return made;
  };
  for (const [name, preset] of Object.entries(model.get("presets"))) {
    button(name, `Show the example "${name}"`, () => change({ points: preset.points, query: preset.query }));
  }
  const adder = button("+ photo", "Add a photo; or double-click into a panel", () => add());
  const remover = button("− photo", "Remove the chosen photo; or press Delete on it", () => remove(chosen));
  const label = make("label", {}, bar, "reduced hull: weights up to ");
  const slider = make("input", { type: "range", min: 0, max: 1, step: 0.01, class: "opom-upper", ...OWN_KEYS }, label);
  const bound = make("output", {}, label);
  const grid = make("div", { class: "opom-panels" }, root);
  const panels = HULLS.map((name, index) => panel(name, grid, index === 0));
  make("p", { class: "opom-legend" }, root,
    "● photos · ○ x, the query · ■ nearest point · arrow: the way out, the gradient of the distance · long dashes: the wall, " +
    "with the whole hull on its other side · colored disc around a photo: its weight, dashed where negative. Drag, or Tab to " +
    "a point and use the arrow keys (with Shift: finer).");
  const said = make("div", { class: "opom-said", "aria-live": "polite" }, root);
  let [chosen, frame, saying] = [0, 0, 0];

  const points = () => model.get("points");
  const upper = () => Math.max(model.get("upper"), 1 / points().length);
  function change(values) {
    for (const [name, value] of Object.entries(values)) model.set(name, value); // which draws at once
  }
  function add(at) {
    if (points().length >= MOST) return;
    const turn = 2.4 * points().length; // the golden angle: no two added points coincide
    chosen = points().length;
    change({ points: [...points(), at ?? [clamp(0.8 * Math.cos(turn)), clamp(0.8 * Math.sin(turn))]] });
  }
  function remove(k) {
    if (points().length < 2) return;
    change({ points: points().filter((_, j) => j !== k) });
    chosen = Math.min(k, points().length - 1);
  }
  // which: the index of a photo, or -1 for the query.
  function move(which, [x, y]) {
    const to = [clamp(x), clamp(y)];
    if (which < 0) change({ query: to });
    else change({ points: points().map((p, k) => (k === which ? to : p)) });
  }
  slider.addEventListener("input", () => change({ upper: Number(slider.value) }));

  function panel(name, parent, reachable) {
    const figure = make("figure", { class: `opom-panel opom-${name}` }, parent);
    const caption = make("figcaption", {}, figure, TITLES[name]);
    const svg = make("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, role: "group", "aria-label": TITLES[name] }, figure);
    make("rect", { class: "opom-ground", width: SIDE, height: SIDE }, svg);
    const part = (kind, css) => make(kind, { class: css }, svg);
    const parts = { region: part("path", "opom-region"), halos: part("g", "opom-halos"), gap: part("line", "opom-gap") };
    parts.wall = part("line", "opom-wall");
    parts.arrow = part("path", "opom-arrow");
    parts.points = part("g", "opom-points");
    parts.nearest = make("rect", { class: "opom-nearest", width: 9, height: 9 }, svg);
    parts.query = part("circle", "opom-hull-query");
    put(parts.query, { r: 7 });
    parts.letter = make("text", { class: "opom-letter" }, svg, "x");
    const row = make("div", {}, figure, "distance ");
    parts.distance = make("span", { class: "opom-distance" }, row);
    parts.remark = make("small", {}, row);
    const where = (event) => {
      const box = svg.getBoundingClientRect();
      const [right, down] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
      return [(2 * right - 1) * REACH, (1 - 2 * down) * REACH];
    };
    const handle = (circle, which) => {
      // One panel in the tab order is enough: all four move together.
      put(circle, { tabindex: reachable ? 0 : -1, role: "button", "aria-roledescription": "movable point", ...OWN_KEYS });
      circle.addEventListener("pointerdown", (event) => {
        circle.setPointerCapture(event.pointerId);
        circle.focus({ preventScroll: true });
        event.preventDefault();
      });
      circle.addEventListener("pointermove", (event) => {
        if (circle.hasPointerCapture(event.pointerId)) move(which(), where(event));
      });
      circle.addEventListener("focus", () => { if (which() >= 0) chosen = which(); });
      circle.addEventListener("dblclick", (event) => event.stopPropagation());
      circle.addEventListener("keydown", (event) => {
        const step = event.shiftKey ? STEP / 5 : STEP;
        const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
        const gone = ["Delete", "Backspace"].includes(event.key) && which() >= 0;
        if (!way && !gone) return;
        event.preventDefault();
        event.stopPropagation();
        const at = which() < 0 ? model.get("query") : points()[which()];
        if (way) move(which(), [at[0] + step * way[0], at[1] + step * way[1]]);
        else {
          remove(which());
          parts.points.children[chosen]?.focus();
        }
      });
      return circle;
    };
    handle(parts.query, () => -1);
    svg.addEventListener("dblclick", (event) => add(where(event).map(clamp)));
    const grow = (count) => {
      while (parts.points.children.length > count) parts.points.lastChild.remove();
      while (parts.halos.children.length > count) parts.halos.lastChild.remove();
      while (parts.points.children.length < count) {
        const k = parts.points.children.length;
        make("circle", {}, parts.halos);
        handle(make("circle", { class: "opom-hull-point", r: 5.5 }, parts.points), () => k);
      }
    };
    return { name, svg, caption, parts, grow };
  }

  function show({ name, svg, parts, grow }, found, at, query) {
    grow(at.length);
    at.forEach((p, k) => {
      const [cx, cy] = pixel(p);
      const weight = found.weights?.[k] ?? 0;
      put(parts.points.children[k], { cx, cy, "aria-label": `photo ${k + 1} at ${p[0].toFixed(2)}, ${p[1].toFixed(2)}` });
      const size = Math.min(Math.abs(weight), 4);
      const r = size > 1e-9 ? 5.5 + 14 * Math.sqrt(size) : 0;
      put(parts.halos.children[k], { cx, cy, r, class: weight < 0 ? "opom-minus" : "opom-plus" });
    });
    const [x, y] = pixel(query);
    const [nx, ny] = pixel(found.nearest);
    put(parts.query, { cx: x, cy: y, "aria-label": `query x at ${query[0].toFixed(2)}, ${query[1].toFixed(2)}` });
    put(parts.letter, { x: x + 10, y: y + 14 });
    put(parts.nearest, { x: nx - 4.5, y: ny - 4.5 });
    segment(parts.gap, [x, y], [nx, ny]);
    // The wall: all of the hull is on its other side.
    const [gx, gy] = found.gradient.map((v) => 3 * v);
    segment(parts.wall, pixel(sum([found.nearest, [-gy, gx]], [1, 1])), pixel(sum([found.nearest, [gy, -gx]], [1, 1])));
    put(parts.region, { d: outline(found.region) });
    put(parts.arrow, { d: arrow(query, found.gradient) });
    parts.distance.textContent = found.distance.toFixed(3);
    parts.remark.textContent = found.distance ? "" : " inside: no arrow";
    svg.setAttribute("aria-label", `${TITLES[name]}, ${SAID[found.region.kind]}, distance ${found.distance.toFixed(2)}`);
  }

  function draw() {
    const [at, query] = [points(), model.get("query")];
    const found = HULLS.map((name) => project(name, at, query, upper()));
    panels.forEach((one, i) => show(one, found[i], at, query));
    const equal = upper() <= 1 / at.length + TINY;
    slider.value = upper();
    slider.setAttribute("aria-valuetext", upper().toFixed(2));
    bound.textContent = `${upper().toFixed(2)}${equal ? ": all equal" : ""}`;
    [adder.disabled, remover.disabled] = [at.length >= MOST, at.length < 2];
    const results = Object.fromEntries(HULLS.map((name, i) => {
      const { nearest, distance, gradient, weights } = found[i];
      return [name, { nearest, distance, gradient, weights }];
    }));
    if (JSON.stringify(results) !== JSON.stringify(model.get("results"))) model.set("results", results);
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => model.save_changes()); // Python hears of one state per frame
    clearTimeout(saying);
    saying = setTimeout(() => {
      said.textContent = HULLS.map((name, i) => `${TITLES[name]}: ${found[i].distance.toFixed(2)}`).join(", ");
    }, 600);
  }

  const names = ["change:points", "change:query", "change:upper"];
  names.forEach((name) => model.on(name, draw));
  draw();
  return () => {
    names.forEach((name) => model.off(name, draw));
    cancelAnimationFrame(frame);
    clearTimeout(saying);
  };
}

function outline(region) {
  if (region.kind === "plane") return `M0 0H${SIDE}V${SIDE}H0Z`;
  if (region.kind === "polygon") return `M${region.at.map((p) => pixel(p).join(" ")).join("L")}Z`;
  if (region.kind === "point") return "";
  const ends = [-4, 4].map((t) => pixel([region.at[0] + t * region.axis[0], region.at[1] + t * region.axis[1]]));
  return `M${ends[0].join(" ")}L${ends[1].join(" ")}`;
}

function arrow(query, [x, y]) {
  if (!x && !y) return "";
  const at = (forward, sideways) => pixel(sum([query, [x, y], [-y, x]], [1, forward, sideways])).join(" ");
  return `M${at(0.07, 0)}L${at(ARROW, 0)}M${at(ARROW - 0.09, 0.06)}L${at(ARROW, 0)}L${at(ARROW - 0.09, -0.06)}`;
}

export default { render };
