// The tile on Airflow's home page. It uses the page's own React, and the signed-in person's own cookie.
const PREFIX = "/command-centre";

function HubTile() {
  const { createElement: el, useEffect, useState } = globalThis.React;
  const [figures, setFigures] = useState(null);
  const [trouble, setTrouble] = useState(false);

  useEffect(() => {
    const read = () =>
      fetch(`${PREFIX}/summary`, { headers: { Accept: "application/json" } })
        .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
        .then((found) => { setFigures(found); setTrouble(false); })
        .catch(() => setTrouble(true));
    read();
    const timer = setInterval(read, 15000);
    return () => clearInterval(timer);
  }, []);

  const link = (href, text) => el("a", { href, style: { fontWeight: 600, textDecoration: "underline" } }, text);
  const figure = (value, label) =>
    el("li", { key: label, style: { listStyle: "none" } },
      el("b", { style: { fontSize: "1.35rem", fontVariantNumeric: "tabular-nums" } }, value.toLocaleString()), " ", label);

  let body = "Reading…";
  if (trouble) body = "The command centre does not answer; its log is var/logs/api-server.log.";
  else if (figures) {
    body = el("ul", { style: { display: "flex", flexWrap: "wrap", gap: "0.5rem 2rem", margin: 0, padding: 0 } },
      figure(figures.new, "new posts"),
      figure(figures.handed_off, "became work"),
      figure(figures.waiting, "waiting"),
      figure(figures.quarantined, "in quarantine"),
      figure(figures.failing, "sources failing"),
      el("li", { style: { listStyle: "none", alignSelf: "center" } },
        figures.balanced ? "✓ the ledger balances" : "⚠ the ledger does not balance"));
  }
  return el("section", { "aria-label": "Social Intelligence Hub", style: { padding: "0.75rem 1rem" } },
    el("p", { style: { margin: "0 0 0.5rem" } }, link("/plugin/command-centre", "Social Intelligence Hub")), body);
}

globalThis.HubTile = HubTile;
