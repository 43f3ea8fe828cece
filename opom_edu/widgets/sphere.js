// A ball that one turns: a person's photos, strangers, and the way of the photos under a mask. Drawn here, in the page.

const SIDE = 420;
const NAMES = { strangers: "stranger", own: "photo without a mask", now: "photo with the mask" };

// Seen from the front: turned about the vertical axis by `turn` and then toward the eye by `tilt` (radians). [right, up, toward].
export function turned([x, y, z], turn, tilt) {
  const [c, s, d, t] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
  const [right, depth] = [c * y + s * z, c * z - s * y];
  return [right, d * x - t * depth, t * x + d * depth];
}

// The outline of flat points, counterclockwise (Andrew's monotone chain): the shadow of their hull.
export function outline(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const side = (row) => {
    const chain = [];
    const right = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) <= 0;
    row.forEach((point) => {
      while (chain.length > 1 && right(chain.at(-2), chain.at(-1), point)) chain.pop();
      chain.push(point);
    });
    return chain.slice(0, -1);
  };
  return [...side(sorted), ...side(sorted.reverse())];
}

const pixel = ([right, up]) => [SIDE / 2 + right * SIDE * 0.46, SIDE / 2 - up * SIDE * 0.46];

function element(tag, attributes = {}, ...children) {
  const svg = ["svg", "circle", "polyline", "polygon"].includes(tag);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  made.append(...children);
  return made;
}

// The circle of all directions whose similarity to the center is `line`.
const ring = (line) => Array.from({ length: 61 }, (_, i) => {
  const [angle, wide] = [(i / 60) * 2 * Math.PI, Math.sqrt(1 - line * line)];
  return [line, wide * Math.cos(angle), wide * Math.sin(angle)];
});

function render({ model, el }) {
  const [own, hull, strangers, path, line] = ["own", "hull", "strangers", "path", "line"].map((name) => model.get(name));
  const svg = element("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, tabindex: 0, role: "img", class: "opom-ball" });
  svg.append(element("circle", { cx: SIDE / 2, cy: SIDE / 2, r: SIDE * 0.46, class: "opom-globe" }));
  const cap = element("polyline", { class: "opom-cap" });
  if (line !== null) svg.append(cap);
  const shadow = svg.appendChild(element("polygon", { class: "opom-shadow" }));
  const dots = (places, kind, r) => places.map(() => svg.appendChild(element("circle", { r, class: `opom-place opom-${kind}` })));
  const shown = { strangers: dots(strangers, "strangers", 3.5), own: dots(own, "own", 5) };
  const trails = own.map(() => svg.appendChild(element("polyline", { class: "opom-trail" })));
  shown.now = dots(own, "now", 6);
  const slider = element("input", { type: "range", min: 0, max: path.length - 1, step: 1, "aria-label": "step of learning" });
  const output = element("output");
  const play = element("button", { type: "button" }, "Play");
  const told = element("p", { class: "opom-told", "aria-live": "polite" });
  const legend = element("p", { class: "opom-legend" });
  Object.entries(NAMES).forEach(([kind, name]) => {
    const mark = element("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, element("circle", { cx: 6, cy: 6, r: 5, class: `opom-place opom-${kind}` }));
    legend.append(mark, ` ${name} `);
  });
  legend.append("Shaded: the shadow of the hull of the training photos. ");
  if (line !== null) legend.append("Dashed: the line of a match, one false match in a thousand pairs.");
  let [turn, tilt, timer] = [-0.5, 0.35, 0];

  function draw() {
    const step = model.get("step");
    const put = (dot, place) => {
      const seen = turned(place, turn, tilt);
      const [x, y] = pixel(seen);
      dot.setAttribute("cx", x.toFixed(1));
      dot.setAttribute("cy", y.toFixed(1));
      dot.setAttribute("opacity", (0.65 + 0.35 * seen[2]).toFixed(2));
    };
    shown.strangers.forEach((dot, i) => put(dot, strangers[i]));
    shown.own.forEach((dot, i) => put(dot, own[i]));
    shown.now.forEach((dot, i) => put(dot, path[step][i]));
    const points = (places) => places.map((place) => pixel(turned(place, turn, tilt)).map((v) => v.toFixed(1)).join(",")).join(" ");
    trails.forEach((trail, i) => trail.setAttribute("points", points(path.slice(0, step + 1).map((all) => all[i]))));
    if (line !== null) cap.setAttribute("points", points(ring(line)));
    const flat = hull.map((place) => pixel(turned(place, turn, tilt)));
    shadow.setAttribute("points", outline(flat).map((at) => at.map((v) => v.toFixed(1)).join(",")).join(" "));
    slider.value = step;
    output.textContent = `step ${step} of ${path.length - 1}`;
    const mean = path[step].reduce((sum, place) => sum + place[0], 0) / own.length;
    const inside = path[step].filter((place) => line !== null && place[0] > line).length;
    const match = line === null ? "" : `; ${inside} of ${own.length} photos are inside of the cap`;
    told.textContent = `Mean similarity to the center: ${mean.toFixed(2)}${match}.`;
    svg.setAttribute("aria-label", `A ball with ${strangers.length} strangers and ${own.length} photos. ${told.textContent} Arrow keys turn it.`);
  }

  const go = (step) => { model.set("step", Math.max(0, Math.min(path.length - 1, step))); model.save_changes(); };
  slider.addEventListener("input", () => go(Number(slider.value)));
  play.addEventListener("click", () => {
    clearInterval(timer);
    go(0);
    timer = setInterval(() => { if (model.get("step") === path.length - 1) clearInterval(timer); else go(model.get("step") + 1); }, 250);
  });
  svg.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
    if (!way) return;
    event.preventDefault();
    [turn, tilt] = [turn + way[0], tilt + way[1]];
    draw();
  });
  svg.addEventListener("pointerdown", (event) => svg.setPointerCapture(event.pointerId));
  svg.addEventListener("pointermove", (event) => {
    if (!svg.hasPointerCapture(event.pointerId)) return;
    [turn, tilt] = [turn + event.movementX / 120, tilt + event.movementY / 120];
    draw();
  });
  el.append(element("div", { class: "opom-sphere" }, svg, element("div", { class: "opom-scrub" }, play, slider, output), told, legend));
  model.on("change:step", draw);
  draw();
  return () => { clearInterval(timer); model.off("change:step", draw); };
}

export default { render };
