// As much of `@angular-devkit/schematics` as is needed, so that it is nobody's dependency: it is the Nest CLI that runs this.

/** The files of an application, by paths from its root; what is written lands on the disk when all has gone well. */
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

/** The text of a file, or null where there is none. */
export function readText(tree: FileTree, path: string): string | null {
  const content = tree.read(path);
  return content && new TextDecoder().decode(content);
}

/** Writes a file, new or not. @returns whether that changed anything */
export function writeText(tree: FileTree, path: string, text: string): boolean {
  const before = readText(tree, path);
  if (before === text) return false;
  if (before === null) tree.create(path, text);
  else tree.overwrite(path, text);
  return true;
}
