/* What unfold's pages lack for keyboards and screen readers: its icons are letters of a font, which
   are read aloud, and some of its controls are bare elements that only a mouse can use. */
"use strict";
(() => {
  const CONTROLS = "span[x-on\\:click], div[x-on\\:click], a[x-on\\:click]:not([href])";

  const words = () => document.querySelector("main").dataset;
  const name = (element, said) => element?.setAttribute("aria-label", said);

  const makeControl = (element) => {
    element.setAttribute("role", "button");
    element.tabIndex = 0;
    const icon = element.classList.contains("material-symbols-outlined") && element.textContent.trim();
    if (icon) name(element, icon === "close" ? words().close : words().menu);
  };

  const hideIcon = (icon) => icon.setAttribute("aria-hidden", "true");

  // Django's boxes of two lists have a hint that has a name and no role.
  const nameHint = (hint) => hint.setAttribute("role", "img");

  // A box to search a person in is named by its label, which select2 does not pass on.
  const nameBox = (box) => {
    const field = box.closest(".select2-container").previousElementSibling;
    const said = field?.labels?.[0]?.textContent.trim() || words().search;
    for (const part of [box, box.querySelector("[role=textbox]")]) name(part, said);
  };

  const mend = () => {
    name(document.querySelector("#nav-sidebar-apps .simplebar-content-wrapper"), words().menu);
    document.querySelectorAll(`:is(${CONTROLS}):not([role])`).forEach(makeControl);
    document.querySelectorAll(".material-symbols-outlined:not([role], [aria-hidden])").forEach(hideIcon);
    document.querySelectorAll(".help-tooltip[aria-label]:not([role])").forEach(nameHint);
    document.querySelectorAll(".select2-selection[role=combobox]:not([aria-label])").forEach(nameBox);
  };

  document.addEventListener("keydown", (event) => {
    if (![" ", "Enter"].includes(event.key) || !event.target.matches(CONTROLS)) return;
    event.preventDefault();
    event.target.click();
  });
  document.addEventListener("DOMContentLoaded", () => {
    name(document.querySelector("#searchbar-submit"), words().search);
    mend();
    new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
  });
})();
