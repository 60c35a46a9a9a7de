// Sliders beside the numbers of the plan's form, and the plan anew while they move. Without this script the form
// is sent by its button, and says the same.

const form = document.getElementById("plan-form");
const place = document.getElementById("plan");
const STEPS = 1000;
let timer = 0;
let planning = false;
let again = false;

/** Where on its slider a number stands, and back. */
const scale = ({ least, most, log, whole }) => ({
  place: (value) =>
    log
      ? (STEPS * Math.log(Math.max(value, least) / least)) / Math.log(most / least)
      : (STEPS * (value - least)) / (most - least),
  value: (at) => {
    const value = log ? least * (most / least) ** (at / STEPS) : least + ((most - least) * at) / STEPS;
    return whole ? rounded(Math.round(value)) : Number(value.toPrecision(2));
  },
});

/** Two figures say enough of a large number that a slider gave. */
const rounded = (value) => (value < 100 ? value : Number(value.toPrecision(2)));

for (const slider of form.querySelectorAll("[data-slides]")) {
  const { slides, log, least, most, whole } = slider.dataset;
  const number = document.getElementById(slides);
  const scaled = scale({ least: Number(least), most: Number(most), log: log === "1", whole: whole === "1" });
  slider.max = STEPS;
  const follow = () => {
    slider.value = number.value === "" ? 0 : scaled.place(Number(number.value) || 0);
    slider.setAttribute("aria-valuetext", number.value || "auto");
  };
  slider.addEventListener("input", () => {
    number.value = scaled.value(Number(slider.value));
    slider.setAttribute("aria-valuetext", number.value);
    soon();
  });
  number.addEventListener("input", () => {
    follow();
    soon();
  });
  follow();
  slider.hidden = false;
}
document.getElementById("plan-button").hidden = true;

function soon() {
  clearTimeout(timer);
  timer = setTimeout(plan, 120);
}

/** Ask for a plan; one question at a time, and the latest when it is answered. */
async function plan() {
  again = planning;
  if (planning) return;
  planning = true;
  try {
    await ask();
  } finally {
    planning = false;
  }
  if (again) await plan();
}

async function ask() {
  const query = new URLSearchParams(new FormData(form)).toString();
  let answer;
  try {
    answer = await fetch(`/economics/plan?${query}`);
  } catch {
    return say("The server can't be reached: these are the last plans it made.");
  }
  if (!answer.ok) return say(`The server answered ${answer.status}: reload the page.`);
  place.innerHTML = await answer.text();
  for (const number of form.querySelectorAll("input[name]")) mark(number);
  history.replaceState(null, "", `?${query}`);
}

function mark(number) {
  const wrong = place.querySelector(`[data-wrong="${number.name}"]`);
  document.getElementById(`${number.name}-wrong`).textContent = wrong ? wrong.textContent : "";
  if (wrong) number.setAttribute("aria-invalid", "true");
  else number.removeAttribute("aria-invalid");
}

function say(words) {
  const note = document.createElement("p");
  note.className = "fault";
  note.textContent = words;
  place.prepend(note);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  plan();
});
