// Keeps a page up to date: asks each second, and is told mostly that nothing changed.
// Without this script the page stands as of its time.
"use strict";
(() => {
  const live = document.getElementById("live");
  if (!live) return;
  const word = live.querySelector("span");
  const reload = live.querySelector("a"); // a wall has none, but a clock
  const face = live.querySelector("time");
  const own = document.currentScript.getAttribute("src");
  const LOST_AFTER = 5000;
  const PATIENCE = 10000;
  const PAUSES = [1000, 1000, 2000, 4000, 8000, 15000, 30000]; // after so many failures in a row
  let tag = live.dataset.tag;
  let wellAt = Date.now();
  let shownAt = Date.now(); // since when somebody looks
  let failures = 0;
  let timer = null;
  let asked = null; // the request under way
  let fresh = null; // what came while somebody was busy here
  let freshAt = 0;
  const unfolded = new WeakSet(); // what the page itself shows open

  // Clocks

  const units = [[86400, "d"], [3600, "h"], [60, "min"]];
  const roughly = (seconds) => {
    const told = [];
    for (const [size, unit] of units) {
      const count = Math.floor(seconds / size);
      seconds %= size;
      if (count) told.push(`${count} ${unit}`);
    }
    return told.slice(0, 2).join(" ") || "under 1 min";
  };
  const ago = (seconds) => {
    const found = [...units, [1, "s"]].find(([size]) => seconds >= size) || [1, "s"];
    return `${Math.floor(seconds / found[0])} ${found[1]} ago`;
  };
  const say = (place, text) => {
    if (place.textContent !== text) place.textContent = text;
  };
  const clock = (at) => `${new Date(at).toISOString().slice(11, 19)} UTC`;
  const tick = () => {
    for (const each of document.querySelectorAll("time[data-since]")) {
      const seconds = (Date.now() - Date.parse(each.dateTime)) / 1000;
      say(each, ago(Math.max(seconds, 0)));
    }
    for (const each of document.querySelectorAll("[data-until]")) {
      const seconds = (Date.parse(each.dataset.until) - Date.now()) / 1000;
      const long = roughly(Math.max(seconds, 0));
      say(each, "plain" in each.dataset ? long : `${long} left`);
    }
  };

  // A time is written in UTC. By the clocks of the reader it stands in its title, and beside a
  // deadline in brackets.
  const nearby = new Intl.DateTimeFormat("en-GB", {
    weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  });
  const prepare = (root) => {
    for (const each of root.querySelectorAll("details[open]")) unfolded.add(each);
    for (const each of root.querySelectorAll("time")) {
      const at = new Date(each.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      each.title = nearby.format(at);
      if (each.hasAttribute("data-deadline") && at.getTimezoneOffset()) each.append(` (${nearby.format(at)})`);
    }
  };

  // What stands in the head: only what was just confirmed is called live.

  const paint = () => {
    const lostSince = Math.max(wellAt, shownAt);
    const isLost = Date.now() - lostSince > LOST_AFTER;
    const lost = face ? "not live since" : `not live since ${clock(wellAt)}`;
    const said = isLost ? lost : fresh ? `changed at ${clock(freshAt)}` : "live";
    live.className = isLost || fresh ? "state ask" : "state ok";
    if (reload && (isLost || fresh)) live.append(reload);
    else reload?.remove();
    say(word, said);
    if (face) {
      face.dateTime = new Date(wellAt).toISOString();
      say(face, clock(wellAt));
    }
  };

  // Nothing is taken from under somebody's hands: what is open, written or marked stays.

  const isChanged = (each) => {
    if (each.type === "hidden") return false;
    if (each.type === "checkbox" || each.type === "radio") return each.checked !== each.defaultChecked;
    return each.value !== each.defaultValue;
  };
  const isBusy = () => {
    const main = document.getElementById("main");
    const at = document.activeElement;
    const marked = document.getSelection();
    return Boolean(
      [...main.querySelectorAll("details[open]")].some((each) => !unfolded.has(each)) ||
        (at && main.contains(at) && at.matches("input, select, textarea")) ||
        [...main.querySelectorAll("input, textarea")].some(isChanged) ||
        (marked && !marked.isCollapsed && main.contains(marked.anchorNode)),
    );
  };
  const likeness = (element) => [element.tagName, element.id, element.getAttribute("href"), element.textContent.trim()].join("|");
  const replace = (found) => {
    const main = document.getElementById("main");
    const at = document.activeElement;
    const wanted = at && main.contains(at) && at !== main ? likeness(at) : null;
    const place = window.scrollY;
    const next = document.adoptNode(found.getElementById("main"));
    prepare(next);
    main.replaceWith(next);
    document.title = found.title;
    if (wanted) {
      const same = [...next.querySelectorAll("a, button, input, summary, [tabindex]")].find((each) => likeness(each) === wanted);
      if (same) same.focus({ preventScroll: true });
    }
    if (window.scrollY !== place) window.scrollTo(window.scrollX, place);
  };
  // While two versions answer in turns, the page is loaded again once for each.
  const isFirst = (script) => {
    try {
      const seen = sessionStorage.getItem("scripts") || "";
      if (seen.includes(script)) return false;
      sessionStorage.setItem("scripts", `${seen.slice(-200)} ${script}`);
      return true;
    } catch {
      return false; // a browser that keeps nothing
    }
  };
  const settle = () => {
    if (!fresh || isBusy()) return;
    const found = fresh;
    fresh = null;
    if (!found.getElementById("live")) return location.reload(); // logged out, perhaps
    const script = found.querySelector("script[src]").getAttribute("src");
    if (script !== own && isFirst(script)) return location.reload(); // another version is there
    replace(found);
  };

  const ask = async () => {
    asked = new AbortController();
    const patience = setTimeout(() => asked.abort(), PATIENCE);
    try {
      const answer = await fetch(location.href, {
        headers: { "If-None-Match": tag }, cache: "no-store", signal: asked.signal,
      });
      if ([200, 401, 403, 404, 410].includes(answer.status)) {
        fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        freshAt = Date.now();
        const mark = fresh.getElementById("live");
        if (mark) tag = mark.dataset.tag;
      } else if (answer.status !== 304) {
        throw new Error(String(answer.status));
      }
      wellAt = Date.now();
      failures = 0;
    } catch {
      failures += 1;
    } finally {
      clearTimeout(patience);
      asked = null;
    }
  };
  const look = async () => {
    timer = null;
    if (document.hidden) return; // it goes on as soon as somebody looks
    await ask();
    settle();
    tick();
    paint();
    if (!document.hidden) timer = setTimeout(look, PAUSES[Math.min(failures, PAUSES.length - 1)]);
  };
  const resume = () => {
    if (document.hidden) return;
    shownAt = Date.now();
    tick();
    if (asked) return;
    clearTimeout(timer);
    failures = 0;
    look();
  };
  document.addEventListener("visibilitychange", resume);
  window.addEventListener("pageshow", (event) => event.persisted && resume()); // back and forward
  window.addEventListener("online", resume);
  setInterval(() => {
    if (document.hidden) return;
    settle();
    tick();
    paint();
  }, 1000);

  // What a release phase prints, as it comes; the style sheet keeps its newest line in sight.

  const MOST_SHOWN = 60000;
  let isReading = false;
  const readOn = async () => {
    const place = document.getElementById("output");
    if (!place || "over" in place.dataset || document.hidden || isReading) return;
    isReading = true;
    try {
      const answer = await fetch(`${place.dataset.path}?offset=${place.dataset.from}`, {
        cache: "no-store", signal: AbortSignal.timeout(PATIENCE),
      });
      if (!answer.ok) return;
      const piece = await answer.json();
      const shown = place.querySelector("pre");
      if (piece.from !== Number(place.dataset.from)) shown.textContent = piece.text;
      else if (piece.text) shown.append(piece.text);
      if (shown.textContent.length > MOST_SHOWN) shown.textContent = shown.textContent.slice(-MOST_SHOWN);
      place.dataset.from = piece.next;
      if (piece.is_over) place.dataset.over = "";
    } catch {
      // It is asked again in a second; the head says whether the page is live.
    } finally {
      isReading = false;
    }
  };
  setInterval(readOn, 1000);

  prepare(document);
  tick();
  paint();
  timer = setTimeout(look, 1000);
})();
