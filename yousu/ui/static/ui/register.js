/* 登记: suggestions while typing, the cascade of areas, keys, the second form, the draft. */
(() => {
  "use strict";
  const form = document.getElementById("register");
  if (!form) return;
  const field = (name) => form.elements.namedItem(name);
  const later = (wait, act) => {
    let timer;
    return () => {
      clearTimeout(timer);
      timer = setTimeout(act, wait);
    };
  };
  const ask = (id, event) => window.htmx && window.htmx.trigger(`#${id}`, event);

  /* -- what helps while typing ------------------------------------------------------------------------------------ */
  const suggest = later(250, () => ask("suggestions", "suggest"));
  const nearby = later(400, () => ask("nearby", "nearby"));
  ["content", "title"].forEach((name) => field(name).addEventListener("input", suggest));
  ["caller_phone", "address", "content"].forEach((name) => field(name).addEventListener("input", nearby));
  field("area").addEventListener("change", () => { suggest(); nearby(); });

  form.addEventListener("click", (event) => {
    const accept = event.target.closest("[data-accept-item]");
    if (accept) {
      const picker = field("item").tomselect;
      const { acceptItem: code, name } = accept.dataset;
      if (picker) {
        picker.addOption({ value: code, text: name });
        picker.setValue(code);
      } else field("item").value = code;
      accept.textContent = "已采用";
      save();
    }
    if (event.target.closest("[data-close-second]")) {
      document.getElementById("then").replaceChildren();
      plain(true);
    }
  });

  /* -- district → town → community ----------------------------------------------------------------------------------- */
  const cascade = form.querySelector("[data-cascade]");
  const levels = Array.from(cascade.querySelectorAll("select"));
  const children = async (code) => {
    const reply = await fetch(`/pick/areas/?under=${code}`, { credentials: "same-origin", headers: { "HX-Request": "true" } });
    return reply.ok ? (await reply.json()).results : [];
  };
  const fill = async (select, under, chosen) => {
    const first = select.options[0];
    select.replaceChildren(first);
    select.disabled = !under;
    if (!under) return;
    (await children(under)).forEach((area) => select.add(new Option(area.text, area.value, false, area.value === chosen)));
    select.value = chosen || "";
  };
  const root = cascade.dataset.root;
  const follow = async (code) => {
    const parts = levels.map((select) => (code.length >= Number(select.dataset.level) ? code.slice(0, select.dataset.level) : ""));
    for (const [index, select] of levels.entries()) {
      const above = index ? parts[index - 1] : root;
      if (select.value !== parts[index] || select.dataset.under !== above) await fill(select, above, parts[index]);
      select.dataset.under = above;
    }
  };
  const nameOf = () => levels.filter((select) => select.value).map((select) => select.selectedOptions[0].text).join(" ");
  let ours = false;
  levels.forEach((select, index) => {
    select.addEventListener("change", async () => {
      const code = select.value || (index ? levels[index - 1].value : "");
      levels.slice(index + 1).forEach((lower) => (lower.value = ""));
      await follow(code);
      const picker = field("area").tomselect;
      ours = true;
      if (picker) {
        if (code) picker.addOption({ value: code, text: nameOf() });
        picker.setValue(code);
      } else {
        field("area").value = code;
        field("area").dispatchEvent(new Event("change"));
      }
      ours = false;
    });
  });
  field("area").addEventListener("change", () => ours || follow(field("area").value));
  cascade.hidden = false;

  /* -- the second form ------------------------------------------------------------------------------------------------ */
  const plain = (shown) => (form.querySelector("[data-plain-submit]").hidden = !shown);
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "then") return;
    plain(false);
    event.target.scrollIntoView({ block: "nearest" });
    const first = event.target.querySelector("textarea, select, input:not([type=hidden])");
    if (first) first.focus();
  });

  /* -- keys ------------------------------------------------------------------------------------------------------------- */
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || !/^[1-5]$/.test(event.key)) return;
    const group = form.querySelector(`[data-group="${event.key}"]`);
    const first = group && Array.from(group.querySelectorAll(".ys-fields input, .ys-fields textarea, .ys-fields select")).find((one) => one.offsetParent && one.type !== "hidden" && !one.classList.contains("tomselected"));
    if (!first) return;
    event.preventDefault();
    first.focus();
    group.scrollIntoView({ block: "nearest" });
  });

  /* -- the draft stays on this machine until the ticket is registered; numbers that identify a person stay out of it ----- */
  const KEY = form.dataset.draft;
  const OUT = new Set(["csrfmiddlewaretoken", "key", "then", "caller_id_number", "attachments"]);
  const state = document.querySelector("[data-draft-state]");
  const clear = document.querySelector("[data-draft-clear]");
  const store = window.localStorage;

  const save = later(400, () => {
    const kept = {};
    new FormData(form).forEach((value, name) => {
      if (typeof value === "string" && value && !OUT.has(name) && !name.startsWith("then-")) kept[name] = value;
    });
    const names = {};
    form.querySelectorAll("[data-pick]").forEach((input) => {
      if (input.tomselect && input.value) names[input.name] = input.tomselect.options[input.value]?.text || input.value;
    });
    store.setItem(KEY, JSON.stringify({ at: Date.now(), kept, names }));
    state.textContent = "草稿已保存在本机";
    clear.hidden = false;
  });

  const restore = () => {
    const draft = JSON.parse(store.getItem(KEY) || "null");
    if (!draft || Date.now() - draft.at > 24 * 3600 * 1000) return store.removeItem(KEY);
    Object.entries(draft.kept).forEach(([name, value]) => {
      const found = field(name);
      if (!found) return;
      if (found.tomselect) {
        value.split(",").forEach((code) => found.tomselect.addOption({ value: code, text: draft.names[name] || code }));
        found.tomselect.setValue(value.split(","), true);
      } else if (found instanceof RadioNodeList || found.type !== "hidden") found.value = value;
    });
    form.querySelectorAll("details").forEach((more) => {
      more.open = more.open || Array.from(more.querySelectorAll("input[type=text], input[type=tel], textarea")).some((one) => one.value);
    });
    form.querySelectorAll("textarea, input[type=text]").forEach((one) => one.dispatchEvent(new Event("input"))); // counters
    state.textContent = "已恢复上次没有提交的草稿";
    clear.hidden = false;
    suggest();
    nearby();
    return follow(field("area").value);
  };

  form.addEventListener("input", save);
  form.addEventListener("change", save);
  // Once it is registered the next page tells so; a refusal brings the form back and the draft with it.
  form.addEventListener("submit", () => sessionStorage.setItem("yousu-registering", KEY));
  clear.addEventListener("click", () => {
    store.removeItem(KEY);
    window.location.assign(form.getAttribute("action"));
  });

  document.addEventListener("DOMContentLoaded", async () => {
    const refused = form.querySelector(".is-invalid, .ys-refused, [aria-invalid]");
    sessionStorage.removeItem("yousu-registering");
    if (refused) {
      suggest();
      nearby();
      await follow(field("area").value);
    } else {
      await follow("");
      await restore();
      if (document.activeElement === document.body) field("caller_phone").focus();
    }
  });
})();
