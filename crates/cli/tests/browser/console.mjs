// Looks at the web console as a person does, in Chromium: every page in light and dark, wide and narrow, with axe-core and a picture of
// each; then filters ten thousand tables, acts with and without the token, and waits for a stop to be shown.
//   node console.mjs URL TOKEN DIRECTORY       playwright-core and axe-core lie in $TRANSHUME_BROWSER/node_modules
// When it says "restart" or "stop" on stdout, whoever started it starts the console anew or makes the migration stop, and answers
// with a line.
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const modules = createRequire(`${process.env.TRANSHUME_BROWSER}/`);
const { chromium } = modules("playwright-core");
const axe = readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");

const [base, token, pictures] = process.argv.slice(2);
const pages = ["overview", "tables", "findings", "verification", "cutover", "history"];
const address = (page) => `${base}/db/shop${page === "overview" ? "" : `/${page}`}`;
const widths = { wide: { width: 1280, height: 900 }, narrow: { width: 390, height: 844 } };
// Milliseconds.
const STOP_SHOWN = 3000;
const FILTERED = 200;
const PATIENCE = 20000;

const faults = [];
// While the console is away, the browser says so.
let away = false;
const fault = (text) => { faults.push(text); console.error(`FAULT ${text}`); };

mkdirSync(pictures, { recursive: true });
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: process.getuid() === 0 ? ["--no-sandbox"] : [],
});

async function opened(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on("request", (request) => {
    if (!request.url().startsWith(`${base}/`)) fault(`${page.url()} asks another origin: ${request.url()}`);
  });
  page.on("pageerror", (error) => fault(`${page.url()}: ${error}`));
  page.on("console", (line) => {
    // Answers that are asked for on purpose.
    if (line.type() === "error" && !(away && /net::ERR/.test(line.text())) && !/status of 40[39]/.test(line.text())) fault(`${page.url()} says: ${line.text()}`);
  });
  return { context, page };
}

// ---- Every page as it looks, and what keeps people from using it.
async function look(page, name, label) {
  await page.goto(address(name));
  await page.locator("#live.good").waitFor();
  if (name === "tables") await page.locator("#rows .row").first().waitFor();
  await page.screenshot({ path: `${pictures}/${name}-${label}.png`, fullPage: true });
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (over > 0) fault(`${name} ${label}: ${over} pixels wider than the window`);
  // In the page's world, past its policy: axe is ours, not the page's.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  for (const { id, impact, nodes } of violations) {
    const where = nodes.slice(0, 5).map((node) => `${node.target} (${node.failureSummary.split("\n")[1]?.trim()})`).join("; ");
    const told = `${name} ${label}: axe ${impact} ${id}: ${where}`;
    if (impact === "serious" || impact === "critical") fault(told);
    else console.error(`note ${told}`);
  }
}

for (const colorScheme of ["light", "dark"]) {
  for (const [width, viewport] of Object.entries(widths)) {
    const { context, page } = await opened({ colorScheme, viewport });
    for (const name of pages) await look(page, name, `${colorScheme}-${width}`);
    await context.close();
  }
}

// ---- Ten thousand tables: the rows are made up, the grid is the page's.
{
  const { context, page } = await opened({ viewport: widths.wide });
  const table = (number) => ({
    schema: "public", name: `table_${number}`, state: number % 100 ? "loaded" : "suspended", rows_estimate: number, bytes: number * 8192,
    load: { share: 1, parts: 1, parts_done: 1, rows: number, bytes: number, builds: 0, builds_done: 0, format: "binary" },
    changed: { inserts: number, updates: 0, deletes: 0 }, exceptions: 0, is_waited_for: false,
    verified: { at: "2026-01-01T00:00:00Z", age_seconds: 60, equal: true, differences: 0, note: "" },
  });
  const tables = Array.from({ length: 10000 }, (_, number) => table(number));
  await page.route("**/api/v1/databases/shop/tables", (route) => route.fulfill({ json: { version: 1, tables } }));
  await page.goto(address("tables"));
  await page.getByText("10,000 tables").waitFor();
  const times = await page.evaluate(async () => {
    const filter = document.getElementById("filter");
    const times = [];
    for (const text of ["table_9", "table_99", "suspended", "no such table", ""]) {
      const start = performance.now();
      filter.value = text;
      filter.dispatchEvent(new Event("input"));
      await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
      times.push(performance.now() - start);
    }
    return times;
  });
  const slowest = Math.max(...times);
  console.error(`figure 10,000 tables are filtered within ${slowest.toFixed(0)} ms`);
  if (slowest > FILTERED) fault(`filtering took ${slowest.toFixed(0)} ms`);
  await page.locator("#filter").fill("suspended");
  await page.getByText("100 of 10,000 tables").waitFor();
  await page.screenshot({ path: `${pictures}/tables-ten-thousand.png` });
  await context.close();
}

// ---- Actions.
{
  const { context, page } = await opened({ viewport: widths.wide });
  await page.goto(address("cutover"));
  const statuses = await page.evaluate(async () => {
    const post = async (headers) => (await fetch("/api/v1/databases/shop/check", { method: "POST", headers })).status;
    return [await post({}), await post({ authorization: "Bearer 0123456789abcdef0123456789abcdeX" })];
  });
  if (statuses.some((status) => status !== 403)) fault(`without the token: ${statuses}`);
  await page.getByRole("button", { name: "Check now" }).click();
  await page.screenshot({ path: `${pictures}/token.png` });
  await page.getByLabel(/Actions need the token/).fill(token);
  await page.getByRole("button", { name: "Go on" }).click();
  await page.locator("#checks table").waitFor();
  await page.screenshot({ path: `${pictures}/cutover-checked.png`, fullPage: true });
  await context.close();
}

// ---- A stop: the page that is open shows it, with the statement to run.
{
  const { context, page } = await opened({ viewport: widths.wide });
  await page.goto(address("overview"));
  await page.locator(".banner.good").waitFor();
  away = true;
  console.log("restart");
  await page.locator("#live.bad").waitFor();
  await answers.next();
  await page.locator("#live.good").waitFor();
  away = false;
  console.log("stop");
  await answers.next();
  const start = Date.now();
  await page.locator(".banner.bad .statement").first().waitFor();
  const took = Date.now() - start;
  console.error(`figure a stop is shown within ${took} ms`);
  if (took > STOP_SHOWN) fault(`the stop was shown after ${took} ms`);
  if (!(await page.title()).startsWith("⚠")) fault(`the title does not tell of the stop: ${await page.title()}`);
  await page.screenshot({ path: `${pictures}/overview-stopped.png`, fullPage: true });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.screenshot({ path: `${pictures}/overview-stopped-dark.png`, fullPage: true });
  await context.close();
}

await browser.close();
process.exit(faults.length ? 1 : 0);
