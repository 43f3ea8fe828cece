// Ten photos vote on a pixel. The pictures are drawn here from the votes; Python sends whole numbers from -100 to 100.

// What the votes on one place come to: how many are for brighter, their mean, and the sign that the step takes.
export function count(votes, side, x, y) {
  const own = votes.map((all) => all[y * side + x]);
  const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
  return { own, mean, brighter: own.filter((value) => value > 0).length, sign: Math.sign(mean) };
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  made.append(...children);
  return made;
}

// Orange for brighter, blue for darker; white (or black, in a dark theme) for no vote.
function paint(canvas, values, side, strength) {
  const pixels = new ImageData(side, side);
  values.forEach((value, i) => {
    const color = value > 0 ? [213, 94, 0] : [0, 114, 178];
    pixels.data.set([...color, Math.min(255, Math.abs(value) * strength)], 4 * i);
  });
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

function render({ model, el }) {
  const [votes, side] = [model.get("votes"), model.get("side")];
  const drawn = (label) => element("canvas", { width: side, height: side, "aria-label": label, role: "img" });
  const thumbs = votes.map((all, k) => {
    const canvas = drawn(`gradient of photo ${k + 1}`);
    paint(canvas, all, side, 8);
    return canvas;
  });
  const mean = drawn("signs of the mean");
  paint(mean, votes[0].map((_, i) => Math.sign(votes.reduce((sum, all) => sum + all[i], 0))), side, 200);
  const mark = element("span", { class: "opom-mark" });
  const board = element("div", { class: "opom-board-of-signs", tabindex: 0, role: "application", "aria-label": "choose a pixel: arrow keys" }, mean, mark);
  const bars = votes.map((_, k) => element("span", { class: "opom-vote-bar", title: `photo ${k + 1}` }, element("i")));
  const average = element("span", { class: "opom-vote-bar opom-average", title: "mean" }, element("i"));
  const told = element("p", { class: "opom-told", "aria-live": "polite" });
  const ballot = element("div", { class: "opom-ballot" }, ...bars, average);
  el.append(element("div", { class: "opom-vote" }, element("div", { class: "opom-thumbs" }, ...thumbs),
    element("div", { class: "opom-two" }, board, element("div", {}, ballot, told))));

  function draw() {
    const { x, y } = model.get("place");
    const { own, mean: middle, brighter, sign } = count(votes, side, x, y);
    const most = Math.max(...own.map(Math.abs), 1);
    [...own, middle].forEach((value, k) => {
      const bar = (bars[k] ?? average).firstChild;
      bar.style.height = `${(48 * Math.abs(value)) / most}%`;
      bar.style[value > 0 ? "bottom" : "top"] = "50%";
      bar.style[value > 0 ? "top" : "bottom"] = "auto";
      bar.className = value > 0 ? "opom-brighter" : "opom-darker";
    });
    mark.style.left = `${(100 * (x + 0.5)) / side}%`;
    mark.style.top = `${(100 * (y + 0.5)) / side}%`;
    const way = sign > 0 ? "brighter" : sign < 0 ? "darker" : "unchanged";
    told.textContent = `${brighter} of ${own.length} photos vote for brighter. The mean says ${way}, and the step takes its sign: one level ${way}.`;
  }

  const choose = (x, y) => {
    model.set("place", { x: Math.max(0, Math.min(side - 1, x)), y: Math.max(0, Math.min(side - 1, y)) });
    model.save_changes();
  };
  const point = (event) => {
    const box = board.getBoundingClientRect();
    choose(Math.floor((side * (event.clientX - box.left)) / box.width), Math.floor((side * (event.clientY - box.top)) / box.height));
  };
  board.addEventListener("pointerdown", point);
  board.addEventListener("pointermove", (event) => { if (event.buttons) point(event); });
  board.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way) return;
    event.preventDefault();
    const { x, y } = model.get("place");
    choose(x + way[0], y + way[1]);
  });
  model.on("change:place", draw);
  draw();
  return () => model.off("change:place", draw);
}

export default { render };
