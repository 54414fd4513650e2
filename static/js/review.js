/* Reviewing by keyboard. A verdict shows the next face at once, which is on the page already, while
   the server keeps the verdict and sends one more. Without this script the same forms are sent. */
"use strict";
(() => {
  const cards = document.querySelector("#cards");
  const undo = document.querySelector("#undo");
  const refused = document.querySelector("#refused");
  const LOOKED_AT = 60_000; // milliseconds between two signs that somebody still looks

  const all = () => [...cards.querySelectorAll("[data-card]")];
  const current = () => cards?.querySelector("[data-card]:not([hidden])");

  const show = (chosen) => {
    for (const card of all()) card.hidden = card !== chosen;
    document.querySelector("#nothing").hidden = Boolean(chosen) || waiting > 0;
    chosen?.focus({ preventScroll: true });
  };

  const say = (sentence) => {
    refused.querySelector("span").textContent = sentence;
    refused.hidden = sentence === "";
  };

  /* One after the other: what is undone has to have been kept before. */
  let turn = Promise.resolve();
  let waiting = 0;
  const count = (more) => {
    waiting += more;
    cards.setAttribute("aria-busy", String(waiting > 0));
  };
  const send = (address, data) => {
    count(1);
    const answer = turn.then(async () => {
      const last = all().at(-1);
      if (last) data.set("after", last.dataset.card);
      const asked = { method: "POST", body: data, headers: { "HX-Request": "true" } };
      const response = await fetch(address, asked).catch(() => null);
      if (response?.status === 409) throw new Error(await response.text());
      if (!response?.ok || response.redirected) throw new Error(cards.dataset.offline);
      return fragment(await response.text());
    }).finally(() => count(-1));
    turn = answer.catch(() => {});
    return answer;
  };

  const fragment = (text) => {
    const template = document.createElement("template");
    template.innerHTML = text;
    const left = template.content.querySelector("#left");
    if (left) document.querySelector("#left").replaceWith(left);
    return [...template.content.querySelectorAll("[data-card]")];
  };

  const add = (fresh, where) => {
    for (const card of fresh) card.hidden = true;
    cards[where](...fresh);
    for (const card of fresh) window.htmx.process(card);
  };

  const judged = [];
  const remember = () => {
    undo.hidden = judged.length === 0;
    for (const field of undo.querySelectorAll("[name=face]")) field.remove();
    if (undo.hidden) return;
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "face", value: judged.at(-1) });
    undo.append(field);
  };

  const judge = async (form, button) => {
    const card = form.closest("[data-card]");
    const answer = send(form.action, new FormData(form, button));
    const skipped = button.value === "skip";
    if (!skipped) judged.push(card.dataset.card);
    remember();
    card.remove();
    show(all()[0]);
    say("");
    try {
      const fresh = await answer;
      add(fresh, "append");
      if (!current()) show(all()[0]);
    } catch (error) {
      if (!skipped) judged.splice(judged.lastIndexOf(card.dataset.card), 1);
      remember();
      add([card], "prepend");
      show(card);
      say(error.message);
    }
  };

  const takeBack = async () => {
    const data = new FormData(undo);
    judged.pop();
    undo.hidden = true;
    try {
      const fresh = await send(undo.action, data);
      add(fresh, "prepend");
      show(all()[0]);
      say("");
    } catch (error) {
      say(error.message);
    }
    remember();
  };

  const press = (event) => {
    const { target, code, key } = event;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (target.matches?.("input:not([type=checkbox]), select, textarea")) return;
    if (code === "Space" && target.matches?.("summary, a, button, input")) return;
    if (key === "?") {
      document.querySelector("#keys")?.toggleAttribute("open");
      return;
    }
    const button = (current() ?? document).querySelector(`[data-key="${code.replace("Numpad", "Digit")}"]`)
      ?? undo?.querySelector(`[data-key="${code}"]`);
    if (!button || button.closest("[hidden]")) return;
    event.preventDefault();
    if (button.matches("summary")) search(button.parentElement); // what is typed next is a name
    else button.click();
  };

  const search = (box) => {
    box.open = true;
    box.querySelector("input").focus();
  };

  const inSearch = (event) => {
    const box = event.target.closest?.(".elsewhere");
    if (!box) return;
    const people = [...box.querySelectorAll(".found button")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      const at = people.indexOf(document.activeElement) + step;
      (people[at] ?? box.querySelector("input")).focus();
    } else if (event.key === "Enter" && event.target.matches("input")) {
      people[0]?.click();
    } else if (event.key === "Escape") {
      box.open = false;
      current().focus();
    } else {
      return;
    }
    event.preventDefault();
  };

  if (cards) {
    show(all()[0]);
    judged.push(...[...undo.querySelectorAll("[name=face]")].map((field) => field.value));
    cards.addEventListener("submit", (event) => {
      if (!event.target.matches(".review-form")) return;
      event.preventDefault();
      judge(event.target, event.submitter);
    });
    cards.addEventListener("toggle", ({ target }) => {
      if (target.open && target.matches(".elsewhere")) search(target);
    }, true);
    undo.addEventListener("submit", (event) => {
      event.preventDefault();
      takeBack();
    });
    document.addEventListener("keydown", inSearch);
    document.addEventListener("keydown", press);
  }

  const held = () => document.querySelectorAll("[data-card], .crowd [name=face]");
  setInterval(() => {
    if (document.hidden) return;
    const data = new FormData(undo);
    data.delete("face");
    for (const one of held()) data.append("face", one.dataset.card ?? one.value);
    fetch(undo.dataset.hold, { method: "POST", body: data });
  }, LOOKED_AT);

  for (const crowd of document.querySelectorAll(".crowd")) {
    const boxes = [...crowd.querySelectorAll("[name=face]")];
    const count = () => {
      const ticked = boxes.filter((box) => box.checked).length;
      for (const number of crowd.querySelectorAll(".ticked")) number.textContent = ticked;
      for (const button of crowd.querySelectorAll("[name=verdict]")) button.disabled = ticked === 0;
    };
    const both = crowd.querySelector("[data-tick]");
    both.hidden = false;
    both.addEventListener("click", () => {
      const ticked = boxes.some((box) => !box.checked);
      for (const box of boxes) box.checked = ticked;
      count();
    });
    crowd.addEventListener("change", count);
  }
})();
