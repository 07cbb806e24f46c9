import { resolve } from 'node:path';

import type { DynamicModule, INestApplicationContext, LogLevel, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { importFile } from '../options/import-file.js';

type ModuleExport = Type | DynamicModule | Promise<DynamicModule>;

/**
 * Boots an application without its HTTP server, from the file of its root module.
 *
 * @param file the compiled file, such as `dist/app.module.js`
 * @param name the export: a module, a dynamic module, or a function that returns one. Default: `default`, else
 * `AppModule`
 * @param levels the log levels to print
 * @throws {Error} when there is no such file or export
 */
export async function loadApplication(
  file: string,
  name?: string,
  levels: LogLevel[] | false = ['warn', 'error', 'fatal'],
): Promise<INestApplicationContext> {
  const exported = namesOf((await importFile(resolve(file))) as Record<string, unknown>);
  const root = name === undefined ? (exported['default'] ?? exported['AppModule']) : exported[name];
  if (root === undefined) {
    const names = Object.keys(exported).join(', ') || 'nothing';
    throw new Error(`${file} does not export ${name ?? 'default or AppModule'}; it exports ${names}`);
  }
  return NestFactory.createApplicationContext((await moduleOf(root)) as Type, {
    logger: levels,
    abortOnError: false,
  });
}

/** The default export of a CommonJS file is the whole `module.exports`. */
function namesOf(exported: Record<string, unknown>): Record<string, unknown> {
  const { default: all, ...named } = exported;
  const isPlain = typeof all === 'object' && all !== null && !('module' in all) && !('then' in all);
  return isPlain ? { ...named, ...all } : exported;
}

async function moduleOf(root: unknown): Promise<ModuleExport> {
  const isFactory = typeof root === 'function' && !/^class\b/.test(Function.prototype.toString.call(root));
  return (isFactory ? await (root as () => unknown)() : root) as ModuleExport;
}
