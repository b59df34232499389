/* What every page does in the browser; no framework. See ui/base.html for what markup it answers to. */
(() => {
  "use strict";
  const yousu = (window.yousu = window.yousu || {});

  /* -- toasts ------------------------------------------------------------------------------------------------- */
  const KEEP = 6000;

  const dismissLater = (toast) => {
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn-close";
    close.setAttribute("aria-label", "关闭提示");
    close.addEventListener("click", () => toast.remove());
    toast.append(close);
    if (!["danger", "error", "warning"].includes(toast.dataset.tone)) setTimeout(() => toast.remove(), KEEP);
  };

  yousu.toast = (text, tone = "info") => {
    const toast = document.createElement("div");
    toast.className = "ys-toast";
    toast.dataset.tone = tone;
    toast.setAttribute("role", tone === "danger" ? "alert" : "status");
    toast.textContent = text;
    document.getElementById("toasts").append(toast);
    dismissLater(toast);
  };

  document.querySelectorAll("#toasts .ys-toast").forEach(dismissLater);
  document.body.addEventListener("toast", (event) => yousu.toast(event.detail.text, event.detail.tone));

  const SENTENCES = {
    400: "填写的内容无法识别，请刷新页面后再试。",
    403: "您没有权限，或者页面停留太久，请刷新页面后再试。",
    404: "没有找到，可能已经变动，请刷新页面。",
    409: "这张工单刚被别人处理过，请刷新页面。",
    413: "上传的内容太大，请压缩或分开上传。",
    429: "操作太频繁，请稍后再试。",
  };
  // An error page is never swapped into a fragment: its sentence becomes a toast.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.status < 400) return;
    const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
    const told = page.querySelector("[data-error-message]");
    if (xhr.status === 422 && !told) return;
    event.detail.shouldSwap = false;
    const text = told ? told.textContent.trim() : SENTENCES[xhr.status];
    yousu.toast(text || "系统暂时不能处理，内容没有提交，请稍后再试。", "danger");
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.body.addEventListener(name, () => yousu.toast("网络不通，内容没有提交，请检查网络后再试。", "danger"));
  }

  /* -- lists -------------------------------------------------------------------------------------------------- */
  const OWN = "a, button, input, select, textarea, label, summary";

  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-href]");
    if (!row || event.target.closest(OWN) || String(window.getSelection())) return;
    if (event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
    else window.location.assign(row.dataset.href);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const box = document.getElementById("global-search");
    if (box && box.offsetParent) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  });

  /* -- forms -------------------------------------------------------------------------------------------------- */
  document.addEventListener("click", (event) => {
    const asks = event.target.closest("[data-confirm]");
    if (asks && !window.confirm(asks.dataset.confirm)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);

  // One press, one request: a second press of the same button waits for the answer.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
    form.querySelectorAll("button[type=submit]").forEach((button) => setTimeout(() => (button.disabled = true)));
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form button[type=submit]:disabled").forEach((button) => (button.disabled = false));
  });

  // A filter applies as soon as it is chosen; on a phone the filters are folded until asked for.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });
  document.querySelectorAll(".ys-filter-more").forEach((box) => {
    if (window.matchMedia("(max-width: 767.98px)").matches) box.open = Boolean(box.querySelector(".is-set"));
  });

  // Empty filters stay out of the address, so that it can be shared.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "get") return;
    form.querySelectorAll("input[name], select[name]").forEach((field) => {
      if (!field.value) field.disabled = true;
    });
    setTimeout(() => form.querySelectorAll(":disabled").forEach((field) => (field.disabled = false)));
  });

  const demo = document.querySelector(".ys-demo");
  if (demo) {
    demo.addEventListener("click", (event) => {
      const { username } = event.target.dataset;
      if (!username) return;
      document.getElementById("username").value = username;
      document.getElementById("password").value = demo.dataset.password;
      document.querySelector(".ys-login-desk form button").focus();
    });
  }

  yousu.enhance = (root) => {
    if (!window.TomSelect) return;
    root.querySelectorAll("select[data-search]").forEach((select) => {
      if (select.tomselect) return;
      new window.TomSelect(select, {
        allowEmptyOption: false,
        maxOptions: 400,
        plugins: select.multiple ? ["remove_button"] : [],
        render: {
          no_results: () => '<div class="no-results">没有匹配的选项</div>',
          option_create: () => "",
        },
      });
    });
  };
  document.addEventListener("DOMContentLoaded", () => yousu.enhance(document));
  document.body.addEventListener("htmx:load", (event) => yousu.enhance(event.target));

  /* -- sessions end when idle: typing counts as being there, an empty chair does not ---------------------------- */
  const idle = Number(document.body.dataset.idleMinutes || 0) * 60000;
  if (idle) {
    const PING = Math.max(60000, Math.min(240000, idle / 4));
    let seen = Date.now();
    let told = seen;
    const here = () => {
      seen = Date.now();
      if (seen - told < PING) return;
      told = seen;
      fetch("/alive/", { credentials: "same-origin", headers: { "HX-Request": "true" } }).then((answer) => {
        if (answer.status === 401) window.location.assign("/login/?idle=1");
      }, () => {});
    };
    for (const name of ["keydown", "pointerdown", "wheel"]) {
      document.addEventListener(name, here, { passive: true });
    }
    setInterval(() => {
      if (Date.now() - seen > idle) window.location.assign("/login/?idle=1&next=" + encodeURIComponent(window.location.pathname));
    }, 30000);
  }
})();
