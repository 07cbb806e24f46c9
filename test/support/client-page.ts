import { join } from 'node:path';

import { build } from 'esbuild';
import type * as BrowserClient from 'nestjs-mfa/browser';
import type { MfaClient, MfaClientError } from 'nestjs-mfa/browser';
import type { Page } from 'playwright-core';

const ENTRY = join(import.meta.dirname, '../../libs/mfa/src/browser/index.ts');

const HTML = `<!doctype html><title>Test</title><input autocomplete="username webauthn">
  <script type="module">
    import * as client from '/client.js';
    window.scope = { client, mfa: client.createMfaClient(), promises: {} };
  </script>`;

/** What scripts in the page can use. */
export interface Scope {
  client: typeof BrowserClient;
  mfa: MfaClient;
  /** Promises that have been started but not awaited yet. */
  promises: Record<string, Promise<unknown>>;
}

/** An error of the library's client. */
export type Failure = Pick<MfaClientError, 'code' | 'status' | 'unknownCredential'> & {
  message: string;
  cause?: string;
};

let bundled: Promise<string> | undefined;

/** The library's browser client, as a module. */
function bundle(): Promise<string> {
  bundled ??= build({
    entryPoints: [ENTRY],
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'silent',
  }).then(({ outputFiles }) => outputFiles[0]?.text ?? '');
  return bundled;
}

/** Opens an empty page of that origin with the client loaded. */
export async function openClientPage(page: Page, url: string): Promise<void> {
  const body = await bundle();
  await page.route('**/test-page', (route) => route.fulfill({ contentType: 'text/html', body: HTML }));
  await page.route('**/client.js', (route) => route.fulfill({ contentType: 'text/javascript', body }));
  await page.goto(`${url}/test-page`);
  await page.waitForFunction('window.scope');
}

/** Runs a function in the page. It can't use variables of its scope, only the argument. */
export function run<Value, Argument = string>(
  page: Page,
  work: (scope: Scope, argument: Argument) => Value | Promise<Value>,
  argument?: Argument,
): Promise<Value> {
  return page.evaluate(`(${work.toString()})(window.scope, ${JSON.stringify(argument)})`);
}

/** The same, returning the error with which it must reject. */
export function fail<Argument = string>(
  page: Page,
  work: (scope: Scope, argument: Argument) => Promise<unknown>,
  argument?: Argument,
): Promise<Failure> {
  return page.evaluate(`(${work.toString()})(window.scope, ${JSON.stringify(argument)}).then(
    (value) => { throw new Error('It did not fail: ' + JSON.stringify(value)); },
    (error) => ({ ...error, message: error.message, cause: error.cause?.name }),
  )`);
}
