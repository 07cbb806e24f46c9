// Checks the built site: links and anchors, reading without JavaScript, axe in both color schemes, search results, and
// that no page makes requests to another host. `--pictures <folder>` saves screenshots there. Exits with 1 when
// anything is wrong.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { parse } from 'node-html-parser';
import { chromium } from 'playwright-core';

import { OUTLINE } from './outline.mjs';
import { QUESTIONS } from './questions.mjs';
import { find, openIndex } from './search/find.mjs';
import { WWW, fileOf, serve } from './serve.mjs';

const AXE = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const pictures = process.argv.includes('--pictures')
  ? process.argv.at(process.argv.indexOf('--pictures') + 1)
  : null;
const wrong = [];

const addressOf = (page) =>
  (page === 'index' ? '/' : `/${page.replace(/index$/, '')}`).replace(/([^/])$/, '$1.html');
const OWN_PAGES = OUTLINE.flatMap(({ pages }) => pages.map(([page]) => addressOf(page)));

/** Colors are the same on all pages of a kind. */
const EACH_KIND = [
  '/',
  '/fastify.html',
  '/options.html',
  '/errors.html',
  '/concepts.html',
  '/api/nestjs-mfa/classes/MfaService.html',
  '/api/nestjs-mfa/interfaces/MfaModuleOptions.html',
];

const PHONE = { width: 390, height: 800 };

function checkLinks() {
  const pages = readdirSync(WWW, { recursive: true }).filter(
    (name) => name.endsWith('.html') && name !== '404.html',
  );
  const parsed = new Map();
  const documentOf = (file) => {
    if (!parsed.has(file)) {
      const root = parse(readFileSync(file, 'utf8'));
      const ids = new Set(root.querySelectorAll('[id]').map(({ id }) => id));
      parsed.set(file, {
        ids,
        links: root
          .querySelectorAll('a[href], img[src]')
          .map((one) => one.getAttribute('href') ?? one.getAttribute('src')),
      });
    }
    return parsed.get(file);
  };
  let count = 0;
  for (const page of pages) {
    for (const link of documentOf(join(WWW, page)).links) {
      if (/^(https?:|mailto:|data:)/.test(link)) continue;
      count += 1;
      const { pathname, hash } = new URL(link.replaceAll('&amp;', '&'), `http://site/${page}`);
      const file = fileOf(pathname);
      if (!file) wrong.push(`${page} links to ${link}, which is not there`);
      else if (
        hash.length > 1 &&
        file.endsWith('.html') &&
        !documentOf(file).ids.has(decodeURIComponent(hash.slice(1)))
      )
        wrong.push(`${page} links to ${link}, where nothing is called so`);
    }
  }
  process.stdout.write(`${pages.length} pages, ${count} links\n`);
}

/** Opens a page that fails on any request to another host: the site must work offline. */
async function newPage(browser, url, settings) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...settings });
  if (settings.javaScriptEnabled !== false) await context.addInitScript(AXE);
  const page = await context.newPage();
  // Rendering is slow on a busy machine.
  page.setDefaultTimeout(120_000);
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:'))
      wrong.push(`${page.url()} asks for ${request.url()}`);
  });
  page.on('pageerror', ({ message }) => wrong.push(`${page.url()}: ${message}`));
  return page;
}

/** Without scripts, everything must be readable, and every page must be linked. */
async function readWithoutScripts(browser, url) {
  const page = await newPage(browser, url, { javaScriptEnabled: false });
  for (const address of OWN_PAGES) {
    await page.goto(url + address);
    const text = await page.locator('main').innerText();
    if (text.length < 300) wrong.push(`${address} has ${text.length} characters to read without JavaScript`);
    const links = await page.locator('aside a[href]').count();
    if (links < OWN_PAGES.length - 1) wrong.push(`${address} leads to ${links} pages without JavaScript`);
  }
  await page.context().close();
  process.stdout.write(`${OWN_PAGES.length} pages read without JavaScript\n`);
}

/** Dark pages on a phone, light ones on a desktop. */
const LOOKS = [
  { settings: { colorScheme: 'light' }, addresses: [...new Set([...OWN_PAGES, ...EACH_KIND])] },
  { settings: { colorScheme: 'dark', viewport: PHONE }, addresses: EACH_KIND },
];

