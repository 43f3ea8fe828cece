// Which photo is masked? A staircase finds from which epsilon on somebody sees it; the arithmetic is pure and tested.

const [TRIALS, TURNS, LAST] = [24, 8, 6];
const [WIDE, HIGH, LEFT, LOW] = [420, 190, 44, 30];

export const begin = (levels) => ({ at: levels.length - 1, streak: 0, way: 0, turns: [], trials: [] });

// Two right answers in a row: a smaller mask; one wrong: a larger one (Levitt 1971). It settles where 71 % of the answers are right.
export function answer(state, levels, right) {
  const trials = [...state.trials, [levels[state.at], right]];
  const streak = right ? state.streak + 1 : 0;
  const move = !right ? 1 : streak === 2 ? -1 : 0;
  const turned = move && state.way && move !== state.way;
  const turns = turned ? [...state.turns, levels[state.at]] : state.turns;
  const at = Math.max(0, Math.min(levels.length - 1, state.at + move));
  return { at, streak: move ? 0 : streak, way: move || state.way, turns, trials };
}

export const over = (state) => state.trials.length >= TRIALS || state.turns.length >= TURNS;

// The geometric mean of the last turning points; the last level if there are too few.
export function estimate(state, levels) {
  const last = state.turns.length > 1 ? state.turns.slice(-LAST) : [levels[state.at]];
  return Math.exp(last.reduce((sum, level) => sum + Math.log(level), 0) / last.length);
}

// The height of the curve at a level, between its points.
export function height(curve, level) {
  const after = curve.findIndex(([x]) => x >= level);
  if (after === 0) return curve[0][1];
  if (after < 0) return curve.at(-1)[1];
  const [[x0, y0], [x1, y1]] = [curve[after - 1], curve[after]];
  return y0 + ((y1 - y0) * (level - x0)) / (x1 - x0);
}

function element(tag, attributes = {}, ...children) {
  const svg = ["svg", "polyline", "line", "circle", "text"].includes(tag);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  made.append(...children);
  return made;
}

function chart(curve, level) {
  const top = curve.at(-1)[0];
  const x = (value) => LEFT + (value / top) * (WIDE - LEFT - 12);
  const y = (value) => HIGH - LOW - (value / 100) * (HIGH - LOW - 12);
  const svg = element("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", class: "opom-curve" });
  svg.append(element("line", { x1: LEFT, x2: WIDE - 12, y1: y(0), y2: y(0) }), element("line", { x1: LEFT, x2: LEFT, y1: y(0), y2: y(100) }));
  [0, 50, 100].forEach((v) => svg.append(element("text", { x: LEFT - 6, y: y(v) + 4, "text-anchor": "end" }, `${v} %`)));
  curve.forEach(([v]) => svg.append(element("text", { x: x(v), y: HIGH - 12, "text-anchor": "middle" }, `${v}`)));
  svg.append(element("polyline", { points: curve.map(([v, psr]) => `${x(v)},${y(psr)}`).join(" ") }));
  const at = Math.min(level, top);
  const told = `At ${level.toFixed(1)} levels, from which on you see it, the PSR is about ${height(curve, level).toFixed(0)} %.`;
  svg.append(element("line", { class: "opom-yours", x1: x(at), x2: x(at), y1: y(0), y2: y(100) }), element("circle", { cx: x(at), cy: y(height(curve, level)), r: 5 }));
  svg.setAttribute("aria-label", told);
  return [svg, told];
}

function render({ model, el }) {
  const [levels, clean, masked, curve] = ["levels", "clean", "masked", "curve"].map((name) => model.get(name));
  let [state, pair] = [begin(levels), null];
  const random = () => (model.get("draws").length ? model.get("draws")[state.trials.length % model.get("draws").length] : Math.random());
  const pictures = [0, 1].map((side) => {
    const image = element("img", { width: 224, height: 224 });
    const button = element("button", { type: "button", class: "opom-choice" }, image, element("span", {}, `${side ? "right" : "left"} (key ${side + 1})`));
    button.addEventListener("click", () => choose(side));
    return { image, button };
  });
  const told = element("p", { class: "opom-told", "aria-live": "polite" });
  const again = element("button", { type: "button" }, "Start again");
  const found = element("div");
  const row = element("div", { class: "opom-pair" }, ...pictures.map(({ button }) => button));
  const box = element("div", { class: "opom-blind" }, told, row, found, again);

  function ask(before = "") {
    const [photo, side] = [Math.floor(random() * clean.length), random() < 0.5 ? 0 : 1];
    pair = { photo, side };
    pictures.forEach(({ image }, k) => {
      image.src = k === side ? masked[state.at][photo] : clean[photo];
      image.alt = `photo ${k + 1}`;
    });
    told.textContent = `${before}Which of the two is masked? (${state.trials.length + 1} of at most ${TRIALS})`;
  }

  function choose(side) {
    if (over(state)) return;
    const right = side === pair.side;
    const level = levels[state.at];
    state = answer(state, levels, right);
    model.set("trials", state.trials);
    if (!over(state)) {
      model.save_changes();
      ask(`${right ? "Right" : "Wrong"}: it had ${level} level${level === 1 ? "" : "s"}. `);
      return;
    }
    const level_seen = estimate(state, levels);
    model.set("found", level_seen);
    model.save_changes();
    row.hidden = true;
    const hits = state.trials.filter(([, ok]) => ok).length;
    const [svg, sentence] = curve.length ? chart(curve, level_seen) : ["", ""];
    found.replaceChildren(svg);
    told.textContent = `You were right in ${hits} of ${state.trials.length}. You see a mask from about ${level_seen.toFixed(1)} levels on. ${sentence}`;
  }

  box.addEventListener("keydown", (event) => { if (["1", "2"].includes(event.key)) choose(Number(event.key) - 1); });
  again.addEventListener("click", () => {
    state = begin(levels);
    model.set("trials", []);
    model.set("found", null);
    model.save_changes();
    row.hidden = false;
    found.replaceChildren();
    ask();
  });
  el.append(box);
  ask();
}

export default { render };
