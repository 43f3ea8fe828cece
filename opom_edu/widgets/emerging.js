// A mask that emerges while an adversary averages more and more protected photos of one person. Pictures come from Python.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  made.append(...children);
  return made;
}

function render({ model, el }) {
  const [photos, estimates, cosines, mask] = ["photos", "estimates", "cosines", "mask"].map((name) => model.get(name));
  const taken = photos.map((source, k) => element("img", { src: source, alt: `protected photo ${k + 1}` }));
  const estimate = element("img", { alt: "what the adversary takes for the mask" });
  const slider = element("input", { type: "range", min: 1, max: photos.length, step: 1, "aria-label": "photos that the adversary has" });
  const told = element("p", { class: "opom-told", "aria-live": "polite" });
  const pair = element("div", { class: "opom-both" },
    element("figure", {}, estimate, element("figcaption", {}, "the estimate")),
    element("figure", {}, element("img", { src: mask, alt: "the mask, magnified" }), element("figcaption", {}, "the mask")));
  slider.addEventListener("input", () => { model.set("count", Number(slider.value)); model.save_changes(); });
  el.append(element("div", { class: "opom-emerging" }, element("div", { class: "opom-taken" }, ...taken), slider, told, pair));

  function draw() {
    const count = model.get("count");
    taken.forEach((image, k) => image.classList.toggle("opom-not-yet", k >= count));
    estimate.src = estimates[count - 1];
    slider.value = count;
    slider.setAttribute("aria-valuetext", `${count} photos`);
    told.textContent = `From ${count} photo${count === 1 ? "" : "s"}: cosine ${cosines[count - 1].toFixed(2)} with the mask.`;
  }

  model.on("change:count", draw);
  draw();
  return () => model.off("change:count", draw);
}

export default { render };