async function runAxe(browser, url, { settings, addresses }) {
  const page = await newPage(browser, url, settings);
  for (const address of addresses) {
    await page.goto(url + address);
    await page.locator('main').first().waitFor();
    await lookAt(page, `${address} in ${settings.colorScheme}`, EACH_KIND.includes(address));
    const tooWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    if (tooWide) wrong.push(`${address} has to be scrolled sideways`);
  }
  await page.context().close();
  process.stdout.write(`axe: ${addresses.length} pages, ${settings.colorScheme}\n`);
}

/** Navigation and colors are checked on one page of each kind. */
async function lookAt(page, name, isWhole) {
  const scope = isWhole ? 'html' : 'main';
  const options = { resultTypes: ['violations'], rules: { 'color-contrast': { enabled: isWhole } } };
  const found = await page.evaluate(
    async ([part, how]) =>
      (await globalThis.axe.run(part, how)).violations.map(
        ({ id, nodes }) => `${id}: ${nodes.slice(0, 2).map(({ html }) => html.slice(0, 160))}`,
      ),
    [scope, options],
  );
  for (const violation of found) wrong.push(`${name}: ${violation}`);
}

/** Tests directly what answers searches in the browser. */
async function askQuestions() {
  const text = readFileSync(join(WWW, 'search.json'));
  const sections = JSON.parse(text);
  const index = await openIndex(sections);
  let first = 0;
  for (const [question, answer] of QUESTIONS) {
    const paths = find(index, question).map(({ path }) => `/${path}`);
    const found = paths.findIndex((path) => path.startsWith(answer));
    if (found === 0) first += 1;
    if (found < 0 || found > 2)
      wrong.push(`"${question}" does not find ${answer}: ${paths.slice(0, 4).join(', ')}`);
  }
  process.stdout.write(
    `search: ${first} of ${QUESTIONS.length} questions have their answer in the first place, the others in the first three; ${sections.length} sections, ${Math.round(gzipSync(text).length / 1000)} kB compressed\n`,
  );
}

/** Tests the search box itself, by keyboard only. */
async function useSearchBox(browser, url) {
  for (const settings of [{ colorScheme: 'light' }, { colorScheme: 'dark', viewport: PHONE }]) {
    const page = await newPage(browser, url, settings);
    await page.goto(`${url}/fastify.html`);
    // Until Vue has mounted the page, nothing listens to keys, even if the network is idle.
    await page.waitForFunction(() => globalThis.document.querySelector('#app').__vue_app__);
    await page.keyboard.press('Control+k');
    await page.keyboard.type('lost phone');
    await page.locator('.search-results a mark').first().waitFor();
    await lookAt(page, `search in ${settings.colorScheme}`, true);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(/lost-phone/);
    if (await page.locator('.search-dialog').isVisible())
      wrong.push('The search stays open on what it found');
    await page.context().close();
  }
}

async function takePictures(browser, url) {
  for (const [name, address, settings] of [
    ['first-page', '/', {}],
    ['guide', '/fastify.html', {}],
    ['concepts', '/concepts.html', {}],
    ['errors', '/errors.html', { colorScheme: 'dark' }],
    ['options', '/options.html', {}],
    ['http-api', '/http-api.html', {}],
    ['class', '/api/nestjs-mfa/classes/MfaService.html', {}],
    ['phone', '/lost-phone.html', { viewport: PHONE }],
    ['phone-table', '/http-api.html', { viewport: PHONE }],
    ['phone-dark', '/concepts.html', { viewport: PHONE, colorScheme: 'dark' }],
    ['no-script', '/options.html', { javaScriptEnabled: false }],
  ]) {
    const page = await newPage(browser, url, settings);
    await page.goto(url + address);
    await page.screenshot({ path: join(pictures, `${name}.png`) });
    await page.context().close();
  }
}

checkLinks();
const { url, close } = await serve();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
await askQuestions();
// Each look has its own browser process.
await Promise.all([
  readWithoutScripts(browser, url).then(() => useSearchBox(browser, url)),
  ...LOOKS.map((look) => runAxe(browser, url, look)),
]);
if (pictures) await takePictures(browser, url);
await browser.close();
close();
for (const line of new Set(wrong)) process.stdout.write(`${line}\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;
