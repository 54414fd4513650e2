/* Taking a photo with the device's camera, which is asked for only once somebody wants that. */
"use strict";
(() => {
  const WANTED = { video: { facingMode: { ideal: "environment" }, width: { ideal: 1920 }, height: { ideal: 1080 } } };
  const QUALITY = 0.92;

  // Where a page may not ask for the camera, a phone still offers its own instead of a choice of files.
  const choose = (give) => {
    const input = Object.assign(document.createElement("input"), { type: "file", accept: "image/*" });
    input.setAttribute("capture", "environment");
    input.addEventListener("change", () => give([...input.files]));
    input.click();
  };

  const enhance = (dialog) => {
    const zone = dialog.previousElementSibling;
    const opener = zone.querySelector(".dropzone-camera button");
    const [video, canvas, said] = ["video", "canvas", "p"].map((name) => dialog.querySelector(name));
    const give = (photos) => zone.dispatchEvent(new CustomEvent("photos", { detail: photos }));
    let stream = null;

    const show = (state, sentence = "") => {
      said.textContent = sentence;
      for (const element of dialog.querySelectorAll("[data-when]")) element.hidden = element.dataset.when !== state;
      dialog.querySelector("button:not([hidden])").focus();
    };

    const stop = () => {
      stream?.getTracks().forEach((track) => track.stop());
      video.srcObject = stream = null;
    };

    const open = async () => {
      if (!navigator.mediaDevices?.getUserMedia) return choose(give);
      dialog.showModal();
      show("asking", dialog.dataset.asking);
      try {
        stream = await navigator.mediaDevices.getUserMedia(WANTED);
        if (!dialog.open) return stop(); // closed while the browser was asking
        video.srcObject = stream;
        await video.play();
        return show("live");
      } catch {
        return dialog.open && show("none", dialog.dataset.none);
      }
    };

    const acts = {
      take: () => {
        [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
        canvas.getContext("2d").drawImage(video, 0, 0);
        show("taken");
      },
      retake: () => show("live"),
      use: async () => {
        const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", QUALITY); });
        const taken = new Date().toLocaleString("sv").replaceAll(":", "."); // 2026-11-27 14.03.22
        give([new File([blob], `camera ${taken}.jpg`, { type: blob.type })]);
        dialog.close();
      },
      cancel: () => dialog.close(),
    };
    for (const button of dialog.querySelectorAll("[data-do]")) button.addEventListener("click", acts[button.dataset.do]);
    dialog.addEventListener("close", stop);
    opener.addEventListener("click", open);
    opener.hidden = false;
  };

  document.querySelectorAll("dialog.camera").forEach(enhance);
})();
