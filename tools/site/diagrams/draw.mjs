// Renders the pages' diagrams as images, with Mermaid in Chromium (CHROMIUM_PATH). Mermaid is installed just for this.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { PICTURES, diagramsOf, digestOf } from './pictures.mjs';

const MERMAID = 'mermaid@11';
const DOCS = fileURLToPath(new URL('../../../docs', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'diagrams-'));
const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, MERMAID], {
  stdio: ['ignore', 'ignore', 'inherit'],
  shell: process.platform === 'win32',
});
if (status !== 0) throw new Error(`npm can't install ${MERMAID}`);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const page = await browser.newPage();
await page.addScriptTag({ path: join(folder, 'node_modules/mermaid/dist/mermaid.min.js') });
const draw = (source) =>
  page.evaluate(async (text) => {
    // Labels as SVG text: only browsers, and not all of them, show HTML within an image.
    const flowchart = { htmlLabels: false };
    globalThis.mermaid.initialize({
      theme: 'neutral',
      fontFamily: 'sans-serif',
      htmlLabels: false,
      flowchart,
      state: flowchart,
    });
    return (await globalThis.mermaid.render('diagram', text)).svg.replace(
      '<svg ',
      '<svg xml:space="preserve" ',
    );
  }, source);

for (const name of readdirSync(DOCS, { recursive: true }).filter((one) => one.endsWith('.md'))) {
  const place = name.replaceAll('\\', '/').slice(0, -3);
  for (const { source, name: picture } of diagramsOf(readFileSync(join(DOCS, name), 'utf8'), place)) {
    writeFileSync(
      PICTURES + picture,
      `<!-- ${digestOf(source)}: the diagram of docs/${place}.md -->\n${await draw(source)}\n`,
    );
    process.stdout.write(`docs/images/${picture}\n`);
  }
}
await browser.close();
rmSync(folder, { recursive: true });
