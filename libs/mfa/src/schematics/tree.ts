// The parts of `@angular-devkit/schematics` in use, declared here so that it isn't a dependency: the Nest CLI provides
// it.

/**
 * The application's files, by paths relative to its root. Changes are written to disk once everything has succeeded.
 */
export interface FileTree {
  exists(path: string): boolean;
  read(path: string): Uint8Array | null;
  create(path: string, content: string): void;
  overwrite(path: string, content: string): void;
  getDir(path: string): FolderEntry;
}

export interface FolderEntry {
  visit(visitor: (path: string) => void): void;
}

export interface SchematicContext {
  logger: { info(message: string): void; warn(message: string): void };
  addTask(task: { toConfiguration(): { name: string; options: unknown } }): unknown;
}

/** The text of a file, or null if it doesn't exist. */
export function readText(tree: FileTree, path: string): string | null {
  const content = tree.read(path);
  return content && new TextDecoder().decode(content);
}

/**
 * Creates or overwrites a file.
 *
 * @returns whether that changed anything
 */
export function writeText(tree: FileTree, path: string, text: string): boolean {
  const before = readText(tree, path);
  if (before === text) return false;
  if (before === null) tree.create(path, text);
  else tree.overwrite(path, text);
  return true;
}
