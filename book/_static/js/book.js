// What CSS alone cannot do for the keyboard: reach what scrolls sideways, and keep its place.
(() => {
  const scrollers = "div.math, span.math.wide, .cell_output .output, .gan-source pre, " +
    ".highlight pre, .figure-scroll, .pst-scrollable-table-container, .table-scroll";
  const reach = () => {
    for (const box of document.querySelectorAll(scrollers)) {
      if (box.scrollWidth > box.clientWidth + 1) {
        box.tabIndex = 0;
        if (!box.hasAttribute("role")) {
          box.setAttribute("role", "group");
          box.setAttribute("aria-label", "scrolls sideways");
        }
      } else if (box.getAttribute("aria-label") === "scrolls sideways") {
        box.removeAttribute("tabindex");
        box.removeAttribute("role");
        box.removeAttribute("aria-label");
      }
    }
  };
  const name = () => {
    for (const summary of document.querySelectorAll("details.hide > summary")) {
      summary.removeAttribute("aria-label"); // its own words say more: "Show the solution"
    }
  };
  const stay = () => {
    for (const button of document.querySelectorAll(".theme-switch-button")) {
      button.addEventListener("click", (event) => { // by key: the theme lets the focus go
        if (event.detail === 0) setTimeout(() => button.focus({ preventScroll: true }));
      });
    }
  };
  const unfold = () => { // a claim inside a folded solution
    if (location.hash.startsWith("#gan?")) return; // a state of the playground
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let box = target && target.closest("details"); box; box = box.parentElement.closest("details")) {
      box.open = true;
      target.scrollIntoView();
    }
  };
  const fold = () => {
    const formulas = [...document.querySelectorAll("span.math")];
    for (const formula of formulas) formula.classList.remove("wide");
    const wide = formulas.filter((formula) => { // an inline formula wider than its paragraph
      const room = formula.closest("p, li, td, th, dd, h1, h2, h3").getBoundingClientRect().width;
      return formula.getBoundingClientRect().width > room + 1;
    });
    for (const formula of wide) formula.classList.add("wide");
    reach();
  };
  const back = () => { // who scrolls back is offered the way to the top
    const button = document.getElementById("pst-back-to-top");
    let last = scrollY;
    addEventListener("scroll", () => {
      button.style.display = scrollY < last && scrollY > 60 ? "block" : "none";
      last = scrollY;
    });
    button.addEventListener("click", () => scrollTo({ top: 0 }));
  };
  const start = () => {
    name();
    back();
    stay();
    fold();
    unfold();
    addEventListener("hashchange", unfold);
    addEventListener("resize", fold);
    document.addEventListener("toggle", fold, true); // what was folded has no width before
  };
  if (document.readyState === "complete") start();
  else addEventListener("load", start);
})();
