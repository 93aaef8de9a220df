// One slide of the reading mode. Every text goes in as text, never as markup.
const MARK = { pass: "✓", fail: "✕", unknown: "?", stale: "↻" };
const FORWARD = ["PageDown", " "], BACK = ["PageUp"]; // what a presenter's remote sends; arrows are the buttons'

function put(parent, tag, text = "", name = "") {
  const node = document.createElement(tag);
  node.textContent = text;
  if (name) node.className = name;
  return parent.appendChild(node);
}

function figure(list, { label, value, under, state }) {
  const one = put(list, "div");
  put(one, "dt", label);
  put(one, "dd", value, value === "unknown" ? "value unknown" : "value");
  if (under || state) put(one, "dd", [state && `${MARK[state]} ${state}`, under].filter(Boolean).join(" · "), "under " + state);
}

function bar(list, { label, share, text, state }) {
  const line = put(list, "li", "", state ? "" : "plain");
  put(line, "span", label);
  const drawn = put(line, "div", "", "bar " + state);
  put(put(drawn, "i"), "b").style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  put(drawn, "span", [state && `${MARK[state]} ${state}`, text].filter(Boolean).join(" · "));
}

export default function ({ data, parentElement, setTriggerValue }) {
  const article = parentElement.querySelector("article");
  article.replaceChildren();
  const kicker = put(article, "p", "", "kicker");
  put(kicker, "b", data.name);
  put(kicker, "span", ` · ${data.of}`);
  put(article, "h1", data.says, [data.state, data.says.length > 110 ? "long" : ""].join(" "));
  if (data.figures.length) data.figures.forEach((f) => figure(article.querySelector("dl") || put(article, "dl"), f));
  if (data.bars.length) { const list = put(article, "ul", "", "bars"); data.bars.forEach((b) => bar(list, b)); }
  if (data.steps.length) {
    const list = put(article, "ol");
    data.steps.forEach((s) => put(put(list, "li"), "span", s.text).append(Object.assign(document.createElement("small"), { textContent: s.then })));
  }
  put(article, "p", data.source, "source");

  const press = (event) => {
    if (event.target.closest?.("input, textarea, button")) return;
    const step = FORWARD.includes(event.key) ? 1 : BACK.includes(event.key) ? -1 : 0;
    if (step) { event.preventDefault(); setTriggerValue("step", step); }
  };
  document.removeEventListener("keydown", article.press); // the one of the last slide: a turned slide is no new one
  article.press = press;
  document.addEventListener("keydown", press);
  return () => document.removeEventListener("keydown", press);
}
