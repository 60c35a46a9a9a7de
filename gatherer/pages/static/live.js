// Keeps a page up to date. An element <p role="status" data-live="/live/..."> starts a stream; it says there
// whether the page is live. The stream's events are:
//   fragments  {id: html}: what is inside the element of that id becomes the html
//   data       any JSON: handed to document as the event "live" (event.detail)
//   trouble    the server could not look this time
//   gone       what is watched was deleted; the end follows
//   end        nothing will change any more
// What is replaced keeps its nodes where they stay the same, so that focus, opened details, scrolling and
// transitions survive.

const FIRST_RETRY = 1000;
const LAST_RETRY = 20000;

/** Make the children of `old` those of `fresh`, changing as little as possible. */
function morphChildren(old, fresh) {
  const wanted = [...fresh.childNodes];
  for (const [index, node] of wanted.entries()) {
    const present = old.childNodes[index];
    if (!present) old.append(node);
    else if (!same(present, node)) present.replaceWith(node);
    else morph(present, node);
  }
  while (old.childNodes.length > wanted.length) old.lastChild.remove();
}

const same = (a, b) =>
  a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id ?? "") === (b.id ?? "");

function morph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  // What a page's own script has filled stays as it is.
  if (old.isEqualNode(fresh) || old.hasAttribute("data-keep")) return;
  for (const { name } of [...old.attributes]) {
    // Whether details are open is the reader's choice.
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  morphChildren(old, fresh);
}

function swap(fragments) {
  for (const [id, html] of Object.entries(fragments)) {
    const place = document.getElementById(id);
    if (!place) continue;
    const template = document.createElement("template");
    template.innerHTML = html;
    localise(template.content);
    morphChildren(place, template.content);
  }
}

/** Moments in the reader's own time zone. */
function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.valueOf())) continue;
    time.title = time.title || time.textContent;
    time.textContent = moment.toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });
  }
}

function watch(line) {
  let retry = FIRST_RETRY;
  let last = "ended";
  const say = (state, words) => {
    line.dataset.state = state;
    if (line.textContent !== words) line.textContent = words;
  };
  const connect = () => {
    const source = new EventSource(line.dataset.live);
    source.addEventListener("open", () => {
      retry = FIRST_RETRY;
      say("live", "live");
    });
    source.addEventListener("fragments", (event) => {
      swap(JSON.parse(event.data));
      say("live", "live");
    });
    source.addEventListener("data", (event) => {
      say("live", "live");
      document.dispatchEvent(new CustomEvent("live", { detail: JSON.parse(event.data) }));
    });
    source.addEventListener("trouble", () => say("waiting", "waiting for news"));
    source.addEventListener("gone", () => {
      last = "deleted";
    });
    source.addEventListener("end", () => {
      source.close();
      say("ended", last);
      document.dispatchEvent(new CustomEvent("live-end"));
    });
    source.addEventListener("error", () => {
      // A browser tries again by itself after a cut, but not after an answer such as 503.
      source.close();
      say("waiting", "reconnecting");
      setTimeout(connect, retry);
      retry = Math.min(retry * 2, LAST_RETRY);
    });
    addEventListener("pagehide", () => source.close(), { once: true });
  };
  addEventListener("pageshow", (event) => event.persisted && connect());
  connect();
}

localise(document);
for (const line of document.querySelectorAll("[data-live]")) watch(line);
