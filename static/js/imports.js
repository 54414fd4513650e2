/* A folder of people, chosen or dropped, sent in parts: nothing depends on one request of gigabytes. */
"use strict";
(() => {
  const [MOST_FILES, MOST_BYTES, TRIES] = [40, 60e6, 5];
  const LOOKED_AT = 3; // parts of a path; of what lies deeper only the name is sent

  const wait = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

  const send = async (url, options, tries = TRIES) => {
    try {
      const response = await fetch(url, options);
      if (response.status < 500) return response;
      throw new Error(response.statusText);
    } catch (error) {
      if (tries === 1) throw error;
      await wait(1000 * (TRIES - tries + 1));
      return send(url, options, tries - 1);
    }
  };

  // Everything below a folder that was dropped, as [path, file]; browsers hand it out piece by piece.
  const read = (reader) => new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
  const fileOf = (entry) => new Promise((resolve, reject) => { entry.file(resolve, reject); });
  const below = async (entry, path = entry.name) => {
    if (entry.isFile) return [[path, await fileOf(entry)]];
    const [reader, found] = [entry.createReader(), []];
    for (let some = await read(reader); some.length; some = await read(reader)) {
      for (const one of some) found.push(...await below(one, `${path}/${one.name}`));
    }
    return found;
  };

  const parts = function* (sent) {
    let [part, bytes] = [[], 0];
    for (const one of sent) {
      if (part.length === MOST_FILES || (part.length && bytes + one[1].size > MOST_BYTES)) {
        yield part;
        [part, bytes] = [[], 0];
      }
      part.push(one);
      bytes += one[1].size;
    }
    if (part.length) yield part;
  };

  const enhance = (form) => {
    const [zone, progress, button] = [".import-folder", ".import-progress", "button.primary"].map((name) => form.querySelector(name));
    const chosen = zone.querySelector(".import-chosen");
    const archive = form.elements.archive;
    const token = form.elements.csrfmiddlewaretoken.value;
    let sent = [];

    const choose = (files) => {
      sent = files;
      chosen.textContent = files.length ? `${files[0][0].split("/")[0]} · ${files.length}` : form.dataset.empty;
      archive.value = "";
    };

    const body = (part) => {
      const data = new FormData();
      for (const [path, file] of part) {
        data.append("path", path);
        data.append("file", path.split("/").length > LOOKED_AT ? new File([], file.name) : file);
      }
      return data;
    };

    const begun = async () => {
      form.elements.folder.value = "on";
      const response = await send(form.action, { method: "POST", body: new FormData(form) });
      if (response.redirected) return response.url;
      form.submit(); // the site has something to say of what was filled in
      return new Promise(() => {});
    };

    // The import that was broken off, if there is one, goes on with what has not arrived.
    let page = "";
    const sendAll = async () => {
      page ||= await begun();
      const there = new Set((await (await send(`${page}files/`)).json()).paths);
      let done = 0;
      for (const part of parts(sent)) {
        const left = part.filter(([path]) => !there.has(path));
        const options = { method: "POST", body: body(left), headers: { "X-CSRFToken": token } };
        const response = left.length ? await send(`${page}files/`, options) : null;
        if (response && !response.ok) throw new Error(await response.text());
        done += part.length;
        progress.textContent = `${form.dataset.sending} ${done} / ${sent.length}`;
      }
      await send(`${page}look/`, { method: "POST", headers: { "X-CSRFToken": token } });
      window.location.assign(page);
    };

    form.addEventListener("submit", async (event) => {
      if (!sent.length) return;
      event.preventDefault();
      button.disabled = true;
      try {
        await sendAll();
      } catch (error) {
        progress.textContent = error instanceof TypeError ? form.dataset.broken : error.message;
        button.disabled = false;
      }
    });

    zone.querySelector("input").addEventListener("change", ({ target }) => {
      choose([...target.files].map((file) => [file.webkitRelativePath, file]));
    });
    archive.addEventListener("change", () => { [sent, chosen.textContent] = [[], ""]; });
    document.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over"); });
    document.addEventListener("dragleave", () => form.classList.remove("over"));
    document.addEventListener("drop", async (event) => {
      event.preventDefault();
      form.classList.remove("over");
      const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
      if (entries.length === 1 && /\.zip$/i.test(entries[0].name)) {
        archive.files = event.dataTransfer.files;
        return archive.dispatchEvent(new Event("change"));
      }
      return choose((await Promise.all(entries.map((entry) => below(entry)))).flat());
    });
  };

  document.querySelectorAll("[data-import]").forEach(enhance);
})();
