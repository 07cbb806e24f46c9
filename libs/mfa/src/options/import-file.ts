import { pathToFileURL } from 'node:url';

/**
 * Imports a module from one of the application's files.
 *
 * @param file its absolute path
 */
export async function importFile(file: string): Promise<unknown> {
  // The CommonJS build turns this `import` into a `require`, which takes paths but no URLs.
  const specifier = typeof require === 'function' ? file : pathToFileURL(file).href;
  return (await import(specifier)) as unknown;
}
