// A thousand searches as dots. Everything is computed here, in the page; `outcomes` is pure, and the tests hold it against Python.

const DOTS = 1000;
const COLUMNS = 50;
export const KINDS = ["right", "wrong", "missed", "quiet"];
const TITLES = {
  right: "the right person is found", wrong: "somebody else is found: a false alarm", missed: "the person is there, nobody is found",
  quiet: "nobody is there, nobody is found",
};

// How many of a thousand searches end in which way. `gallery`: people who are enrolled. `rate`: the false-match rate of a pair.
// `share`: of the people looked for, who are enrolled. `hit`: of these, whose own photo is above the threshold.
export function outcomes({ gallery, rate, share, hit }) {
  const alarm = (others) => -Math.expm1(others * Math.log1p(-rate));
  const missed = share * (1 - hit);
  const shares = {
    right: share * hit,
    wrong: missed * alarm(gallery - 1) + (1 - share) * alarm(gallery),
    missed: missed * (1 - alarm(gallery - 1)),
    quiet: (1 - share) * (1 - alarm(gallery)),
  };
  // Whole dots that add up: the largest remainders are rounded up.
  const exact = KINDS.map((kind) => DOTS * shares[kind]);
  const dots = exact.map(Math.floor);
  const order = exact.map((value, k) => [value - dots[k], k]).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  const left = DOTS - dots.reduce((sum, count) => sum + count, 0);
  order.slice(0, left).forEach(([, k]) => { dots[k] += 1; });
  return { shares, dots: Object.fromEntries(KINDS.map((kind, k) => [kind, dots[k]])) };
}

const words = (value) => `${Number((100 * value).toPrecision(value < 0.01 ? 1 : 2))} %`;

// What the dots say, from the same numbers.
export function sentence({ shares }) {
  const alarms = shares.right + shares.wrong;
  const found = Math.round(DOTS * alarms);
  if (DOTS * alarms < 0.5) return "Of 1,000 searches, none raises an alarm.";
  const wrong = shares.wrong / alarms;
  return `Of 1,000 searches, ${found.toLocaleString("en-US")} find somebody; ${words(wrong)} of these alarms are wrong.`;
}

const SLIDERS = [
  ["gallery", "people enrolled", 1, 6, (v) => Math.round(10 ** v), Math.log10, (v) => v.toLocaleString("en-US")],
  ["rate", "false matches, one pair in", 2, 6, (v) => 10 ** -v, (v) => -Math.log10(v), (v) => Math.round(1 / v).toLocaleString("en-US")],
  ["share", "people looked for who are enrolled", 0, 1, (v) => v, (v) => v, words],
  ["hit", "enrolled people who match themselves", 0, 1, (v) => v, (v) => v, words],
];

function element(tag, attributes = {}, ...children) {
  const svg = ["svg", "circle"].includes(tag);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  made.append(...children);
  return made;
}

function render({ model, el }) {
  const step = 10;
  const rows = DOTS / COLUMNS;
  const svg = element("svg", { viewBox: `0 0 ${COLUMNS * step} ${rows * step}`, role: "img" });
  const dots = Array.from({ length: DOTS }, (_, i) => element("circle", {
    cx: (Math.floor(i / rows) + 0.5) * step, cy: ((i % rows) + 0.5) * step, r: 3.6, class: "opom-dot opom-quiet",
  }));
  svg.append(...dots);
  const told = element("p", { class: "opom-told", "aria-live": "polite" });
  const legend = element("ul", { class: "opom-kinds" });
  const counts = Object.fromEntries(KINDS.map((kind) => {
    const count = element("b");
    const mark = element("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" });
    mark.append(element("circle", { cx: 6, cy: 6, r: 5, class: `opom-dot opom-${kind}` }));
    legend.append(element("li", {}, mark, count, ` ${TITLES[kind]}`));
    return [kind, count];
  }));
  const controls = element("div", { class: "opom-sliders" });
  const inputs = SLIDERS.map(([name, title, low, high, value, place, said]) => {
    const input = element("input", { type: "range", min: low, max: high, step: "any", "data-name": name });
    const output = element("output");
    controls.append(element("label", {}, element("span", {}, title), input, output));
    input.addEventListener("input", () => { model.set(name, value(Number(input.value))); model.save_changes(); });
    input.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!way) return;
      event.preventDefault(); // twenty steps from end to end, four with Page keys left to the browser
      const next = Math.min(high, Math.max(low, Number(input.value) + (way * (high - low)) / (event.shiftKey ? 200 : 20)));
      model.set(name, value(next));
      model.save_changes();
    });
    return { name, input, output, place, said };
  });
  let now = dots.map(() => "quiet");

  function draw() {
    const state = Object.fromEntries(SLIDERS.map(([name]) => [name, model.get(name)]));
    const found = outcomes(state);
    const next = KINDS.flatMap((kind) => Array(found.dots[kind]).fill(kind));
    next.forEach((kind, i) => { if (kind !== now[i]) dots[i].setAttribute("class", `opom-dot opom-${kind}`); });
    now = next;
    KINDS.forEach((kind) => { counts[kind].textContent = found.dots[kind]; });
    inputs.forEach(({ name, input, output, place, said }) => {
      input.value = place(state[name]);
      output.textContent = said(state[name]);
      input.setAttribute("aria-valuetext", said(state[name]));
    });
    told.textContent = sentence(found);
    svg.setAttribute("aria-label", KINDS.map((kind) => `${found.dots[kind]}: ${TITLES[kind]}`).join("; "));
  }

  el.append(element("div", { class: "opom-searches" }, controls, told, svg, legend));
  SLIDERS.forEach(([name]) => model.on(`change:${name}`, draw));
  draw();
  return () => SLIDERS.forEach(([name]) => model.off(`change:${name}`, draw));
}

export default { render };
