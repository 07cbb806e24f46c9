import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join, posix } from 'node:path';

import { moduleName, withModuleImports } from './edit-module.js';
import { withIgnored, withSecret } from './env-file.js';
import { ApplicationPackage } from './package-file.js';
import type { TypeScript } from './source-text.js';
import { withImport } from './source-text.js';
import { ADAPTER, TYPE_ORM_IMPORT, moduleImport, optionsFile, testFile } from './templates.js';
import type { FileTree, SchematicContext } from './tree.js';
import { readText, writeText } from './tree.js';
import { makesDataSource, withMfaTables } from './type-orm-root.js';

/** The options of `nest add nestjs-mfa`, described in `schema.json`. */
export interface NestAddOptions {
  sourceRoot?: string;
  /** The file of the root module. */
  module?: string;
  /** The prefix of the JSON routes. */
  path?: string;
  pages?: boolean;
  skipTest?: boolean;
  skipInstall?: boolean;
}

/** The application being changed, and the messages to print. */
interface Job {
  tree: FileTree;
  context: SchematicContext;
  options: Required<NestAddOptions>;
  package: ApplicationPackage;
  compiler: TypeScript | null;
  /** Steps that are left to do by hand. */
  byHand: string[];
}

/** Adds the module to an application: `nest add nestjs-mfa`. Running it again changes nothing. */
export function nestAdd(given: NestAddOptions): (tree: FileTree, context: SchematicContext) => FileTree {
  return (tree, context) => {
    const text = readText(tree, 'package.json');
    if (text === null)
      throw new Error('There is no package.json here: run this in the folder of the application');
    const sourceRoot = given.sourceRoot || 'src';
    const options = {
      path: 'mfa',
      pages: true,
      skipTest: false,
      skipInstall: false,
      ...given,
      sourceRoot,
      module: given.module || posix.join(sourceRoot, 'app.module.ts'),
    };
    const job = { tree, context, options, package: new ApplicationPackage(text), byHand: [] };
    addTo({ ...job, compiler: compilerOf(process.cwd()) });
    return tree;
  };
}

/** The application's own compiler; null if it is missing or has no API to parse sources. */
function compilerOf(folder: string): TypeScript | null {
  try {
    const found = createRequire(join(folder, 'package.json'))('typescript') as Partial<TypeScript>;
    return typeof found.createSourceFile === 'function' ? (found as TypeScript) : null;
  } catch {
    return null;
  }
}

function addTo(job: Job): void {
  const { tree, options, context } = job;
  const folder = posix.join(options.sourceRoot, 'mfa');
  const root = readText(tree, options.module);
  const isAdded = root !== null && /\bMfaModule\b/.test(root);
  addMissing(job, posix.join(folder, 'app-mfa.adapter.ts'), ADAPTER);
  addMissing(job, posix.join(folder, 'mfa.options.ts'), optionsFile(job.package.name));
  if (!isAdded) addToSources(job, root);
  addSecret(job);
  if (!options.skipTest) addTest(job);
  if (job.byHand.length > 0) {
    context.logger.warn(`\nLeft to do by hand:\n${job.byHand.map((one) => `\n- ${one}\n`).join('')}`);
  }
  context.logger.info(
    [
      '',
      `Next: let findUser() in ${posix.join(folder, 'app-mfa.adapter.ts')} ask the service that knows your users.`,
      `Import the module that exports it in ${options.module}: \`adapter: { useClass: AppMfaAdapter, imports: [UsersModule] }\`.`,
      'Call `MfaService.login(user, { request, response })` once the password is verified.',
      ...(options.skipTest ? [] : toldOfTest(options)),
      '`npx nestjs-mfa --app dist/app.module.js doctor` says what is still missing.',
    ].join('\n'),
  );
}

function toldOfTest({ sourceRoot }: Job['options']): string[] {
  return [
    `\`npm run test:e2e\` signs in with a second factor. Once findUser() asks a database, ${testPath(sourceRoot)} has to create its user there first.`,
    'It writes to the database that the application uses when NODE_ENV is `test`: give tests a database of their own.',
  ];
}

/** Existing files are kept: they are someone's work. */
function addMissing({ tree }: Job, path: string, text: string): void {
  if (!tree.exists(path)) tree.create(path, text);
}

/** Edits the root module, and adds TypeORM and its packages if needed. */
function addToSources(job: Job, root: string | null): void {
  const { tree, options, compiler } = job;
  const withTables = addTables(job);
  const ours = moduleImport(options);
  const elements = withTables ? [ours] : [TYPE_ORM_IMPORT, ours];
  // Read again: the root module may contain TypeORM, and have just been edited.
  const before = readText(tree, options.module) ?? root;
  const changed = before !== null && compiler ? withModuleImports(compiler, before, elements) : null;
  if (changed === null || !compiler) {
    const why = before === null ? `there is no ${options.module}; --module names another file` : reason(job);
    job.byHand.push(
      `${why}. Add to the \`imports\` of the root module:\n\n${elements.map((one) => `${one},\n`).join('')}\n` +
        'with MfaModule and mfaMigrations from nestjs-mfa, AppMfaAdapter from ./mfa/app-mfa.adapter and mfaOptions from ./mfa/mfa.options' +
        (withTables ? '' : ', and TypeOrmModule from @nestjs/typeorm'),
    );
  } else {
    writeText(tree, options.module, withOurImports(job, compiler, changed, withTables));
  }
  if (!withTables) addTypeOrm(job);
}

