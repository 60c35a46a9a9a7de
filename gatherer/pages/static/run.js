// The page of a run: asking its model, and deleting it.

const problemOf = async (response) => {
  try {
    const problem = await response.json();
    return problem.detail || problem.title || `status ${response.status}`;
  } catch {
    return `the server answered with status ${response.status}`;
  }
};

/** A new element with attributes and children. */
function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function rowOf(form) {
  const row = {};
  for (const input of form.querySelectorAll("[data-column]")) {
    const text = input.value.trim();
    const number = Number(text);
    const numeric = input.dataset.type === "N" && text !== "" && Number.isFinite(number);
    row[input.dataset.column] = numeric ? number : text;
  }
  return row;
}

async function ask(modelId, mode, row) {
  const response = await fetch("/v9/predict-sync", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ model_id: modelId, mode, rows: [row] }),
  });
  if (!response.ok) throw new Error(await problemOf(response));
  return (await response.json()).answers[0];
}

function bars(probabilities) {
  const sorted = Object.entries(probabilities).sort((a, b) => b[1] - a[1]);
  const list = make("div", { class: "bars", id: "ask-probabilities" });
  for (const [name, part] of sorted) {
    const said = `${(part * 100).toFixed(1).replace(/\.0$/, "")} %`;
    const progress = make("progress", { value: part, max: 1, "aria-label": name }, said);
    list.append(
      make(
        "div",
        { class: "bar", "data-class": name, "data-probability": part },
        make("span", { class: "bar-name" }, name),
        progress,
        make("span", { class: "bar-said" }, said),
      ),
    );
  }
  return list;
}

async function answer(form) {
  const place = document.getElementById("ask-answer");
  const button = form.querySelector("button");
  const row = rowOf(form);
  button.disabled = true;
  place.replaceChildren(make("p", { class: "soft" }, "asking the shards…"));
  try {
    const modes = ["prediction", "probability", "audit"];
    const [prediction, probability, audit] = await Promise.all(
      modes.map((mode) => ask(form.dataset.ask, mode, row)),
    );
    const text = typeof audit === "string" ? audit : JSON.stringify(audit, null, 2);
    place.replaceChildren(
      make("p", { class: "answer", id: "ask-prediction" }, String(prediction)),
      bars(probability),
      make("h3", {}, "Why"),
      make("pre", { tabindex: "0", "aria-label": "audit", id: "ask-audit" }, text),
    );
  } catch (error) {
    place.replaceChildren(make("p", { class: "fault", role: "alert" }, error.message));
  } finally {
    button.disabled = false;
  }
}

// The form may come while the page is open: listen above it.
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-ask]")) {
    event.preventDefault();
    answer(event.target);
  }
});

const dialog = document.getElementById("delete-dialog");
const opener = document.querySelector("[data-delete]");
if (dialog && opener) {
  const fault = document.getElementById("delete-fault");
  opener.addEventListener("click", () => {
    fault.hidden = true;
    dialog.showModal();
  });
  document.getElementById("delete-confirm").addEventListener("click", async (event) => {
    event.preventDefault();
    const response = await fetch(opener.dataset.delete, { method: "DELETE" });
    if (response.ok) {
      location.assign("/runs");
      return;
    }
    fault.textContent = await problemOf(response);
    fault.hidden = false;
  });
}
