import { pathToFileURL } from 'node:url';

/**
 * The module in a file of the application's.
 *
 * @param file its absolute path
 */
export async function importFile(file: string): Promise<unknown> {
  // The CommonJS build has a `require` in the place of this `import`, which takes paths and knows no URLs.
  const specifier = typeof require === 'function' ? file : pathToFileURL(file).href;
  return (await import(specifier)) as unknown;
}
