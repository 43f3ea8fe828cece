// A head that turns under several masks. Pictures come from Python.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  made.append(...children);
  return made;
}

function render({ model, el }) {
  const [titles, photos, masks, yaws] = ["titles", "photos", "masks", "yaws"].map((name) => model.get(name));
  const shown = titles.map((title) => ({
    photo: element("img", { alt: `the photo under ${title}` }),
    mask: element("img", { alt: `what ${title} adds, magnified` }),
  }));
  const columns = titles.map((title, k) => element("figure", {},
    element("figcaption", {}, title), shown[k].photo, shown[k].mask));
  const slider = element("input", { type: "range", min: 0, max: yaws.length - 1, step: 1, "aria-label": "yaw of the head" });
  const told = element("p", { class: "opom-told", "aria-live": "polite" });
  slider.addEventListener("input", () => { model.set("frame", Number(slider.value)); model.save_changes(); });
  el.append(element("div", { class: "opom-turning" }, slider, told, element("div", { class: "opom-turned" }, ...columns)));

  function draw() {
    const frame = model.get("frame");
    const words = `${yaws[frame].toFixed(0)} degrees`;
    shown.forEach((column, k) => { column.photo.src = photos[k][frame]; column.mask.src = masks[k][frame]; });
    slider.value = frame;
    slider.setAttribute("aria-valuetext", words);
    told.textContent = `The head is turned by ${words}. Below each photo: what the mask adds to it, magnified.`;
  }

  model.on("change:frame", draw);
  draw();
  return () => model.off("change:frame", draw);
}

export default { render };
