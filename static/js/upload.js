/* Dropping, previewing and checking photos before they are sent. The form works without it. */
"use strict";
(() => {
  const PHOTO = /\.(jpe?g|png|webp|heic|heif|avif)$/i;
  const PREVIEW = 112;
  const LARGE = 2e6; // bytes: what is smaller is sent before it could be made smaller
  // Beyond this many, a camera's pixels are too small to see more each: a half of each side is kept.
  const [MOST_PIXELS, KEPT_PIXELS, QUALITY] = [25e6, 12.5e6, 0.85];

  // As `recognition/formats.py` says it: rounded up, so that no excess looks allowed.
  const [KILO, MEGA] = [2 ** 10, 2 ** 20];
  const size = (bytes) =>
    new Intl.NumberFormat(document.documentElement.lang, {
      style: "unit", unit: bytes < MEGA ? "kilobyte" : "megabyte", useGrouping: false,
    }).format(bytes < MEGA ? Math.ceil(bytes / KILO) : Math.ceil((10 * bytes) / MEGA) / 10);

  const element = (name, className, text = "") =>
    Object.assign(document.createElement(name), { className, textContent: text });

  const draw = async (file, canvas) => {
    if (!canvas.isConnected) return; // taken away before its turn came
    try {
      const picture = await createImageBitmap(file, { resizeWidth: 2 * PREVIEW });
      const scale = PREVIEW / Math.min(picture.width, picture.height);
      const [width, height] = [picture.width * scale, picture.height * scale];
      canvas.getContext("2d").drawImage(picture, (PREVIEW - width) / 2, (PREVIEW - height) / 2, width, height);
      picture.close();
    } catch {
      canvas.classList.add("none"); // HEIC in most browsers; the site itself reads it
    }
  };

  // One after the other: twenty photos decoded at once are more than a phone has memory for.
  const previews = new WeakMap();
  let turn = Promise.resolve();
  const preview = (file) => {
    if (!previews.has(file)) {
      const canvas = element("canvas", "");
      canvas.width = canvas.height = PREVIEW;
      previews.set(file, canvas);
      turn = turn.then(() => draw(file, canvas));
    }
    return previews.get(file);
  };

  // A photo that takes long to send, as a smaller JPEG; itself where the browser cannot or it gains little.
  const redraw = async (file) => {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const pixels = picture.width * picture.height;
    const scale = pixels > MOST_PIXELS ? Math.sqrt(KEPT_PIXELS / pixels) : 1;
    const canvas = element("canvas", "");
    [canvas.width, canvas.height] = [Math.round(picture.width * scale), Math.round(picture.height * scale)];
    const pen = Object.assign(canvas.getContext("2d"), { imageSmoothingQuality: "high", fillStyle: "white" });
    pen.fillRect(0, 0, canvas.width, canvas.height); // behind anything transparent
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", QUALITY); });
    canvas.width = canvas.height = 0; // gives the memory back
    return blob && blob.size < file.size / 2 ? new File([blob], file.name, { type: blob.type }) : file;
  };

  const redrawn = new WeakMap(); // while others are still being chosen; a photo can be chosen twice
  const smaller = (file) => {
    if (file.size < LARGE) return file;
    if (!redrawn.has(file)) {
      turn = turn.then(() => redraw(file)).catch(() => file);
      redrawn.set(file, turn);
      turn.then((sent) => weights.set(file, sent.size));
    }
    return redrawn.get(file);
  };
  const weights = new WeakMap(); // in bytes, of what is sent
  const weight = (file) => weights.get(file) ?? file.size;

  const enhance = (zone) => {
    const { dataset } = zone;
    const input = zone.querySelector("input[type=file]");
    const list = zone.querySelector(".chosen");
    const errors = zone.querySelector(".dropzone-errors");
    const button = zone.querySelector("button.primary");
    const form = zone.closest("form");
    const choices = [zone.querySelector(".dropzone-choose").textContent, dataset.more];

    const problem = (file) => {
      if (!PHOTO.test(file.name) && !file.type.startsWith("image/")) return dataset.notPhoto;
      if (!file.size) return dataset.empty;
      return weight(file) > Number(dataset.maxBytes) ? dataset.tooLarge : "";
    };

    const obstacle = (files) => {
      if (files.length > Number(dataset.maxFiles)) return dataset.tooMany;
      const total = files.reduce((sum, file) => sum + weight(file), 0);
      return total > Number(dataset.maxTotal) ? dataset.tooMuch : "";
    };

    const fill = (files) => {
      const transfer = new DataTransfer();
      for (const file of files) transfer.items.add(file);
      input.files = transfer.files;
    };

    const choose = (files) => {
      fill(files);
      show();
    };
    const add = (files) => choose(dataset.maxFiles === "1" ? [...files] : [...input.files, ...files]);

    const item = (file, index) => {
      const row = element("li", problem(file) ? "bad" : "");
      const takeAway = element("button", "take-away", "×");
      takeAway.type = "button";
      takeAway.setAttribute("aria-label", `${dataset.takeAway}: ${file.name}`);
      takeAway.addEventListener("click", () => {
        choose([...input.files].filter((_, other) => other !== index));
        input.focus();
      });
      const text = element("span", "chosen-text");
      const details = [size(file.size), problem(file)].filter(Boolean).join(" · ");
      text.append(element("b", "", file.name), element("span", "small", details));
      row.append(preview(file), text, takeAway);
      return row;
    };

    const show = () => {
      const files = [...input.files];
      list.replaceChildren(...files.map(item));
      list.hidden = files.length === 0;
      zone.classList.toggle("filled", files.length > 0);
      zone.querySelector(".dropzone-choose").textContent = choices[Number(files.length > 0)];
      if (files.length > 0) errors.textContent = obstacle(files);
      button.disabled = obstacle(files) !== "";
      files.forEach(async (file) => {
        const trouble = problem(file) + obstacle(files);
        await smaller(file);
        if (problem(file) + obstacle(files) !== trouble) show();
      });
    };

    let depth = 0;
    const over = (by) => {
      depth = by ? depth + by : 0;
      zone.classList.toggle("over", depth > 0);
    };
    zone.addEventListener("dragenter", (event) => { event.preventDefault(); over(1); });
    zone.addEventListener("dragleave", () => over(-1));
    // Beside the zone too, where the browser would leave the page for a file that is dropped.
    document.addEventListener("dragover", (event) => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
    });
    document.addEventListener("drop", (event) => {
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      over(0);
      add(event.dataTransfer.files);
    });
    input.addEventListener("change", show);
    zone.addEventListener("photos", (event) => add(event.detail)); // of the camera
    document.addEventListener("paste", (event) => {
      if (event.clipboardData?.files.length) add(event.clipboardData.files);
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.setAttribute("aria-busy", "true");
      button.textContent = dataset.busy;
      button.disabled = true; // a second click must not send the photos twice
      fill(await Promise.all([...input.files].map(smaller)));
      form.submit();
    });
    window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
    zone.classList.add("ready");
    show();
  };

  document.querySelectorAll("[data-dropzone]").forEach(enhance);
})();
