// Queries a real Prometheus for each panel of docs/monitoring/grafana-dashboard.json and each alert of
// docs/monitoring.md, while users sign in to a site with telemetry. Fails if a query finds nothing. `--draw` writes the
// pictures of docs/monitoring.md (Chromium: CHROMIUM_PATH). Run `npm run build` first; on Debian install `prometheus`.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { chromium } from 'playwright-core';

import { dashboardPage, waterfall } from './monitoring/draw.mjs';
import { runLoad, traceOfSignIn } from './monitoring/load.mjs';
import { hasPrometheus, startPrometheus } from './monitoring/prometheus.mjs';
import { startSite } from './monitoring/site.mjs';
import { ROOT } from './support/built.mjs';

/** Panels that this load doesn't fill. */
const QUIET = ['Look at these, last hour'];

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '90' }, draw: { type: 'boolean' } },
});
assert.ok(hasPrometheus(), 'There is no Prometheus here');
const dashboard = JSON.parse(readFileSync(join(ROOT, 'docs/monitoring/grafana-dashboard.json'), 'utf8'));

const site = await startSite();
const spans = await traceOfSignIn(site);
const prometheus = await startPrometheus(site.endpoint);
const start = Date.now() / 1000;
await runLoad(site, Number(values.seconds));
await wait(2000);
const time = [start, Date.now() / 1000];

const results = new Map();
for (const { id, title, targets } of dashboard.panels) {
  const found = [];
  for (const { expr, legendFormat } of targets) {
    const query = expr.replaceAll('$__rate_interval', '10s');
    found.push({ legendFormat, result: await prometheus.range(query, ...time, 2) });
  }
  results.set(id, found);
  const series = found.flatMap(({ result }) => result);
  const isFine = series.length > 0 || QUIET.includes(title);
  if (!isFine) process.exitCode = 1;
  process.stdout.write(`${isFine ? 'ok ' : 'NOT'} ${title}: ${series.length} series\n`);
}

const [, page] = readFileSync(join(ROOT, 'docs/monitoring.md'), 'utf8').split('\n## Alerts\n');
const alerts = [...page.matchAll(/^\| ([^|]+?) *\| `([^`]+)`/gm)];
assert.ok(alerts.length >= 9, 'The alerts of docs/monitoring.md are not found');
for (const [, name, expression] of alerts) {
  // The data to compare must exist; whether the alert fires is another matter.
  const found = await prometheus.range(expression.replaceAll(/> [\d.]+/g, '>= 0'), ...time, 2);
  if (found.length === 0) process.exitCode = 1;
  process.stdout.write(`${found.length > 0 ? 'ok ' : 'NOT'} alert, ${name}: ${found.length} series\n`);
}

if (values.draw) {
  writeFileSync(join(ROOT, 'docs/images/trace.svg'), waterfall(spans));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const drawn = await browser.newPage({ viewport: { width: 1080, height: 600 } });
  await drawn.setContent(dashboardPage(dashboard, results, time));
  await drawn.screenshot({ path: join(ROOT, 'docs/images/dashboard.png'), fullPage: true });
  await browser.close();
}
await prometheus.close();
await site.close();