function reason({ compiler, options }: Job): string {
  return compiler
    ? `${options.module} has no class with \`@Module({ imports: [ … ] })\` to add to`
    : 'The application has no `typescript` package to read its sources with, so its module was left unchanged';
}

function withOurImports(
  { options, tree, package: { isModule } }: Job,
  compiler: TypeScript,
  text: string,
  withTables: boolean,
): string {
  const extension = extensionOf(readText(tree, options.module) ?? '', isModule);
  const near = (file: string) => {
    const path = posix.relative(posix.dirname(options.module), posix.join(options.sourceRoot, 'mfa', file));
    return `${path.startsWith('.') ? '' : './'}${path}${extension}`;
  };
  const lines: [string[], string][] = [
    ...(withTables ? [] : ([[['TypeOrmModule'], '@nestjs/typeorm']] as [string[], string][])),
    [withTables ? ['MfaModule'] : ['MfaModule', 'mfaMigrations'], 'nestjs-mfa'],
    [['AppMfaAdapter'], near('app-mfa.adapter')],
    [['mfaOptions'], near('mfa.options')],
  ];
  return lines.reduce((source, [names, from]) => withImport(compiler, source, names, from), text);
}

/** The extension of relative imports: ES modules use `.js`. */
function extensionOf(text: string, isModule: boolean): '' | '.js' {
  const [, found] = /from\s+['"]\.[^'"]*?(\.js)?['"]/.exec(text) ?? [null, isModule ? '.js' : undefined];
  return found === '.js' ? '.js' : '';
}

/**
 * Adds the tables to the application's DataSource.
 *
 * @returns false if there is none
 */
function addTables({ tree, compiler, options, context, byHand }: Job): boolean {
  const files: string[] = [];
  tree.getDir(options.sourceRoot).visit((path) => {
    const isSource = path.endsWith('.ts') && !/\.(?:d|spec|test)\.ts$|node_modules/.test(path);
    if (isSource && makesDataSource(readText(tree, path) ?? '')) files.push(path);
  });
  const [file] = files;
  if (file === undefined) return false;
  const text = readText(tree, file) as string;
  const edit = compiler && withMfaTables(compiler, text);
  if (edit) {
    writeText(tree, file, edit.text);
    for (const remark of edit.remarks) context.logger.warn(remark);
  } else {
    byHand.push(
      `The TypeORM options in ${file} are not an object literal. Give them \`autoLoadEntities: true\` (or \`...MFA_ENTITIES\` among its \`entities\`), and \`...mfaMigrations\` among its \`migrations\`, both from nestjs-mfa`,
    );
  }
  return true;
}

/** Adds TypeORM's packages to an application that has none. */
function addTypeOrm(job: Job): void {
  const { tree, context, options } = job;
  context.logger.warn(
    'No TypeOrmModule.forRoot() was found, so one was added: SQLite in app.sqlite. For another database, change its options in ' +
      `${options.module}, and install the driver (pg, mysql2) in place of better-sqlite3.`,
  );
  const nest = job.package.nest === 11 ? '^11.0.1' : '^12.0.0';
  const added = { '@nestjs/typeorm': nest, 'better-sqlite3': '^12.0.0', typeorm: '^1.0.0' };
  const isChanged = writeText(tree, 'package.json', job.package.withDependencies(added));
  if (!isChanged) return;
  if (options.skipInstall) job.byHand.push('Install the packages that were added to package.json');
  else
    context.addTask({ toConfiguration: () => ({ name: 'node-package', options: { command: 'install' } }) });
}

function addSecret({ tree, options }: Job): void {
  const text = readText(tree, '.env');
  const usesFile = readText(tree, options.module)?.includes("'app.sqlite'") ?? false;
  writeText(tree, '.env', withSecret(text, randomBytes(32).toString('base64')));
  writeText(
    tree,
    '.gitignore',
    withIgnored(readText(tree, '.gitignore'), ['.env', ...(usesFile ? ['app.sqlite'] : [])]),
  );
}

function addTest(job: Job): void {
  const { tree, options, compiler } = job;
  const test = testPath(options.sourceRoot);
  const module = readText(tree, options.module) ?? '';
  const extension = extensionOf(module, job.package.isModule);
  const root = posix.relative(posix.dirname(test), options.module).replace(/\.ts$/, extension);
  const name = (compiler && moduleName(compiler, module)) ?? 'AppModule';
  addMissing(job, test, testFile({ root, name, path: options.path }));
}

const testPath = (sourceRoot: string): string => posix.join(dirname(sourceRoot), 'test/mfa.e2e-spec.ts');
