// Plays a run again: the server sent the times of all its packets once (#timeline), this draws the cells.
// What a shard's state is at a moment is what snakebatch.mesh.activity.replayed says.

const ORDER = ["idle", "done", "waiting", "running"];

function stateOf(packet, moment) {
  if (moment >= packet.ended) return "done";
  if (moment >= packet.began) return "running";
  return moment >= packet.handed ? "waiting" : "idle";
}

/** Each shard's state, role, packets at work or waiting, and whether its last start was cold. */
export function shardsAt(packets, moment) {
  const shards = new Map();
  for (const packet of packets) {
    const state = stateOf(packet, moment);
    if (state === "idle") continue;
    const shard = shards.get(packet.shard) ?? { state: "idle", role: "none", open: 0, cold: false };
    if (ORDER.indexOf(state) >= ORDER.indexOf(shard.state)) Object.assign(shard, { state, role: packet.role });
    if (state === "done") shard.cold = packet.cold;
    else shard.open += 1;
    shards.set(packet.shard, shard);
  }
  return shards;
}

function start({ seconds, packets }) {
  const player = document.getElementById("player");
  const play = document.getElementById("play");
  const slider = document.getElementById("moment");
  const said = document.getElementById("said");
  const speed = document.getElementById("speed");
  const status = document.getElementById("replay-status");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const counts = document.querySelectorAll("#grid-figures dd");
  let playing = 0; // the timer, or the frame's number
  let last = 0;

  function draw(moment) {
    const shards = shardsAt(packets, moment);
    const tally = { running: 0, waiting: 0, done: 0 };
    for (const packet of packets) {
      const state = stateOf(packet, moment);
      if (state in tally) tally[state] += 1;
    }
    for (let number = 0; number < 100; number += 1) {
      const name = String(number).padStart(2, "0");
      const shard = shards.get(name);
      paint(document.getElementById(`cell-${name}`), name, shard);
    }
    const atWork = [...shards.values()].filter((shard) => shard.state === "running").length;
    counts[0].firstChild.textContent = `${atWork} `;
    counts[1].textContent = tally.running;
    counts[2].textContent = tally.waiting;
    counts[3].textContent = tally.done;
    said.textContent = `${moment.toFixed(1)} of ${seconds.toFixed(1)} s`;
    slider.setAttribute("aria-valuetext", `${moment.toFixed(1)} seconds: ${tally.running} at work, ${tally.done} done`);
  }

  function paint(cell, name, shard) {
    const role = shard?.role ?? "none";
    const state = shard?.state ?? "idle";
    cell.className = `cell ${state} ${role}`;
    cell.querySelector("use").setAttribute("href", `#shape-${role}`);
    cell.querySelector(".letter").textContent = shard ? role[0].toUpperCase() : "";
    cell.querySelector(".count").textContent = shard && shard.open > 1 ? shard.open : "";
    cell.querySelector(".cold").textContent = shard?.state === "done" && shard.cold ? "c" : "";
    const words = shard ? `Shard ${name}: ${role}, ${state === "running" ? "at work" : state}` : `Shard ${name}: idle`;
    cell.setAttribute("aria-label", words);
    cell.title = words;
  }

  const seek = (moment) => {
    slider.value = moment;
    draw(moment);
  };

  function stop() {
    clearTimeout(playing);
    cancelAnimationFrame(playing);
    playing = 0;
    play.textContent = "Play";
    status.textContent = said.textContent;
  }

  function advance(now) {
    const rate = Number(speed.value) || seconds / 10;
    const moment = Math.min(seconds, Number(slider.value) + (rate * (now - last)) / 1000);
    last = now;
    seek(moment);
    if (moment >= seconds) stop();
    else next();
  }

  // Who wants no motion gets a picture every second instead of a film.
  const next = () => {
    playing = still.matches
      ? setTimeout(() => advance(performance.now()), 1000)
      : requestAnimationFrame(advance);
  };

  play.addEventListener("click", () => {
    if (playing) {
      stop();
      return;
    }
    if (Number(slider.value) >= seconds) seek(0);
    play.textContent = "Pause";
    last = performance.now();
    next();
  });
  slider.addEventListener("input", () => draw(Number(slider.value)));
  player.hidden = false;
  seek(0);
}

const drawn = JSON.parse(document.getElementById("timeline")?.textContent ?? "null");
if (drawn) start(drawn);
