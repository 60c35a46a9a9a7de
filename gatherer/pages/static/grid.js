// The grid's keys and its panel of details. Without this script the cells are links to the same page with
// ?shard=NN, which shows the same.

const cells = document.getElementById("grid-cells");
const table = document.getElementById("grid-table");
const facts = document.getElementById("shard-facts");
const heading = document.getElementById("shard");
const hint = document.getElementById("shard-none");
const chosenRule = new CSSStyleSheet();
document.adoptedStyleSheets = [...document.adoptedStyleSheets, chosenRule];

const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -10, ArrowDown: 10 };
const cellOf = (number) => document.getElementById(`cell-${String(number).padStart(2, "0")}`);

function target(event, from) {
  if (event.key in STEPS) return from + STEPS[event.key];
  if (event.key === "Home") return event.ctrlKey ? 0 : from - (from % 10);
  if (event.key === "End") return event.ctrlKey ? 99 : from - (from % 10) + 9;
  return -1;
}

cells.addEventListener("keydown", (event) => {
  const cell = event.target.closest(".cell");
  if (!cell) return;
  if (event.key === " ") {
    event.preventDefault();
    show(cell.id.slice(5));
    return;
  }
  const number = target(event, Number(cell.id.slice(5)));
  if (number < 0 || number > 99) return;
  event.preventDefault();
  cellOf(number).focus();
});

cells.addEventListener("click", (event) => {
  const cell = event.target.closest(".cell");
  if (!cell || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(cell.id.slice(5));
});

/** Show a shard's row of the table in the panel. */
function show(shard) {
  facts.dataset.shard = shard;
  refresh();
  const address = new URL(location.href);
  address.searchParams.set("shard", shard);
  history.replaceState(null, "", address);
}

function refresh() {
  const shard = facts.dataset.shard;
  if (!shard) return;
  heading.textContent = `Shard ${shard}`;
  chosenRule.replaceSync(`#cell-${shard} { outline: 2px solid var(--accent); outline-offset: 1px; }`);
  const names = [...table.querySelectorAll("thead th")].slice(1).map((name) => name.textContent);
  const row = document.getElementById(`row-${shard}`);
  hint.hidden = Boolean(row);
  if (!row) hint.textContent = "It is idle: nothing of what is shown was handed to it.";
  const values = row ? [...row.cells].slice(1).map((value) => value.textContent) : [];
  facts.replaceChildren(...values.map((value, index) => fact(names[index], value)));
}

function fact(name, value) {
  const line = document.createElement("div");
  line.append(document.createElement("dt"), document.createElement("dd"));
  line.firstChild.textContent = name;
  line.lastChild.textContent = value;
  return line;
}

new MutationObserver(refresh).observe(table, { childList: true, subtree: true, characterData: true });
refresh();

document.getElementById("run").addEventListener("change", (event) => event.target.form.requestSubmit());
