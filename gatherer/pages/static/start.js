// The form that starts a training: offers the columns of the chosen file, shows how far an upload is, and puts
// errors at their fields. Without it the form is sent as it is.

const form = document.getElementById("start");
const file = document.getElementById("file");
const sample = document.getElementById("sample");
const HEAD_BYTES = 256 * 1024;

/** The cells of the first record of a CSV text; quotes may hold commas and line ends. */
export function header(text) {
  const cells = [];
  let cell = "";
  let quoted = false;
  for (let at = text.charCodeAt(0) === 0xfeff ? 1 : 0; at < text.length; at += 1) {
    const letter = text[at];
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === ",") {
      cells.push(cell);
      cell = "";
    } else if (letter === "\n" || letter === "\r") break;
    else cell += letter;
  }
  return [...cells, cell].map((name) => name.trim());
}

/** Let the target be chosen among the file's columns. */
async function offerColumns() {
  const chosen = file.files[0];
  if (!chosen) return;
  const columns = header(await chosen.slice(0, HEAD_BYTES).text());
  const old = document.getElementById("target");
  const select = document.createElement("select");
  for (const { name, value } of old.attributes) {
    if (["id", "name", "required", "aria-describedby"].includes(name)) select.setAttribute(name, value);
  }
  for (const column of columns) select.append(new Option(column, column));
  if (columns.includes(old.value)) select.value = old.value;
  old.replaceWith(select);
}

function clearFaults() {
  document.getElementById("start-fault").hidden = true;
  for (const place of form.querySelectorAll(".wrong")) place.textContent = "";
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

/** Show each error at its field; what has no field goes above the form. Returns whether none was left over. */
function showProblem(problem) {
  const rest = [];
  let first = null;
  for (const { field, detail } of problem.errors ?? []) {
    const name = field.split(".")[0];
    const place = document.getElementById(`${name}-wrong`);
    const input = document.getElementById(name);
    if (!place || !input) {
      rest.push(`${field}: ${detail}`);
      continue;
    }
    place.textContent = detail;
    input.setAttribute("aria-invalid", "true");
    input.closest("details")?.setAttribute("open", "");
    first ??= input;
  }
  if (!first && rest.length === 0) rest.push(problem.detail || problem.title || "the training was not started");
  const fault = document.getElementById("start-fault");
  fault.textContent = rest.join("; ");
  fault.hidden = rest.length === 0;
  first?.focus();
}

/** The parameters that were given, as texts. */
function parameters() {
  const given = {};
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && value.trim() !== "") given[name] = value.trim();
  }
  return given;
}

const TEXTS = ["dataset", "target", "oppose_profile", "leaf_grain", "job"];

/** As JSON wants them: numbers as numbers. */
function typed(given) {
  const found = {};
  for (const [name, value] of Object.entries(given)) {
    if (name === "dry_run") found[name] = value === "true";
    else if (TEXTS.includes(name) || !Number.isFinite(Number(value))) found[name] = value;
    else found[name] = Number(value);
  }
  return found;
}

function key() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** POST with progress, which fetch can't tell of uploads. */
function send(body, type) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/v9/train");
    request.setRequestHeader("Idempotency-Key", key());
    if (type) request.setRequestHeader("Content-Type", type);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) showUpload(event.loaded, event.total);
    });
    request.addEventListener("load", () => resolve(request));
    request.addEventListener("error", () => reject(new Error("the server can't be reached: try again")));
    request.send(body);
  });
}

function showUpload(loaded, total) {
  document.getElementById("upload").hidden = false;
  document.getElementById("upload-bar").value = total ? loaded / total : 1;
  const megabytes = (bytes) => (bytes / 1048576).toFixed(1);
  document.getElementById("upload-said").textContent =
    loaded === total ? "starting…" : `${megabytes(loaded)} of ${megabytes(total)} MiB`;
}

async function start() {
  clearFaults();
  const given = parameters();
  const chosen = file.files[0];
  if (Boolean(chosen) === Boolean(given.dataset)) {
    const detail = chosen ? "choose a file or an address, not both" : "choose a file, or an address in S3";
    showProblem({ errors: [{ field: chosen ? "dataset" : "file", detail }] });
    return;
  }
  if (!given.target) {
    showProblem({ errors: [{ field: "target", detail: "name the column to learn" }] });
    return;
  }
  const button = document.getElementById("submit");
  button.disabled = true;
  try {
    let answer;
    if (chosen) {
      const body = new FormData();
      delete given.dataset;
      for (const [name, value] of Object.entries(given)) body.append(name, value);
      body.append("file", chosen);
      answer = await send(body, null);
    } else answer = await send(JSON.stringify(typed(given)), "application/json");
    if (answer.status === 202) {
      location.assign(answer.response.run_url);
      return;
    }
    showProblem(answer.response ?? { detail: `the server answered with status ${answer.status}` });
  } catch (error) {
    showProblem({ detail: error.message });
  }
  document.getElementById("upload").hidden = true;
  button.disabled = false;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  start();
});
file.addEventListener("change", offerColumns);
sample.hidden = false;
sample.addEventListener("click", async () => {
  const response = await fetch("/samples/penguins.csv");
  const chosen = new DataTransfer();
  chosen.items.add(new File([await response.blob()], "penguins.csv", { type: "text/csv" }));
  file.files = chosen.files;
  await offerColumns();
  document.getElementById("target").value = "species";
  document.getElementById("bucket").value ||= 40;
  document.getElementById("tau").value ||= 100;
});
if (file.files.length > 0) offerColumns(); // a reload keeps the choice
