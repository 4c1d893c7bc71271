// Follows the registry with two blocking queries, and draws what it says. Everything from the
// registry goes into the page as text, never as markup.
"use strict";

const order = ["passing", "warning", "critical"];
const known = { services: {}, checks: {} };
const find = document.getElementById("find");

function element(name, kind, ...children) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  made.append(...children);
  return made;
}

const badge = (state) => element("span", `state ${order.includes(state) ? state : "critical"}`, state);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const worst = (checks) =>
  checks.map((check) => check.Status).reduce((a, b) => (order.indexOf(b) > order.indexOf(a) ? b : a), "passing");

function drawCheck(check) {
  const name = element("span", "", check.Name, " ", element("span", "soft", check.Type || "node"));
  const row = element("div", "check", badge(check.Status), name);
  const words = [check.Notes, check.Output].filter(Boolean).join("\n").trim();
  if (words) row.append(element("pre", "", words));
  return row;
}

function drawInstance(service) {
  const checks = service.checks;
  const head = element("div", "head", badge(worst(checks)), element("code", "", `${service.Address || "—"}:${service.Port}`));
  head.append(element("code", "soft", service.ID));
  for (const tag of service.Tags || []) head.append(element("span", "tag", tag));
  const meta = Object.entries(service.Meta || {}).map(([key, value]) => `${key}=${value}`).join("  ");
  if (meta) head.append(element("span", "soft", meta));
  const weights = service.Weights;
  if (weights && weights.Passing !== 1) head.append(element("span", "soft", `weight ${weights.Passing}`));
  return element("li", "instance", head, ...checks.map(drawCheck));
}

function drawService(name, instances) {
  const passing = instances.filter((instance) => worst(instance.checks) === "passing").length;
  const state = passing === instances.length ? "passing" : passing > 0 ? "warning" : worst(instances.flatMap((i) => i.checks));
  const count = element("span", "soft", `${passing} of ${instances.length} passing`);
  const head = element("div", "head", element("h2", "", name), badge(state), count);
  return element("section", "", head, element("ul", "", ...instances.map(drawInstance)));
}

function draw() {
  const checks = Object.values(known.checks);
  const nodes = checks.filter((check) => !check.ServiceID);
  const wanted = find.value.trim().toLowerCase();
  const names = new Map();
  let shown = 0;
  for (const service of Object.values(known.services)) {
    const text = [service.Service, service.ID, service.Address + ":" + service.Port, ...(service.Tags || [])].join(" ");
    if (!text.toLowerCase().includes(wanted)) continue;
    shown += 1;
    const own = checks.filter((check) => check.ServiceID === service.ID);
    const list = names.get(service.Service) || [];
    list.push({ ...service, checks: [...nodes, ...own] });
    names.set(service.Service, list);
  }
  const sections = [...names.keys()].sort().map((name) => drawService(name, names.get(name)));
  document.getElementById("services").replaceChildren(...sections);
  const all = Object.keys(known.services).length;
  document.getElementById("sum").textContent =
    all === 0 ? "Nothing is registered yet." : `${names.size} services, ${shown} of ${all} instances shown`;
}

function say(live, text) {
  const link = document.getElementById("link");
  link.dataset.live = live ? "yes" : "no";
  link.textContent = text;
}

async function read(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer;
}

async function refresh() {
  const [services, checks] = await Promise.all([read("/v1/agent/services"), read("/v1/agent/checks")]);
  known.services = await services.json();
  known.checks = await checks.json();
  draw();
}

// The catalog says when there is news; the agent has the newest outputs of the checks.
async function follow(path) {
  let index = 0;
  for (;;) {
    try {
      const answer = await read(`${path}?wait=30s&index=${index}`);
      const next = Number(answer.headers.get("X-Consul-Index")) || 0;
      index = next < index ? 0 : next;
      await refresh();
      say(true, "Live");
    } catch (error) {
      index = 0;
      say(false, `No answer from the registry (${error.message}); trying again`);
      await pause(1000);
    }
  }
}

async function introduce() {
  const { Config } = await (await read("/v1/agent/self")).json();
  document.getElementById("agent").textContent = `${Config.NodeName} in ${Config.Datacenter}`;
}

find.addEventListener("input", draw);
introduce().catch(() => {});
follow("/v1/health/state/any");
follow("/v1/catalog/services");
