// TeX in, a drawing and MathML out, on no page: MathJax's parts stand in the folder mathjax/.
const { draw, glyphs } = (() => {
  const M = MathJax._;
  const adaptor = M.adaptors.liteAdaptor.liteAdaptor();
  M.handlers.html_ts.RegisterHTMLHandler(adaptor);
  const lenient = ["noerrors", "noundefined"]; // they would draw a mistake in red, not name it
  const input = new M.input.tex_ts.TeX({
    packages: M.input.tex.AllPackages.AllPackages.filter((name) => !lenient.includes(name)),
    tags: "none",
    formatError: (_, error) => { throw Error(error.message); },
  });
  const output = new M.output.svg_ts.SVG({
    font: new M.output.svg.fonts.tex_ts.TeXFont(),
    fontCache: "global",
    mtextInheritFont: false,
  });
  const page = M.mathjax.mathjax.document("", { InputJax: input, OutputJax: output });
  const { SerializedMmlVisitor } = M.core.MmlTree.SerializedMmlVisitor;
  const visitor = new SerializedMmlVisitor();

  // --- the drawing: no group but where it says something, and short names of glyphs ---

  const STILL = [1, 0, 0, 1, 0, 0];
  const round = (value, digits) => String(+value.toFixed(digits));
  const times = ([a, b, c, d, e, f], [A, B, C, D, E, F]) => [
    a * A + c * B, b * A + d * B, a * C + c * D, b * C + d * D, a * E + c * F + e, b * E + d * F + f,
  ];
  const parse = (text) => {
    let all = STILL;
    for (const [, kind, list] of (text || "").matchAll(/(\w+)\(([^)]*)\)/g)) {
      const n = list.trim().split(/[\s,]+/).map(Number);
      if (kind === "translate") all = times(all, [1, 0, 0, 1, n[0], n[1] || 0]);
      else if (kind === "scale") all = times(all, [n[0], 0, 0, n[1] ?? n[0], 0, 0]);
      else if (kind === "matrix") all = times(all, n);
      else if (kind === "rotate" && n.length === 1) {
        const [sin, cos] = [Math.sin(n[0] * Math.PI / 180), Math.cos(n[0] * Math.PI / 180)];
        all = times(all, [cos, sin, -sin, cos, 0, 0]);
      } else throw Error(`no rule for ${kind}(${list})`);
    }
    return all;
  };
  const say = ([a, b, c, d, e, f]) => {
    const numbers = [a, b, c, d].map((n) => round(n, 4)).concat([e, f].map((n) => round(n, 1)));
    if (numbers.join() === STILL.join()) return "";
    return ` transform="matrix(${numbers.join(" ")})"`;
  };
  const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
  const attributes = (node, without) => adaptor.allAttributes(node)
    .filter(({ name }) => !/^(data-(?!line)[\w-]*|xmlns.*|transform)$/.test(name))
    .filter(({ name }) => !without.includes(name))
    .map(({ name, value }) => ` ${name}="${escape(value)}"`).join("");
  const inside = (node, place) => adaptor.childNodes(node).map((child) => {
    if (adaptor.kind(child) === "#text") return escape(adaptor.value(child));
    return flat(child, place);
  }).join("");
  const flat = (node, place) => {
    const kind = adaptor.kind(node);
    const [a, b, c, d, e, f] = place = times(place, parse(adaptor.getAttribute(node, "transform")));
    const number = (name) => +(adaptor.getAttribute(node, name) || 0);
    const even = a === d && !b && !c;
    if (kind === "g") {
      const own = attributes(node, []);
      if (!own) return inside(node, place);
      return `<g${own}${say(place)}>${inside(node, STILL)}</g>`;
    }
    if (kind === "use") {
      const name = adaptor.getAttribute(node, "xlink:href").slice(1);
      if (!outline(name)) return ""; // of a sign that is only heard, as between log and 4
      const href = `#${short(name)}`;
      const at = (name, value) => (+round(value, 1) ? ` ${name}="${round(value, 1)}"` : "");
      return `<use href="${href}"${even && a === 1 ? at("x", e) + at("y", f) : say(place)}/>`;
    }
    if (kind === "rect" && even && !attributes(node, ["x", "y", "width", "height"])) {
      const box = { x: a * number("x") + e, y: a * number("y") + f,
        width: a * number("width"), height: a * number("height") };
      return `<rect${Object.entries(box).map(([k, v]) => ` ${k}="${round(v, 1)}"`).join("")}/>`;
    }
    if (kind === "svg") { // a part that is cut off at its frame
      const part = `<svg${attributes(node, [])}>${inside(node, STILL)}</svg>`;
      return say(place) ? `<g${say(place)}>${part}</g>` : part;
    }
    return `<${kind}${attributes(node, [])}${say(place)}>${inside(node, STILL)}</${kind}>`;
  };
  const known = new Map(); // outlines, by MathJax's name
  const outline = (name) => {
    const all = adaptor.childNodes(output.fontCache.defs);
    for (const path of all.slice(known.size)) {
      known.set(adaptor.getAttribute(path, "id"), adaptor.getAttribute(path, "d"));
    }
    return known.get(name);
  };
  const short = (id) => id.replace(/^MJX-TEX-/, "mjx-");

  // --- for whoever calls ---

  const cleaned = (mathml) => mathml.replace(/>\s+</g, "><").trim()
    .replace(/ data-mjx-[\w-]+="[^"]*"/g, "").replace(/ xmlns="[^"]*"/, "");
  const draw = (tex, display) => {
    const equation = new page.options.MathItem(tex, input, display);
    equation.setMetrics(16, 7, 1280, 1e6, 1); // a drawing is measured in ex, whatever they are
    equation.compile(page);
    equation.typeset(page);
    const svg = adaptor.tags(equation.typesetRoot, "svg")[0];
    const size = attributes(svg, ["role", "focusable", "aria-hidden"]);
    return JSON.stringify({
      svg: `<svg aria-hidden="true"${size}>${adaptor.childNodes(svg).map((node) =>
        `<g transform="scale(1,-1)">${inside(node, STILL)}</g>`).join("")}</svg>`,
      mathml: cleaned(visitor.visitTree(equation.root, page)),
    });
  };
  const glyphs = () =>
    JSON.stringify(Object.fromEntries([...known].map(([name, d]) => [short(name), d])));
  return { draw, glyphs };
})();
