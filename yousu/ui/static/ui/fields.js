/* Fields of forms made from the registry: counters, pickers, uploads, Ctrl+Enter. Without it the forms still work. */
(() => {
  "use strict";
  const yousu = (window.yousu = window.yousu || {});
  const escape = (text) => {
    const span = document.createElement("span");
    span.textContent = text;
    return span.innerHTML;
  };

  /* -- counters ------------------------------------------------------------------------------------------------ */
  const count = (label) => {
    const field = document.getElementById(label.dataset.countFor);
    if (!field) return;
    const most = Number(label.dataset.most);
    const show = () => {
      const used = Array.from(field.value.trim()).length;
      label.textContent = used ? `${used}/${most}` : "";
      label.classList.toggle("ys-over", used > most);
    };
    field.addEventListener("input", show);
    show();
  };

  /* -- pickers ------------------------------------------------------------------------------------------------- */
  const areaOf = (input) => {
    const form = input.form;
    const area = form && form.querySelector("[data-pick=areas]");
    return (area && area.value) || (form && form.dataset.area) || "";
  };

  const pick = (input) => {
    if (!window.TomSelect || input.tomselect) return;
    const kind = input.dataset.pick;
    const chosen = JSON.parse(input.dataset.chosen || "[]");
    const codes = chosen.map((one) => one.value);
    const select = new window.TomSelect(input, {
      options: chosen,
      items: codes,
      maxItems: "several" in input.dataset ? 20 : 1,
      delimiter: ",",
      valueField: "value",
      labelField: "text",
      searchField: [],
      preload: "focus",
      loadThrottle: 200,
      openOnFocus: true,
      closeAfterSelect: !("several" in input.dataset),
      plugins: "several" in input.dataset ? ["remove_button"] : ["clear_button"],
      score: () => () => 1,
      load(query, answer) {
        const url = new URL(`/pick/${kind}/`, window.location.origin);
        url.searchParams.set("q", query);
        if (input.dataset.under) url.searchParams.set("under", input.dataset.under);
        if (kind === "items") url.searchParams.set("area", areaOf(input));
        fetch(url, { credentials: "same-origin", headers: { "HX-Request": "true" } })
          .then((reply) => (reply.ok ? reply.json() : { results: [] }))
          .then((found) => {
            this.clearOptions((option) => this.items.includes(option.value));
            answer(found.results);
          }, () => answer());
      },
      render: {
        option: (one) => `<div class="ys-option"><span>${escape(one.text)}</span>${one.hint ? `<small>${escape(one.hint)}</small>` : ""}</div>`,
        item: (one) => `<div>${escape(one.text)}</div>`,
        no_results: () => '<div class="no-results">没有匹配的选项，换个说法试试</div>',
        loading: () => '<div class="ys-option"><small>正在查找…</small></div>',
      },
    });
    select.control_input.setAttribute("aria-label", input.closest(".ys-field")?.querySelector(".form-label")?.textContent || "");
    if (input.hasAttribute("autofocus")) select.focus();
    if (kind === "items") select.on("item_add", (code) => led(input, select.options[code]));
  };

  // The catalogue says who leads; a lead that nobody chose by hand follows the item.
  const led = (input, option) => {
    const lead = input.form && input.form.querySelector("input[name=lead]");
    if (!lead || !lead.tomselect || !option || !option.lead) return;
    const mine = lead.dataset.followed ?? lead.dataset.chosen.match(/"value": "([^"]*)"/)?.[1] ?? "";
    if (lead.value && lead.value !== mine) return;
    lead.dataset.followed = option.lead;
    lead.tomselect.addOption({ value: option.lead, text: option.lead_name });
    lead.tomselect.setValue(option.lead, true);
  };

  const labels = (input) => {
    if (!window.TomSelect || input.tomselect) return;
    new window.TomSelect(input, {
      create: (text) => (Array.from(text).length <= 20 ? { value: text, text } : false),
      createOnBlur: true,
      delimiter: ",",
      maxItems: 20,
      plugins: ["remove_button"],
      render: {
        option_create: (one) => `<div class="create">添加“${escape(one.input)}”</div>`,
        no_results: () => null,
      },
    });
  };

  /* -- uploads: each file goes up as it is chosen, so that a form that is refused loses none ------------------------ */
  const token = () => JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || "";

  const upload = (box, file) => {
    const row = document.createElement("li");
    row.className = "ys-file";
    row.innerHTML = `<span></span><small></small><button type="button" class="btn-close" aria-label="移除" data-remove></button>`;
    row.firstChild.textContent = file.name;
    const state = row.querySelector("small");
    box.querySelector(".ys-filelist").append(row);
    const fail = (sentence) => {
      row.classList.add("ys-file-failed");
      state.textContent = sentence;
      state.setAttribute("role", "alert");
    };
    const most = Number(box.dataset.most);
    if (file.size > most) return fail(`超过 ${Math.floor(most / 1048576)} MB，请压缩或分开上传。`);
    state.textContent = "正在上传…";
    const body = new FormData();
    body.append("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", box.dataset.upload);
    request.setRequestHeader("X-CSRFToken", token());
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) state.textContent = `正在上传 ${Math.floor((event.loaded * 100) / event.total)}%`;
    });
    request.addEventListener("load", () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* an error page */ }
      if (request.status !== 201) return fail(answer.error || "没有传上去，请稍后再试。");
      state.textContent = "已上传";
      const hidden = document.createElement("input");
      Object.assign(hidden, { type: "hidden", name: box.dataset.name, value: answer.id });
      row.append(hidden);
    });
    request.addEventListener("error", () => fail("网络不通，没有传上去。"));
    request.send(body);
  };

  const files = (box) => {
    if (box.dataset.ready) return;
    box.dataset.ready = "1";
    const input = box.querySelector("input[type=file]");
    const button = document.createElement("button"); // the browser's own speaks the browser's language
    button.type = "button";
    button.className = "btn btn-outline-secondary btn-sm";
    button.textContent = "选择文件";
    button.addEventListener("click", () => input.click());
    input.before(button);
    input.classList.add("visually-hidden");
    input.tabIndex = -1;
    box.addEventListener("dragover", (event) => event.preventDefault());
    box.addEventListener("drop", (event) => {
      event.preventDefault();
      Array.from(event.dataTransfer.files).forEach((file) => upload(box, file));
    });
    input.addEventListener("change", () => {
      Array.from(input.files).forEach((file) => upload(box, file));
      input.value = "";
    });
    box.addEventListener("click", (event) => {
      if (event.target.closest("[data-remove]")) event.target.closest("li").remove();
    });
  };

  const enhance = (root) => {
    root.querySelectorAll("[data-count-for]").forEach(count);
    root.querySelectorAll("[data-pick]").forEach(pick);
    root.querySelectorAll("[data-labels]").forEach(labels);
    root.querySelectorAll("[data-upload]").forEach(files);
    const first = root.querySelector("[autofocus]");
    if (first && !first.tomselect) first.focus();
  };
  yousu.enhanceFields = enhance;
  document.addEventListener("DOMContentLoaded", () => enhance(document));
  document.body.addEventListener("htmx:load", (event) => enhance(event.target));

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const form = event.target.closest("form");
    const button = form && form.querySelector("[data-default-submit], button[type=submit]");
    if (!button || form.method !== "post") return;
    event.preventDefault();
    form.requestSubmit(button);
  });
})();
