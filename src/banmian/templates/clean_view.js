"use strict";
(() => {
  const root = document.documentElement;
  const pages = [...document.querySelectorAll(".page")];
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const byId = (id) => document.getElementById(id);
  const partnerOf = (element) =>
    byId(element.id.replace(/^(raw|clean)-/, (_, side) => (side === "raw" ? "clean-" : "raw-")));
  let held = null;
  let timer = 0;

  root.classList.add("js");

  // What a fragment, a run or a duplicate lights up: [itself and its partners, where to look].
  const family = (target) => {
    const link = target.closest(".piece, [data-kept]");
    if (!link) return null;
    if (link.dataset.kept) {
      const kept = [byId(`raw-${link.dataset.kept}`), byId(`clean-${link.dataset.kept}`)];
      return { link, lit: [link, ...kept], goals: kept };
    }
    const partner = partnerOf(link);
    const run = target.closest(".run");
    const partnerRun = run && partnerOf(run);
    const lit = [link, partner, run, partnerRun].filter(Boolean);
    return { link, lit, goals: [partnerRun || partner] };
  };

  const scrolls = (pane) => getComputedStyle(pane).overflowY === "auto";

  // Bring an element level with another, inside its own pane; the page itself moves only on a phone.
  const bring = (element, level, always) => {
    const pane = element.closest(".pane");
    const box = element.getClientRects()[0];
    if (!box) return;
    if (!scrolls(pane)) {
      if (always) element.scrollIntoView({ block: "center", behavior: calm.matches ? "auto" : "smooth" });
      return;
    }
    const frame = pane.getBoundingClientRect();
    const inside = box.top >= frame.top + 36 && box.bottom <= frame.bottom - 8;
    if (inside && !always) return;
    const wanted = Math.min(Math.max(level, frame.top + 60), frame.bottom - 120);
    pane.scrollBy({ top: box.top - wanted, behavior: calm.matches ? "auto" : "smooth" });
  };

  const clear = (name) => {
    for (const element of document.querySelectorAll(`.${name}`)) element.classList.remove(name);
  };

  const light = (found) => {
    clear("on");
    for (const element of found ? found.lit : []) element.classList.add("on");
    for (const element of found ? found.lit : []) {
      const raw = element.id.replace(/^clean-/, "raw-");
      const bar = raw && document.querySelector(`.strip a[href="#${CSS.escape(raw)}"] rect`);
      if (bar) bar.classList.add("on");
    }
  };

  const look = (found, always) => {
    const level = found.lit[found.lit.length > 2 ? found.lit.length - 2 : 0].getClientRects()[0];
    for (const goal of found.goals) {
      if (goal.closest(".pane") !== found.link.closest(".pane") || always) {
        bring(goal, level ? level.top : 0, always);
      }
    }
  };

  const hold = (found) => {
    clear("held");
    held = found;
    light(found);
    for (const element of found ? found.lit : []) {
      if (element.matches(".piece")) element.classList.add("held");
    }
  };

  document.addEventListener("pointerover", (event) => {
    clearTimeout(timer);
    if (event.pointerType !== "mouse" || held) return;
    const found = family(event.target);
    light(found);
    if (found) timer = setTimeout(() => look(found, false), 180);
  });

  document.addEventListener("focusin", (event) => {
    const found = event.target.matches(":focus-visible") && family(event.target);
    if (found && !(held && held.lit.includes(event.target))) {
      hold(null);
      light(found);
      look(found, false);
    }
  });

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const found = family(event.target);
    if (!found) return;
    event.preventDefault();
    if (String(getSelection())) return; // the reader is copying
    clearTimeout(timer);
    hold(found);
    look(found, true);
    if (event.detail === 0) found.goals[0].closest("a").focus({ preventScroll: true });
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hold(null);
  });

  // One page at a time; an address inside a page shows that page.
  const show = () => {
    const target = byId(decodeURIComponent(location.hash.slice(1)));
    const page = (target && target.closest(".page")) || document.querySelector(".page.current") || pages[0];
    if (!page) return;
    for (const other of pages) other.classList.toggle("current", other === page);
    for (const link of document.querySelectorAll(".index a")) {
      if (link.hash === `#${page.id}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (!target || target === page) return;
    target.scrollIntoView({ block: "center" });
    const found = family(target);
    if (found) hold(found);
  };
  addEventListener("hashchange", show);
  show();
})();
