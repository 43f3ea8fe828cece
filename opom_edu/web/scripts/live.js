// Shows a notebook's figures without its kernel: each script draws into its place, and a small stand-in holds what the figure knows.

class Model {
  constructor(values) { Object.assign(this, { values, heard: {} }); }
  get(name) { return this.values[name]; }
  set(name, value) { this.values[name] = value; (this.heard[`change:${name}`] ?? []).forEach((act) => act()); }
  on(name, act) { (this.heard[name] ??= []).push(act); }
  off() {}
  save_changes() {}
}

for (const place of document.querySelectorAll(".opom-live")) {
  const { module, style, values } = place.dataset;
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: style });
  document.head.append(link);
  Promise.all([import(new URL(module, location.href)), fetch(values).then((answer) => answer.json())]).then(([script, known]) => {
    place.replaceChildren();
    script.default.render({ model: new Model(known), el: place });
    place.dataset.opomState = "ready";
  }).catch((error) => { place.textContent = `This figure cannot be shown: ${error.message}. Reload the page.`; });
}
