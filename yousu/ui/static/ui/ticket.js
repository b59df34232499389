/* The ticket page: forms that open and close in place, the sketch of the place, personal data that hides again. */
(() => {
  "use strict";

  document.addEventListener("click", (event) => {
    const close = event.target.closest("[data-close-form]");
    const place = close && close.closest(".ys-form-place");
    if (!place) return;
    event.preventDefault();
    place.replaceChildren();
  });

  document.body.addEventListener("htmx:afterSwap", (event) => {
    const form = event.target.closest && event.target.closest(".ys-form-place");
    if (!form || !form.firstElementChild) return;
    document.querySelectorAll(".ys-form-place").forEach((other) => other !== form && other.replaceChildren());
    form.scrollIntoView({ block: "nearest" });
    const first = form.querySelector("[autofocus], .ys-fields textarea, .ys-fields input:not([type=hidden]), .ys-fields select");
    if (first && !first.closest(".ts-wrapper") && !form.querySelector(".ts-wrapper.focus")) first.focus({ preventScroll: true });
  });

  /* -- revealed data ------------------------------------------------------------------------------------------- */
  const expire = (box) => {
    if (box.dataset.running) return;
    box.dataset.running = "1";
    let left = Number(box.dataset.expires);
    const timer = setInterval(() => {
      left -= 1;
      const shown = box.querySelector("[data-left]");
      if (shown) shown.textContent = left;
      if (left > 0 && box.isConnected) return;
      clearInterval(timer);
      const gone = document.createElement("p");
      gone.className = "ys-hint";
      gone.textContent = "已隐藏；再次查看请刷新页面并重新填写理由。";
      box.replaceWith(gone);
    }, 1000);
  };

  /* -- the sketch: no tiles, only where things lie to each other -------------------------------------------------- */
  const LEVELS = { district: { radius: 6, size: 13 }, town: { radius: 3, size: 11 } };

  const declutter = (map, marks) => {
    const taken = [];
    marks.forEach(({ area, dot }) => {
      const at = map.latLngToContainerPoint([area.lat, area.lon]);
      const size = LEVELS[area.level].size;
      const box = { x: at.x, y: at.y - size, w: area.name.length * size + 14, h: size * 2 };
      const clash = taken.some((o) => box.x < o.x + o.w && o.x < box.x + box.w && box.y < o.y + o.h && o.y < box.y + box.h);
      if (clash) return dot.closeTooltip();
      taken.push(box);
      return dot.openTooltip();
    });
  };

  const sketch = (box) => {
    if (!window.L || box.dataset.running) return;
    box.dataset.running = "1";
    const { L } = window;
    const data = JSON.parse(document.getElementById(box.dataset.sketch).textContent);
    const map = L.map(box, { attributionControl: false, zoomControl: false, scrollWheelZoom: false, minZoom: 8, maxZoom: 15 });
    L.control.zoom({ zoomInTitle: "放大", zoomOutTitle: "缩小" }).addTo(map);
    map.setView([data.lat, data.lon], data.exact ? 13 : 12);
    L.circleMarker([data.lat, data.lon], { radius: data.exact ? 9 : 22, className: data.exact ? "ys-pin" : "ys-zone-ring" }).addTo(map);
    const order = { district: 0, town: 1 };
    const marks = data.around
      .sort((a, b) => order[a.level] - order[b.level])
      .map((area) => {
        const dot = L.circleMarker([area.lat, area.lon], { radius: LEVELS[area.level].radius, className: `ys-dot ys-dot-${area.level}` }).addTo(map);
        dot.bindTooltip(area.name, { permanent: true, direction: "right", className: `ys-area-name ys-area-${area.level}` });
        return { area, dot };
      });
    map.on("zoomend moveend", () => declutter(map, marks));
    declutter(map, marks);
  };

  const ready = (root) => {
    root.querySelectorAll("[data-expires]").forEach(expire);
    root.querySelectorAll("[data-sketch]").forEach(sketch);
    if (root.matches && root.matches("[data-expires]")) expire(root);
  };
  document.addEventListener("DOMContentLoaded", () => ready(document));
  document.body.addEventListener("htmx:load", (event) => ready(event.target));
})();

/* The form that led here was registered: its draft has done its work. */
(() => {
  "use strict";
  const key = sessionStorage.getItem("yousu-registering");
  if (!key) return;
  localStorage.removeItem(key);
  sessionStorage.removeItem("yousu-registering");
})();
