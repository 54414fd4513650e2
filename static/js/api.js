// Tries the operations of the API in the session of whoever looks at their documentation.
"use strict";

for (const form of document.querySelectorAll(".operation form")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(form);
  });
}

async function ask(form) {
  const answer = form.querySelector(".answer");
  const response = await fetch(address(form), {
    method: form.dataset.method,
    headers: headers(form),
    body: body(form),
  });
  const lines = [`${response.status} ${response.statusText}`];
  for (const name of ["location", "ratelimit", "retry-after"]) {
    if (response.headers.has(name)) lines.push(`${name}: ${response.headers.get(name)}`);
  }
  answer.textContent = `${lines.join("\n")}\n\n${readable(await response.text())}`;
  answer.hidden = false;
}

function fields(form, place) {
  return [...form.querySelectorAll(`[data-in="${place}"]`)].filter((field) => field.value !== "");
}

function address(form) {
  let path = form.dataset.path;
  for (const field of fields(form, "path")) {
    path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
  }
  const query = new URLSearchParams(fields(form, "query").map((field) => [field.name, field.value]));
  return query.size ? `${path}?${query}` : path;
}

function headers(form) {
  const sent = { "X-CSRFToken": form.closest(".api").dataset.csrf };
  if (fields(form, "json").length) sent["Content-Type"] = "application/json";
  for (const field of fields(form, "header")) sent[field.name] = field.value;
  return sent;
}

function body(form) {
  const [json] = fields(form, "json");
  if (json) return json.value;
  const files = fields(form, "file");
  if (!files.length) return undefined;
  const data = new FormData();
  for (const field of files) {
    for (const file of field.files) data.append(field.name, file);
  }
  return data;
}

function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
