// Keeps a page up to date: asks each second, and is told mostly that nothing changed.
// Without this script the page stands as of its time.
"use strict";
(() => {
  const live = document.getElementById("live");
  if (!live) return;
  const word = live.querySelector("span");
  let tag = live.dataset.tag;
  let wellAt = Date.now();

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
  const tick = () => {
    for (const each of document.querySelectorAll("time[data-since]")) {
      const seconds = (Date.now() - Date.parse(each.dateTime)) / 1000;
      each.textContent = ago(Math.max(seconds, 0));
    }
    for (const each of document.querySelectorAll("[data-until]")) {
      const seconds = (Date.parse(each.dataset.until) - Date.now()) / 1000;
      each.textContent = `${roughly(Math.max(seconds, 0))} left`;
    }
  };
  const isBusy = () =>
    document.querySelector("main details[open]") || document.activeElement.closest("main form");

  const look = async () => {
    if (!document.hidden && !isBusy()) {
      try {
        const answer = await fetch(location.href, { headers: { "If-None-Match": tag }, cache: "no-store" });
        if (answer.status === 200) {
          const found = new DOMParser().parseFromString(await answer.text(), "text/html");
          const fresh = found.getElementById("main");
          const mark = found.getElementById("live");
          if (!fresh || !mark) return location.reload(); // logged out, perhaps
          if (!isBusy()) { // as somebody may be since it was asked for
            document.getElementById("main").replaceWith(document.adoptNode(fresh));
            document.title = found.title;
            tag = mark.dataset.tag;
          }
        } else if ([401, 403, 404, 410].includes(answer.status)) {
          return location.reload(); // what stands here may be seen no more
        } else if (answer.status !== 304) {
          throw new Error(String(answer.status));
        }
        wellAt = Date.now();
        live.className = "state ok";
        word.textContent = "live";
      } catch {
        if (Date.now() - wellAt > 5000) {
          live.className = "state ask";
          word.textContent = `not live since ${new Date(wellAt).toLocaleTimeString()}`;
        }
      }
    }
    tick();
    setTimeout(look, 1000);
  };
  live.hidden = false;
  setTimeout(look, 1000);
})();
