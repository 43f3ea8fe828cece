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
  show(place).catch((error) => { place.textContent = `This figure cannot be shown: ${error.message}. Reload the page.`; });
}

async function show(place) {
  const address = new URL(place.dataset.figure, location.href);
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${place.dataset.figure} is not on this server`);
  const { script, values } = await answer.json();
  document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL(`${script}.css`, address) }));
  const figure = (await import(new URL(`${script}.js`, address))).default;
  place.replaceChildren();
  figure.render({ model: new Model(values), el: place });
  place.dataset.opomState = "ready";
}
